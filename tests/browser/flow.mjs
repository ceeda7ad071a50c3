// Two visitors, from an empty browser to being paid, on a stack of their own: `node tests/browser/flow.mjs`, or one of
// them with `--desk` or `--phone`.
//
// Starts `proofmate up` on free ports in a temporary folder and drives Debian's Chromium. At a desk the visitor stakes
// with the burner wallet, votes by clicking on the board, sees Leela's proven move and its steps, checks the proof in the
// tab, outlives reloads and a restart of the server, mates by keyboard alone and claims. On a phone (360 x 640) the
// visitor has an injected wallet whose account changes, mates by promoting, claims, and plays the next game up to the
// proven answer, with a reload in each state. Ends with exit code 0, or 1 and the page's picture.

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
const { createPublicClient, createWalletClient, concat, http, parseEventLogs, toHex, zeroAddress } = require('viem');
const { generatePrivateKey, privateKeyToAccount } = require('viem/accounts');

const CHROMIUM = '/usr/bin/chromium';
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];
const STEPS = ['witness', 'commitments', 'quotient', 'opening', 'submitted', 'verified'];
const ETHER = 10n ** 18n;
/** How long a lobby of the series is open, in seconds; the demo's own are open for a minute. */
const LOBBY = 24;

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
    const ports = { PORT: `${port}`, CHAIN_PORT: `${chainPort}` };
    const terms = { SERIES_TERMS: `lobbyPeriod=${LOBBY}` };
    this.environment = { ...process.env, ...ports, ...terms, DATA_DIR: join(folder, 'data') };
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
        await this.page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))));
        const target = this.page.locator('cg-board square.move-dest:visible').first();
        if ((await target.count()) > 0) return target.click();
      }
    }
    throw new Error(`nothing moves in ${fen}`);
  }

  /** Loads the page again, in whatever state it is. */
  async reload() {
    await this.page.reload();
    await this.live();
  }

  /** Moves a piece by keyboard alone: Tab to the board, arrows to its square, Enter, arrows to the target, Enter. */
  async moveByKeys(from, to) {
    const { keyboard } = this.page;
    const focused = () => this.page.evaluate(() => document.activeElement?.id);
    for (let i = 0; i < 40 && (await focused()) !== 'board'; i++) await keyboard.press('Tab');
    assert.equal(await focused(), 'board', 'Tab does not lead to the board');
    await keyboard.press('ArrowRight'); // shows the cursor, on e1
    const step = async (horizontal, vertical) => {
      for (let i = 0; i < Math.abs(horizontal); i++) await keyboard.press(horizontal > 0 ? 'ArrowRight' : 'ArrowLeft');
      for (let i = 0; i < Math.abs(vertical); i++) await keyboard.press(vertical > 0 ? 'ArrowUp' : 'ArrowDown');
      await keyboard.press('Enter');
    };
    await step(from[0] - 4, from[1]);
    await step(to[0] - from[0], to[1] - from[1]);
  }

  /** Presses a square of the board, White being below. */
  async tap(file, rank) {
    const box = await this.page.locator('cg-board').boundingBox();
    await this.page.touchscreen.tap(box.x + ((file + 0.5) * box.width) / 8, box.y + ((7.5 - rank) * box.height) / 8);
  }

  coins = async () => Number((await this.page.locator('.wallet-button b').textContent()).replace(' ETH', ''));
}

/** The stack's chain: a client that reads, and one that sends from the owner's account. */
function chainOf(stack) {
  const keys = JSON.parse(readFileSync(join(folder, 'data', 'keys.json'), 'utf8'));
  const transport = http(`http://127.0.0.1:${stack.environment.CHAIN_PORT}`);
  const client = (key) => createWalletClient({ account: privateKeyToAccount(key), transport, chain: null });
  return { reader: createPublicClient({ transport }), owner: client(keys.owner), client };
}

/**
 * A wallet that announces itself to the page (EIP-6963) and signs with keys made here; `use` changes its account, as a
 * visitor does in the wallet.
 */
