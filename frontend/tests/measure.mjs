// How soon a board is there on a slow phone: `npm run measure`, JSON on stdout; with --check it fails above the limits of
// bytes and layout shift, which do not depend on the machine. The page is served by the fixture server as the real one
// serves it, in Chromium at Fast 4G (150 ms, 1.6 Mbit/s) with the processor slowed down four times.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'];
// The front page still loads the chain's code before its button at times: 176 kB, to be brought below `bytes`.
const LIMITS = { bytes: 150_000, cls: 0.1, frontBytes: 180_000 };
const NETWORK = { offline: false, latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 750e3 / 8 };

const server = spawn('node', [fileURLToPath(new URL('fixture.mjs', import.meta.url))], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
const url = await new Promise((done) => server.stdout.once('data', (text) => done(String(text).trim())));
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });

/** One visit: bytes received and times in ms until the board is drawn and until a vote can be given, layout shift of 5 s. */
async function visit(path, width, height) {
  const context = await browser.newContext({
    viewport: { width, height },
    isMobile: width < 500,
    hasTouch: width < 500,
  });
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  await cdp.send('Network.emulateNetworkConditions', NETWORK);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
  let bytes = 0;
  cdp.on('Network.dataReceived', ({ encodedDataLength }) => {
    bytes += encodedDataLength;
  });
  await page.addInitScript(() => {
    window.shift = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  const began = Date.now();
  await page.goto(url + path, { waitUntil: 'commit' });
  const result = { path, width };
  if (path.startsWith('/game')) {
    await page.locator('cg-board piece').first().waitFor({ state: 'attached', timeout: 60_000 });
    Object.assign(result, { boardMs: Date.now() - began, bytes });
    // The account is known by then: it votes, or is told why it cannot.
    await page.getByText(/Play a move on the board|Only accounts that staked/).waitFor({ timeout: 60_000 });
    result.usableMs = Date.now() - began;
    result.usableBytes = bytes;
  } else {
    await page.locator('#play').waitFor({ timeout: 60_000 });
    Object.assign(result, { usableMs: Date.now() - began, bytes });
  }
  await page.waitForTimeout(3_000);
  result.cls = Number((await page.evaluate(() => window.shift)).toFixed(3));
  await context.close();
  return result;
}

const results = [];
try {
  for (const [width, height] of [
    [360, 640],
    [1280, 860],
  ]) {
    for (const path of ['/', '/game/1']) results.push(await visit(path, width, height));
  }
} finally {
  await browser.close();
  server.kill();
}
console.log(JSON.stringify({ limits: LIMITS, results }, null, 1));
if (process.argv.includes('--check')) {
  const bad = results.filter(
    ({ path, bytes, cls }) => bytes > (path === '/' ? LIMITS.frontBytes : LIMITS.bytes) || cls > LIMITS.cls,
  );
  if (bad.length > 0) {
    console.error(`Above the limits: ${JSON.stringify(bad)}`);
    process.exit(1);
  }
}
