// The types of the API's documents, generated from the server's OpenAPI schema: `npm run types` writes src/schema.ts,
// `npm run types -- --check` fails if it is not current. Needs the Python environment (`make .venv/test.done`).

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import openapiTS, { astToString } from 'openapi-typescript';
import ts from 'typescript';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FILE = fileURLToPath(new URL('../src/schema.ts', import.meta.url));
const PYTHON = process.env.PYTHON ?? `${ROOT}.venv/bin/python`;
const HEADER = `// Generated from the server's OpenAPI schema; do not edit. Make it again with \`npm --prefix frontend run types\`.\n\n`;

/** Properties that hold 0x-prefixed hex, which OpenAPI knows as strings only. */
const HEX = ['contract', 'creator', 'payee', 'position', 'positionKey', 'relay', 'signature', 'tx', 'voteKey'];

/** Pydantic repeats every property's name as its title. */
function withoutTitles(node) {
  if (Array.isArray(node)) return node.map(withoutTitles);
  if (typeof node !== 'object' || node === null) return node;
  const kept = Object.entries(node).filter(([key, value]) => key !== 'title' || typeof value !== 'string');
  return Object.fromEntries(kept.map(([key, value]) => [key, withoutTitles(value)]));
}

const hexType = ts.factory.createTemplateLiteralType(ts.factory.createTemplateHead('0x'), [
  ts.factory.createTemplateLiteralTypeSpan(
    ts.factory.createKeywordTypeNode(ts.SyntaxKind.StringKeyword),
    ts.factory.createTemplateTail(''),
  ),
]);

const schema = execFileSync(PYTHON, ['-m', 'server.api.schema'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 24 });
const ast = await openapiTS(withoutTitles(JSON.parse(schema)), {
  alphabetize: true,
  transform: (type, { path }) => {
    const name = path
      ?.replace(/\/anyOf\/\d+$/, '')
      .split('/')
      .at(-1);
    return type.type === 'string' && HEX.includes(name) ? hexType : undefined;
  },
});
const text = HEADER + astToString(ast);
if (!process.argv.includes('--check')) writeFileSync(FILE, text);
else if (readFileSync(FILE, 'utf8') !== text) {
  console.error('src/schema.ts is not what the server says: run `npm --prefix frontend run types` and commit it.');
  process.exit(1);
}