async function injectWallet(stack, page) {
  const { reader, owner, client } = chainOf(stack);
  const clients = [generatePrivateKey(), generatePrivateKey()].map(client);
  for (const { account } of clients) {
    const hash = await owner.sendTransaction({ to: account.address, value: 5n * ETHER });
    await reader.waitForTransactionReceipt({ hash, pollingInterval: 100 });
  }
  let current = clients[0];
  await page.exposeFunction('walletRequest', async ({ method, params }) => {
    if (method === 'eth_requestAccounts' || method === 'eth_accounts') return [current.account.address];
    if (method !== 'eth_sendTransaction') return reader.request({ method, params });
    const { to, data, value } = params[0];
    return current.sendTransaction({ to, data, value: BigInt(value ?? 0) });
  });
  await page.addInitScript(() => {
    const listeners = {};
    const provider = {
      request: (call) => window.walletRequest(call),
      on: (event, listener) => (listeners[event] ??= []).push(listener),
      removeListener: () => {},
    };
    window.walletTells = (event, value) => (listeners[event] ?? []).forEach((listener) => listener(value));
    const info = { uuid: crypto.randomUUID(), rdns: 'test.wallet', name: 'Test wallet', icon: 'data:image/svg+xml,<svg/>' };
    const announce = () =>
      window.dispatchEvent(
        new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info, provider }) }),
      );
    window.addEventListener('eip6963:requestProvider', announce);
    announce();
  });
  return async (index) => {
    current = clients[index];
    await page.evaluate((accounts) => window.walletTells('accountsChanged', accounts), [current.account.address]);
  };
}

// White: Kg1, Ra1, pawns f2 g2 h2; Black: Kg8, pawns f7 g7 h7. Ra8 mates.
const ROOK_MATES = { 0: 4, 6: 6, 13: 1, 14: 1, 15: 1, 62: 14, 53: 9, 54: 9, 55: 9 };
// White: Kg6, pawn e7; Black: Kg8. The pawn mates as a queen, or as a rook.
const PAWN_MATES = { 46: 6, 52: 1, 62: 14 };

