// Every state of the page, from the fixture server, at a phone's size and a desk's, light and dark, Chinese and English:
// axe finds nothing, nothing is wider than the screen, what a finger must hit is 44 px, and a screen at a zoom of 200%
// holds the whole board. `node tests/states.mjs`; exit code 1 and the findings if something is wrong.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const STATES = [
  '/',
  '/game/0',
  '/game/1',
  '/game/2',
  '/game/3',
  '/game/4',
  '/game/5',
  '/games',
  '/glossary',
  '/game/99',
  '/nowhere',
];
const SIZES = [
  { width: 360, height: 640, colorScheme: 'light', locale: 'zh-CN' },
  { width: 1280, height: 860, colorScheme: 'dark', locale: 'en-GB' },
];
/** Links that stand in a sentence, and what is only there for screen readers, may be smaller (WCAG 2.5.8). */
const SMALL = 'p a, dd a, small button, p button, .proof-check *, .sr, .skip';

const server = spawn('node', [fileURLToPath(new URL('fixture.mjs', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((done) => server.stdout.once('data', (text) => done(String(text).trim())));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
const faults = [];

/** What axe finds in the page as it stands, in short. */
async function axe(page) {
  await page.evaluate(AXE);
  const violations = await page.evaluate(async () => (await window.axe.run()).violations);
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target}: ${failureSummary}`),
  );
}

/** Controls that are smaller than a finger. */
const small = (page) =>
  page.evaluate((exempt) => {
    const controls = [...document.querySelectorAll('a[href], button, input, select, summary')];
    return controls
      .filter((element) => element.checkVisibility() && !element.matches(exempt) && !element.closest(exempt))
      .map((element) => [element, (element.closest('label') ?? element).getBoundingClientRect()])
      .filter(([, { width, height }]) => Math.round(height) < 44 || Math.round(width) < 44)
      .map(
        ([e, { width, height }]) =>
          `${e.localName}.${e.className}#${e.id} ${Math.round(width)} x ${Math.round(height)}`,
      );
  }, SMALL);

async function look(context, path, { width, height }) {
  const page = await context.newPage();
  const fault = (what) => faults.push(`${path} at ${width}: ${what}`);
  page.on('pageerror', (error) => fault(error));
  await page.goto(url + path);
  await page.locator('main h1').waitFor({ state: 'attached' });
  if (/^\/game\/\d$/.test(path)) await page.locator('.wallet-button b', { hasText: 'ETH' }).waitFor();
  if (path === '/games') await page.locator('.mine-list a').first().waitFor();
  for (const finding of await axe(page)) fault(finding);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  if (wide > width) fault(`${wide} px wide`);
  if (width < 500) for (const control of await small(page)) fault(`${control} is small`);
  if (path === '/game/1') {
    await page.setViewportSize({
      width: Math.round(width / 2) < 320 ? 320 : Math.round(width / 2),
      height: Math.round(height / 2),
    });
    const { top, bottom } = await page.locator('cg-board').evaluate((board) => {
      board.scrollIntoView({ block: 'nearest' });
      const box = board.getBoundingClientRect();
      const bar = document.querySelector('.bar');
      const over = getComputedStyle(bar).position === 'fixed' ? bar.getBoundingClientRect().top : innerHeight;
      return { top: box.top, bottom: box.bottom - over };
    });
    if (top < 0 || bottom > 0) fault(`at 200% the board stands from ${top} to ${bottom} below the screen`);
  }
  await page.close();
}

try {
  for (const size of SIZES) {
    const { width, height, colorScheme, locale } = size;
    const finger = width < 500;
    const screen = { viewport: { width, height }, colorScheme, locale, isMobile: finger, hasTouch: finger };
    // Without motion: axe would judge colours on their way.
    const context = await browser.newContext({ ...screen, reducedMotion: 'reduce' });
    for (const path of STATES) await look(context, path, size);
    await context.close();
  }
} finally {
  await browser.close();
  server.kill();
}
if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
console.log(`${SIZES.length * STATES.length} states, nothing found`);
