import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const folder = new URL('../', import.meta.url);
const text = (path: string) => readFileSync(new URL(path, folder), 'utf8');

const sources = readdirSync(new URL('src', folder), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => [name, text(`src/${name}`)] as const);

test('nothing makes markup or code of a string: names, moves and errors come from strangers', () => {
  expect(sources.length).toBeGreaterThan(10);
  const forbidden =
    /innerHTML|outerHTML|insertAdjacentHTML|unsafeHTML|unsafeSVG|document\.write|\beval\(|new Function|srcdoc/;
  for (const [name, source] of sources) expect(source, name).not.toMatch(forbidden);
});

test('the page needs no inline script or style, so the server may forbid them', () => {
  const page = text('index.html');
  expect(page.match(/<script(?![^>]*\ssrc=)/g)).toBeNull();
  expect(page).not.toMatch(/<style|\sstyle=|\son\w+=/);
  for (const [name, source] of sources) expect(source, name).not.toMatch(/\sstyle=/);
});

test('the lock file names no registry', () => {
  expect(text('package-lock.json')).not.toMatch(/"resolved"|registry\./);
});

test('a module is about one thing: no more than 400 lines, but for the generated types', () => {
  const written = sources.filter(([name]) => name !== 'schema.ts');
  for (const [name, source] of written) expect(source.split('\n').length - 1, name).toBeLessThanOrEqual(400);
});