/** Opens a lobby whose game starts with White to mate in one, at ply 0, with a stake on Leela. */
async function createMateInOne(stack, squares) {
  const config = await stack.get('/api/config');
  const { reader, owner } = chainOf(stack);
  const send = async (functionName, args, value = 0n) => {
    const call = { address: config.contract, abi: config.abi, functionName, args, value };
    const hash = await owner.writeContract(call);
    const receipt = await reader.waitForTransactionReceipt({ hash, pollingInterval: 100 });
    assert.equal(receipt.status, 'success');
    return parseEventLogs({ abi: config.abi, logs: receipt.logs })[0].args;
  };
  const board = Object.entries(squares).reduce((word, [s, piece]) => word | (BigInt(piece) << BigInt(4 * s)), 0n);
  const { book } = await send('addBook', [concat([toHex(board, { size: 32 }), toHex(0n, { size: 32 })])]);
  const terms = {
    ...{ model: 0, book, worldIsWhite: true, leelaPoolOpen: true, lobbyPeriod: 0, votingPeriod: 86400, minPeriod: 0 },
    ...{ provingPeriod: 86400, quorum: 0, fee: 0, maxOdds: 2, maxPly: 40, minStake: ETHER / 1000n, maxStake: 0n, reward: 0n },
  };
  const { game } = await send('createGame', [terms, 0n]);
  await send('stake', [game, 1, zeroAddress], ETHER); // the house stakes only while this lobby is the newest
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

/** Runs in the page: notes which steps of a proof are shown. An opening may have Leela to move first. */
function watchSteps() {
  window.seenSteps = new Set();
  new MutationObserver(() => {
    const active = document.querySelector('.proof-steps .active b');
    if (active !== null) window.seenSteps.add(active.textContent);
  }).observe(document.body, { subtree: true, childList: true, attributes: true });
}

async function flow(stack, page) {
  const visitor = new Visitor(page);
  await page.goto(stack.url);
  const number = await visitor.enter();
  await page.locator('.wallet-button', { hasText: 'ETH' }).waitFor({ timeout: 20_000 });
  await until(async () => (await visitor.coins()) > 1);
  await page.getByText('insecure setup').first().waitFor();
  passed('from the front page into a game; the browser wallet holds test coins');

  await visitor.reload();
  await page.evaluate(watchSteps);
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

  const mate = await createMateInOne(stack, ROOK_MATES);
  await visitor.open(`${stack.url}/game/${mate}`);
  await visitor.stake('1');
  await visitor.mayVote(60_000);
  await visitor.moveByKeys([0, 0], [0, 7]);
  await visitor.button('Vote Ra8#').waitFor();
  await page.waitForFunction(() => document.activeElement?.id === 'vote');
  await page.keyboard.press('Enter');
  await page.getByText('The World wins by checkmate').first().waitFor({ timeout: 30_000 });
  await visitor.reload();
  passed('mate in a second game, by keyboard alone');

  await page.locator('#claim').waitFor();
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

/** The same on a phone, with an injected wallet. */
async function phone(stack, page) {
  const visitor = new Visitor(page);
  const use = await injectWallet(stack, page);
  const mate = await createMateInOne(stack, PAWN_MATES);
  await page.goto(stack.url);
  await page.locator('#play').waitFor();
  await visitor.open(`${stack.url}/game/${mate}`);
  await page.locator('.wallet-button').click();
  await page.getByRole('button', { name: 'Test wallet' }).click();
  await page.locator('.wallet-button', { hasText: '5 ETH' }).waitFor();
  await visitor.stake('1');
  await visitor.mayVote(60_000);
  await use(1);
  await page.getByText('Only accounts that staked on the World').waitFor();
  await page.getByText('You have no stake in this game').waitFor();
  await use(0);
  await visitor.mayVote(20_000);
  await visitor.reload();
  await visitor.mayVote(20_000);
  await page.evaluate(() => scrollTo(0, 0)); // the browser came back to where the stake was typed
  passed('phone: staked with an injected wallet; another account has no vote; the first one does, after a reload too');

  const bar = await page.locator('.bar').boundingBox();
  const board = await page.locator('cg-board').boundingBox();
  assert(board.y >= 0 && board.y + board.height <= bar.y && bar.y + bar.height <= 640, 'board and bar do not fit the screen');
  await visitor.tap(4, 6);
  await visitor.tap(4, 7);
  await page.getByRole('dialog', { name: 'Promote on e8 to' }).waitFor();
  await page.getByRole('button', { name: 'queen' }).tap();
  await visitor.button('Vote e8=Q#').tap();
  await page.getByText('The World wins by checkmate').first().waitFor({ timeout: 30_000 });
  await visitor.reload();
  await page.locator('#claim').tap();
  await page.getByText('there is nothing left to claim').waitFor({ timeout: 20_000 });
  await page.locator('.position .profit.gain').waitFor();
  passed('phone: promoted, mated and claimed');

  const lobby = ({ state, deadline }) => state === 'lobby' && deadline > Date.now() / 1000 + LOBBY / 2;
  await until(async () => (await stack.get('/api/games')).games.some(lobby), 2 * LOBBY);
  await page.goto(stack.url);
  const number = await visitor.enter();
  await visitor.reload();
  await visitor.stake('1');
  await visitor.reload();
  await visitor.mayVote(90_000);
  const { fen, ply } = await stack.get(`/api/games/${number}`);
  await visitor.clickSomeMove(fen);
  await visitor.button(/^Vote /).click();
  await visitor.reload();
  await until(async () => (await stack.get(`/api/games/${number}`)).moves.length > ply);
  await visitor.reload();
  await until(async () => (await stack.get(`/api/games/${number}`)).moves[ply + 1]?.proof, 90);
  await page.locator('.stamp').waitFor();
  passed('phone: the next game, up to the proven answer, with a reload before and after stake and vote and at the proof');
}

const VISITS = [
  { name: '--desk', visit: flow, screen: { viewport: { width: 1280, height: 860 } } },
  { name: '--phone', visit: phone, screen: { viewport: { width: 360, height: 640 }, isMobile: true, hasTouch: true } },
];

/** One visitor with an empty browser; what the page throws and what its CSP refuses are faults. */
async function visit(browser, { name, visit, screen }) {
  const context = await browser.newContext({ ...screen, locale: 'en-GB' });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => /Content Security Policy/.test(message.text()) && faults.push(message.text()));
  try {
    await visit(stack, page);
    assert.deepEqual(faults, []);
  } catch (error) {
    const picture = join(tmpdir(), `proofmate-browser${name}.png`);
    writeFileSync(picture, await page.screenshot({ fullPage: true }));
    console.error(`${stack.log}\n${faults.join('\n')}\nThe page: ${picture}`);
    throw error;
  }
  await context.close();
}

const began = Date.now();
const asked = VISITS.filter(({ name }) => process.argv.includes(name));
const stack = new Stack(await freePort(), await freePort());
let browser;
try {
  await stack.start();
  passed('proofmate up is ready');
  browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  for (const visitor of asked.length > 0 ? asked : VISITS) await visit(browser, visitor);
  console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  in all`);
} finally {
  await browser?.close();
  await stack.stop();
  rmSync(folder, { recursive: true, force: true });
}
