// One visitor, from an empty browser to being paid, on a stack of its own: `node tests/browser/flow.mjs`.
//
// Starts `proofmate up` on free ports in a temporary folder and drives Debian's Chromium: stakes with the burner wallet,
// votes by clicking on the board, sees Leela's proven move and its steps, checks the proof in the tab, outlives a reload
// and a restart of the server, mates and claims. Ends with exit code 0, or 1 and the page's picture.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(join(ROOT, 'frontend', 'package.json'));
const { chromium } = require('playwright-core');
const { createPublicClient, createWalletClient, concat, http, parseEventLogs, toHex } = require('viem');
const { privateKeyToAccount } = require('viem/accounts');

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const STEPS = ['witness', 'commitments', 'quotient', 'opening', 'submitted', 'verified'];
const ETHER = 10n ** 18n;

const folder = mkdtempSync(join(tmpdir(), 'proofmate-browser-'));

const freePort = () =>
  new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });

/** `proofmate up` in the temporary folder. */
class Stack {
  log = '';

  constructor(port, chainPort) {
    this.url = `http://127.0.0.1:${port}`;
    this.environment = { ...process.env, DATA_DIR: join(folder, 'data'), PORT: `${port}`, CHAIN_PORT: `${chainPort}` };
  }

  async start() {
    this.process = spawn(join(ROOT, '.venv', 'bin', 'python'), ['-m', 'server.cli', 'up'], {
      cwd: ROOT,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on('data', (text) => (this.log += text));
    const end = Date.now() + 120_000;
    while (!(await fetch(`${this.url}/readyz`).catch(() => null))?.ok) {
      assert.equal(this.process.exitCode, null, `proofmate up ended:\n${this.log}`);
      assert(Date.now() < end, `proofmate up did not become ready:\n${this.log}`);
      await pause(200);
    }
  }

  async stop() {
    if (this.process === undefined || this.process.exitCode !== null) return;
    const gone = new Promise((done) => this.process.once('exit', done));
    this.process.kill('SIGINT');
    const late = setTimeout(() => this.process.kill('SIGKILL'), 20_000);
    await gone;
    clearTimeout(late);
  }

  get = async (path) => (await fetch(this.url + path)).json();
}

const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

let stepStarted = Date.now();
function passed(what) {
  console.log(`${((Date.now() - stepStarted) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  stepStarted = Date.now();
}

// ---------------------------------------------------------------------------------------------------------- the page

class Visitor {
  constructor(page) {
    this.page = page;
  }

  button = (name) => this.page.getByRole('button', { name });

  async open(url) {
    await this.page.goto(url);
    await this.live();
  }

  live = () => this.page.locator('.connection.live').waitFor({ state: 'attached' });

  /** From the front page into the game that it offers; returns the game's number. */
  async enter() {
    await this.page.locator('#play').click();
    await this.page.waitForURL(/\/game\/\d+$/);
    await this.live();
    return Number(new URL(this.page.url()).pathname.split('/').at(-1));
  }

  async stake(amount) {
    await this.page.locator('#amount').fill(amount);
    await this.button('Stake on the World').click();
    await this.page.locator('.mine', { hasText: `${amount} ETH on the World` }).waitFor({ timeout: 30_000 });
  }

  mayVote = (timeout) => this.page.getByText('Play a move on the board').waitFor({ timeout });

  /** Clicks on pieces of the side to move until one can move, and on its first target. Kings and pawns stay. */
  async clickSomeMove(fen) {
    const [placement, turn] = fen.split(' ');
    const box = await this.page.locator('cg-board').boundingBox();
    const white = (await this.page.locator('.orientation-white').count()) > 0;
    const size = box.width / 8;
    const rows = placement.replace(/\d/g, (n) => '.'.repeat(Number(n))).split('/');
    for (const [row, pieces] of rows.entries()) {
      for (const [column, piece] of [...pieces].entries()) {
        if (!(turn === 'w' ? 'NBRQ' : 'nbrq').includes(piece)) continue;
        const [x, y] = white ? [column, row] : [7 - column, 7 - row];
        await this.page.mouse.click(box.x + (x + 0.5) * size, box.y + (y + 0.5) * size);
        const target = this.page.locator('cg-board square.move-dest').first();
        if ((await target.count()) > 0) return target.click();
      }
    }
    throw new Error(`nothing moves in ${fen}`);
  }

  coins = async () => Number((await this.page.locator('.wallet-button b').textContent()).replace(' ETH', ''));
}

/** Opens a lobby whose game starts with mate in one: Ra8#. */
async function createMateInOne(stack) {
  const config = await stack.get('/api/config');
  const keys = JSON.parse(readFileSync(join(folder, 'data', 'keys.json'), 'utf8'));
  const transport = http(`http://127.0.0.1:${stack.environment.CHAIN_PORT}`);
  const account = privateKeyToAccount(keys.owner);
  const [reader, owner] = [createPublicClient({ transport }), createWalletClient({ account, transport, chain: null })];
  const send = async (functionName, args) => {
    const call = { address: config.contract, abi: config.abi, functionName, args };
    const hash = await owner.writeContract(call);
    const receipt = await reader.waitForTransactionReceipt({ hash, pollingInterval: 100 });
    assert.equal(receipt.status, 'success');
    return parseEventLogs({ abi: config.abi, logs: receipt.logs })[0].args;
  };
  // White: Kg1, Ra1, pawns f2 g2 h2; Black: Kg8, pawns f7 g7 h7. White to move, ply 0.
  const squares = { 0: 4, 6: 6, 13: 1, 14: 1, 15: 1, 62: 14, 53: 9, 54: 9, 55: 9 };
  const board = Object.entries(squares).reduce((word, [s, piece]) => word | (BigInt(piece) << BigInt(4 * s)), 0n);
  const { book } = await send('addBook', [concat([toHex(board, { size: 32 }), toHex(0n, { size: 32 })])]);
  const terms = {
    ...{ model: 0, book, worldIsWhite: true, leelaPoolOpen: true, lobbyPeriod: 0, votingPeriod: 86400, minPeriod: 0 },
    ...{ provingPeriod: 86400, quorum: 0, fee: 0, maxOdds: 2, maxPly: 40, minStake: ETHER / 1000n, maxStake: 0n, reward: 0n },
  };
  const { game } = await send('createGame', [terms, 0n]);
  await until(async () => BigInt((await stack.get(`/api/games/${game}`)).pools?.leela ?? 0) > 0n);
  return Number(game);
}

async function until(condition, seconds = 30) {
  const end = Date.now() + 1000 * seconds;
  while (!(await condition())) {
    assert(Date.now() < end, `waited ${seconds} s in vain for ${condition}`);
    await pause(200);
  }
}

// ---------------------------------------------------------------------------------------------------------- the flow

async function flow(stack, page) {
  const visitor = new Visitor(page);
  await page.goto(stack.url);
  const number = await visitor.enter();
  await page.locator('.wallet-button', { hasText: 'ETH' }).waitFor({ timeout: 20_000 });
  await until(async () => (await visitor.coins()) > 1);
  await page.getByText('insecure setup').first().waitFor();
  passed('from the front page into a game; the browser wallet holds test coins');

  // From here on: an opening may have Leela to move first.
  await page.evaluate(() => {
    window.seenSteps = new Set();
    new MutationObserver(() => {
      const active = document.querySelector('.proof-steps .active b');
      if (active !== null) window.seenSteps.add(active.textContent);
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });

  await visitor.stake('1.5');
  await visitor.mayVote(60_000);
  passed('staked, and the opening is drawn');

  const { fen, ply } = await stack.get(`/api/games/${number}`);
  await visitor.clickSomeMove(fen);
  await visitor.button(/^Vote /).click();
  await until(async () => (await stack.get(`/api/games/${number}`)).moves.length > ply);
  passed('voted by clicking on the board; the chain played the move');

  await until(async () => (await stack.get(`/api/games/${number}`)).moves[ply + 1]?.proof, 90);
  await page.locator('.story li.done').nth(3).waitFor({ timeout: 30_000 });
  await page.locator('.stamp').waitFor();
  assert.match(await page.locator('#last-result').textContent(), /, 100%, unopposed/);
  await page.locator('.deeper summary').click();
  await page
    .locator('.proof-steps li.done')
    .nth(STEPS.length - 1)
    .waitFor({ timeout: 30_000 });
  await page.locator('.move.leela .seal').first().waitFor();
  const seen = await page.evaluate(() => [...window.seenSteps]);
  assert(seen.filter((step) => STEPS.includes(step)).length >= 3, `steps seen: ${seen}`);
  assert.match(await page.locator('.proof-steps').textContent(), /block \d+, [\d ]+ gas/);
  assert.equal(await page.locator('.thoughts li em').count(), 10);
  passed(`Leela moved, proven; steps seen: ${seen.join(', ')}`);

  await page.locator('#run-check').click();
  await page.locator('.verdict').waitFor({ timeout: 60_000 });
  assert.match(await page.locator('.verdict').textContent(), /^Valid/, await page.locator('.findings').textContent());
  passed('the proof was checked in the tab, and refused with one bit turned');

  const download = page.waitForEvent('download');
  await visitor.button('PGN').click();
  assert.match(readFileSync(await (await download).path(), 'utf8'), /^\[Event "Proofmate/);
  await page.reload();
  await page.locator('.mine', { hasText: '1.5 ETH on the World' }).waitFor();
  await visitor.mayVote(10_000);
  passed('the PGN was downloaded; the stake is there after a reload');

  await stack.stop();
  await page.locator('.connection.lost').waitFor({ timeout: 10_000 });
  await stack.start();
  await page.locator('.connection.live').waitFor({ state: 'attached', timeout: 20_000 });
  await visitor.mayVote(20_000);
  passed('the server stopped and started; the page went on');

  const mate = await createMateInOne(stack);
  await visitor.open(`${stack.url}/game/${mate}`);
  await visitor.stake('1');
  await visitor.mayVote(60_000);
  await page.locator('#typed').fill('Ra8');
  await page.keyboard.press('Enter');
  await visitor.button('Vote Ra8#').click();
  await page.getByText('The World wins by checkmate').first().waitFor({ timeout: 30_000 });
  passed('mate in a second game, by keyboard');

  const before = await visitor.coins();
  await page.locator('#claim').click();
  await page.getByText('there is nothing left to claim').waitFor({ timeout: 20_000 });
  await page.locator('.position .profit.gain').waitFor();
  await until(async () => (await visitor.coins()) > before + 1.5);
  passed(`claimed: ${before} ETH before, ${await visitor.coins()} after`);

  await page.getByRole('link', { name: 'My games' }).click();
  await page.locator('.mine-list li').nth(1).waitFor();
  assert.match(await page.locator('.mine-list').textContent(), /Settled/);
  await page.goBack();
  await page.getByText('The World wins by checkmate').first().waitFor();
  const absent = await page.goto(`${stack.url}/game/99999`);
  await page.getByRole('heading', { name: 'There is no game 99999' }).waitFor();
  assert.equal(absent.status(), 200);
  assert.equal((await page.goto(`${stack.url}/nowhere`)).status(), 404);
  await page.getByRole('link', { name: 'To the front page' }).click();
  await visitor.enter();
  passed('my games, Back, an absent game and an unknown address, and on to the next game');
}

const began = Date.now();
const stack = new Stack(await freePort(), await freePort());
let context;
try {
  await stack.start();
  passed('proofmate up is ready');
  context = await chromium.launchPersistentContext(join(folder, 'profile'), {
    executablePath: CHROMIUM,
    headless: true,
    args: FLAGS,
    viewport: { width: 1280, height: 860 },
    acceptDownloads: true,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
  try {
    await flow(stack, page);
    assert.deepEqual(faults, []);
  } catch (error) {
    const picture = join(tmpdir(), 'proofmate-browser.png');
    writeFileSync(picture, await page.screenshot({ fullPage: true }));
    console.error(`${stack.log}\n${faults.join('\n')}\nThe page: ${picture}`);
    throw error;
  }
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  in all`);
} finally {
  await context?.close();
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}
