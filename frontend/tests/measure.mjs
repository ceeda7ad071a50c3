// How soon a board is there on a slow phone, and what moves meanwhile: `npm run measure [visits]`, JSON on stdout; with
// --check it visits once and fails above the limits of bytes and layout shift, which do not depend on the machine. The
// page is served by the fixture server as the real one serves it, in Chromium at Fast 4G (150 ms, 1.6 Mbit/s) with the
// processor slowed down four times. A shift that is caused by what comes late shows only when it does come late: every
// state is visited once more for each thing that can.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
const LIMITS = { bytes: 150_000, cls: 0.1 };
const NETWORK = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };
const SIZES = [
  [360, 640],
  [1280, 860],
];
/** What is held back in turn: by the part of its address that names it. */
const LATE = ['/stream', '/api/config|/api/games$', '/accounts/|/rpc|/chain-', '/votes/|/thoughts/|/api/model|woff2'];
const HELD = 1_200;
const STATES = ['/', '/game/1', '/game/2', '/game/3'];

const check = process.argv.includes('--check');
const visits = check ? 1 : Number(process.argv[2] ?? 1);
const server = spawn('node', [fileURLToPath(new URL('fixture.mjs', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((done) => server.stdout.once('data', (text) => done(String(text).trim())));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });

/** A page that counts its shifts and remembers what moved: from where to where, as x, y, width and height. */
async function watched(width, height) {
  const context = await browser.newContext({
    viewport: { width, height },
    isMobile: width < 500,
    hasTouch: width < 500,
  });
  const page = await context.newPage();
  await page.addInitScript(() => {
    const name = (node) => {
      const element = node instanceof Element ? node : node?.parentElement;
      if (element == null) return 'gone';
      const names = [element.localName, element.id && `#${element.id}`, ...[...element.classList].map((c) => `.${c}`)];
      return names.join('');
    };
    const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(' ');
    const moved = ({ node, previousRect, currentRect }) =>
      `${name(node)}: ${place(previousRect)} to ${place(currentRect)}`;
    window.shifts = [];
    // Nobody touches the page here: what is said to follow an input (Chromium says so of a zoom, too) counts as well.
    new PerformanceObserver((list) => {
      for (const { value, startTime, sources } of list.getEntries())
        window.shifts.push({ value, at: Math.round(startTime), moved: sources.map(moved) });
    }).observe({ type: 'layout-shift', buffered: true });
    // When the first piece stands on the board.
    window.board = null;
    new MutationObserver((_, observer) => {
      if (document.querySelector('cg-board piece') === null) return;
      window.board = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
    window.slowest = 0;
    new PerformanceObserver((list) => {
      for (const { interactionId, duration } of list.getEntries())
        if (interactionId > 0) window.slowest = Math.max(window.slowest, duration);
    }).observe({ type: 'event', durationThreshold: 16, buffered: true });
  });
  return page;
}

/** The layout shift of a page so far, and what moved if that is too much. */
async function stillness(page) {
  const shifts = await page.evaluate(() => window.shifts);
  const cls = Number(shifts.reduce((sum, { value }) => sum + value, 0).toFixed(3));
  return cls > LIMITS.cls ? { cls, shifts: shifts.filter(({ value }) => value > 0.005) } : { cls };
}

/** Bytes over the network of all that was asked for until a time in ms since the visit began; a stream is not among them. */
const bytesUntil = (page, time) =>
  page.evaluate((time) => {
    const asked = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')];
    return asked.filter((e) => e.startTime < time).reduce((sum, e) => sum + e.transferSize, 0);
  }, time);

/**
 * One visit: times in ms until the board is drawn and until a vote can be given, the bytes that were asked for until
 * the board was drawn (on the front page: at all), the slowest answer to a press, and the layout shift of the whole.
 */
async function visit(path, width, height) {
  const page = await watched(width, height);
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', NETWORK);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  const now = () => page.evaluate(() => Math.round(performance.now()));
  await page.goto(url + path, { waitUntil: 'commit' });
  const result = { path, width };
  if (path.startsWith('/game')) {
    // The account is known by then: it votes, or is told why it cannot.
    await page.getByText(/Play a move on the board|Only accounts that staked/).waitFor({ timeout: 60_000 });
    result.usableMs = await now();
    result.boardMs = Math.round(await page.evaluate(() => window.board));
    await page.waitForTimeout(3_000);
    result.bytes = await bytesUntil(page, result.boardMs);
    Object.assign(result, await stillness(page));
    await page.locator('button.flip').click();
    await page.locator('.move').first().click();
    await page.waitForTimeout(500);
    result.inpMs = await page.evaluate(() => window.slowest);
  } else {
    await page.locator('#play').waitFor({ timeout: 60_000 });
    result.usableMs = await now();
    await page.waitForTimeout(3_000);
    result.bytes = await bytesUntil(page, Number.POSITIVE_INFINITY);
    Object.assign(result, await stillness(page));
  }
  await page.context().close();
  return result;
}

/** One visit at full speed in which something is held back. */
async function lateVisit(path, width, height, late) {
  const page = await watched(width, height);
  await page.route(new RegExp(late), async (route) => {
    await new Promise((done) => setTimeout(done, HELD));
    await route.continue().catch(() => {});
  });
  await page.goto(url + path, { waitUntil: 'commit' });
  await page.waitForTimeout(2 * HELD + 600);
  const result = { path, width, late, ...(await stillness(page)) };
  await page.context().close();
  return result;
}

const results = [];
try {
  for (let i = 0; i < visits; i++) {
    for (const [width, height] of SIZES) {
      for (const path of ['/', '/game/1']) results.push(await visit(path, width, height));
    }
  }
  for (const [width, height] of SIZES) {
    for (const late of LATE) {
      results.push(...(await Promise.all(STATES.map((path) => lateVisit(path, width, height, late)))));
    }
  }
} finally {
  await browser.close();
  server.kill();
}
console.log(JSON.stringify({ limits: LIMITS, results }, null, 1));
if (check) {
  const bad = results.filter(({ bytes, cls }) => (bytes ?? 0) > LIMITS.bytes || cls > LIMITS.cls);
  if (bad.length > 0) {
    console.error(`Above the limits: ${JSON.stringify(bad, null, 1)}`);
    process.exit(1);
  }
}
