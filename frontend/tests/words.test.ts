import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { en } from '../src/words/en.ts';
import { zh } from '../src/words/zh.ts';

/** Every path to a word of a catalogue. */
function paths(tree: unknown, at = ''): string[] {
  if (typeof tree !== 'object' || tree === null || 'strings' in tree) return [at];
  return Object.entries(tree).flatMap(([key, value]) => paths(value, `${at}.${key}`));
}

test('the languages say the same things; the compiler knows only of the keys that have a type of their own', () => {
  expect(paths(zh)).toEqual(paths(en));
});

test('the first level of the page speaks no jargon', () => {
  const { proof, check, passport, thinking, problems, glossary, ...first } = en;
  const said: string[] = [];
  const collect = (tree: unknown): void => {
    if (typeof tree === 'string') said.push(tree);
    else if (typeof tree === 'function') said.push(...(String(tree).match(/'[^']*'|`[^`]*`/g) ?? []));
    else if (typeof tree === 'object' && tree !== null) {
      for (const value of 'strings' in tree ? Object.values(tree.strings as string[]) : Object.values(tree))
        collect(value);
    }
  };
  collect(first);
  expect(said.length).toBeGreaterThan(100);
  const spoken = said.join('\n').replace(/\$\{[^}]*\}/g, '');
  expect(spoken).not.toMatch(
    /\b(ply|plies|seats?|quorum|weight|understudy|relay|void|burner|ballots?|public words?)\b/i,
  );
});

test('every code of the server’s problems has its words in every language', () => {
  const server = fileURLToPath(new URL('../../server', import.meta.url));
  const files = readdirSync(server, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  const raised = /\b(?:BallotError|Problem|response)\(\s*\d{3},\s*(?:f?"(?:[^"\\]|\\.)*",\s*)?"([a-z-]+)"/g;
  const codes = files.flatMap((name) =>
    [...readFileSync(join(server, name), 'utf8').matchAll(raised)].map(([, code]) => code as string),
  );
  expect(new Set(codes).size).toBeGreaterThan(15);
  for (const { problems } of [en, zh]) expect(Object.keys(problems.codes)).toEqual(expect.arrayContaining(codes));
  expect(new Set(Object.keys(en.problems.codes))).toEqual(new Set(codes));
});
