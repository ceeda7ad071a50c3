// Pictures of every state of the page, from the fixture server: `npm run look [folder] [filter]`. To be looked at.

import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const PAGES = {
  ...{ front: '/', lobby: '/game/0', vote: '/game/1', proving: '/game/2', over: '/game/3', drawn: '/game/4' },
  ...{ voted: '/game/5', mine: '/games', glossary: '/glossary', absent: '/game/99', unknown: '/nowhere' },
};
const SIZES = [
  [360, 640],
  [800, 1100],
  [1280, 860],
  [1920, 1080],
];
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];

const folder = process.argv[2] ?? join(tmpdir(), 'proofmate-look');
const filter = new RegExp(process.argv[3] ?? '.');
mkdirSync(folder, { recursive: true });
const server = spawn('node', [fileURLToPath(new URL('fixture.mjs', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((done) => server.stdout.once('data', (text) => done(String(text).trim())));
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS });
try {
  for (const colorScheme of ['light', 'dark']) {
    for (const [width, height] of SIZES) {
      for (const locale of ['en-GB', 'zh-CN']) {
        const context = await browser.newContext({ viewport: { width, height }, colorScheme, locale });
        const page = await context.newPage();
        for (const [name, path] of Object.entries(PAGES)) {
          const file = `${name}-${width}-${colorScheme}-${locale.slice(0, 2)}`;
          if (!filter.test(file)) continue;
          await page.goto(url + path);
          await page.locator('main h1').waitFor({ state: 'attached' });
          if (path.startsWith('/game/') && name !== 'absent')
            await page.locator('.wallet-button b', { hasText: 'ETH' }).waitFor({ state: 'attached' });
          await page.waitForTimeout(600);
          await page.screenshot({ path: join(folder, `${file}.png`) });
          await page.screenshot({ path: join(folder, `${file}-whole.png`), fullPage: true });
        }
        await context.close();
      }
    }
  }
} finally {
  await browser.close();
  server.kill();
}
console.log(folder);
