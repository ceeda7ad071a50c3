// The page's words in the visitor's language. English is always here; another language is fetched when it is chosen.

import { en, type Words } from './en.ts';

export type { Words } from './en.ts';
export type Language = 'en' | 'zh';

/** Each language by its own name. */
export const LANGUAGES: readonly [Language, string][] = [
  ['en', 'English'],
  ['zh', '中文'],
];

const CHOSEN = 'proofmate:language';

/** The catalogue in use. An import of it follows `speak`. */
export let w: Words = en;

const isLanguage = (text: string | null): text is Language => LANGUAGES.some(([language]) => language === text);

/** The language chosen here before, else the first of the browser's that there is a catalogue for. */
export function preferredLanguage(): Language {
  const chosen = localStorage.getItem(CHOSEN);
  if (isLanguage(chosen)) return chosen;
  const wanted = (navigator.languages ?? []).map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find(isLanguage) ?? 'en';
}

/** Speaks a language from now on. Throws, with nothing changed, if its catalogue cannot be fetched. */
export async function speak(language: Language): Promise<void> {
  w = language === 'en' ? en : (await import('./zh.ts')).zh;
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : language;
}

/** Remembers the visitor's choice. */
export const rememberLanguage = (language: Language): void => localStorage.setItem(CHOSEN, language);
