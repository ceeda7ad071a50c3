// What the visitor prefers: language, light or dark.

import type { Theme } from '../state.ts';
import { type Language, rememberLanguage, speak, w } from '../words/index.ts';
import type { Context } from './context.ts';

const THEME = 'proofmate:theme';

/** Speaks another language from now on. */
export function setLanguage(context: Context, language: Language): void {
  speak(language).then(
    () => {
      rememberLanguage(language);
      context.update({ language });
    },
    () => context.update({ problem: w.problems.noAnswer }),
  );
}

export function setTheme(context: Context, theme: Theme): void {
  localStorage.setItem(THEME, theme);
  document.documentElement.dataset.theme = theme;
  context.update({ theme });
}

/** The theme chosen here before. */
export function storedTheme(): Theme {
  const stored = localStorage.getItem(THEME);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}
