// A server with made-up documents, to look at the page in every state without a chain: `npm run fixture [port]`, then
// open /game/N (0 lobby, 1 vote, 2 proving, 3 over, 4 drawn, 5 voted), / or /games. For the eyes and nothing else; it is never shipped.

import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Chess } from 'chessops/chess';
import { makeFen, parseFen } from 'chessops/fen';
import { makeSanAndPlay, parseSan } from 'chessops/san';
import { makeUci } from 'chessops/util';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const OPENING = 'r1bqkbnr/pppp1ppp/2n5/4p3/4P3/5N2/PPPP1PPP/RNBQKB1R w KQkq - 2 3';
const LINE = 'Bb5 a6 Ba4 Nf6 O-O Be7 Re1 b5 Bb3 d6 c3 O-O h3 Nb8 d4 Nbd7 c4 c6'.split(' ');
const HASH = (digit) => `0x${digit.repeat(64)}`;
const CONTRACT = '0x5FbDB2315678afecb367f032d93F642f64180aa3';
const ETH = (n) => String(BigInt(Math.round(n * 1000)) * 10n ** 15n);

const TERMS = {
  ...{ model: 0, book: 0, worldIsWhite: true, leelaPoolOpen: true, lobbyPeriod: 0, votingPeriod: 300, minPeriod: 0 },
  ...{
    provingPeriod: 2592000,
    quorum: 2500,
    fee: 200,
    maxOdds: 10,
    maxPly: 300,
    minStake: ETH(0.001),
    maxStake: '0',
    reward: '0',
  },
};

function played(count) {
  const pos = Chess.fromSetup(parseFen(OPENING).unwrap()).unwrap();
  const moves = LINE.slice(0, count).map((text, ply) => {
    const move = parseSan(pos, text);
    const uci = makeUci(move).replace('e1h1', 'e1g1').replace('e8h8', 'e8g8');
    const san = makeSanAndPlay(pos, move);
    const by = ply % 2 === 0 ? (ply === 6 ? 'understudy' : 'world') : 'leela';
    const proof =
      by === 'world' ? null : { gas: 525190 + 37 * ply, block: 40 + ply, seconds: 8.4 + ply / 10, payee: CONTRACT };
    return {
      ply,
      move: uci,
      san,
      by,
      fen: makeFen(pos.toSetup()),
      time: 1_700_000_000 + 20 * ply,
      tx: HASH('ab'[ply % 2]),
      proof,
    };
  });
  return { moves, fen: makeFen(pos.toSetup()), turn: pos.turn };
}

const THOUGHTS = [
  ['d7d5', null, 0.31, false],
  ['b7b5', 'b5', 0.24, true],
  ['d7d6', 'd6', 0.14, true],
  ['e8g8', 'O-O', 0.11, true],
  ['c8e6', null, 0.05, false],
  ['f6e4', 'Nxe4', 0.04, true],
  ['h7h6', 'h6', 0.02, true],
  ['a8a7', 'Ra7', 0.012, true],
  ['c6d4', 'Nd4', 0.009, true],
  ['e5e4', null, 0.004, false],
].map(([move, san, probability, legal]) => ({ move, san, probability, legal }));

const started = Date.now() / 1000;
let version = 1;

function document(id) {
  const now = Date.now() / 1000;
  const base = {
    ...{
      id,
      version,
      chainId: 31337,
      contract: CONTRACT,
      outcome: null,
      reason: null,
      terms: TERMS,
      creator: CONTRACT,
    },
    ...{
      pools: { world: ETH(3.5), leela: ETH(5), pot: '0', fund: ETH(1) },
      seats: 3,
      opening: { name: 'Italian Game', moves: '1. e4 e5 2. Nf3 Nc6' },
      openingFen: OPENING,
      world: 'white',
    },
    ...{
      check: false,
      positionKey: null,
      now,
      since: started,
      deadline: 0,
      decidableAt: 0,
      ballotsUntil: 0,
      created: 1,
      block: 2,
      vote: null,
    },
    ...{ proof: null, thinking: null },
  };
  if (id === 0 || id === 4) {
    const state = id === 0 ? 'lobby' : 'drawn';
    return {
      ...base,
      deadline: id === 0 ? started + 60 : 0,
      state,
      fen: null,
      opening: null,
      openingFen: null,
      ply: 0,
      turn: null,
      mover: null,
      moves: [],
    };
  }
  const count = { 1: 16, 2: 11, 3: 18, 5: 16 }[id];
  const { moves, fen, turn } = played(count);
  const game = { ...base, fen, turn, ply: count, moves };
  const last = moves.findLast((m) => m.by !== 'world');
  const verified = {
    ...{ ply: last.ply, step: 'verified', fraction: 1, started, seconds: last.proof.seconds, tx: last.tx },
    ...{ block: last.proof.block, gas: last.proof.gas },
  };
  const thinking = { ...THINKING, ply: last.ply };
  if (id === 1 || id === 5) {
    const candidates = [
      { move: 'c3c4', san: 'c4', weight: ETH(1.5), ballots: 1 },
      { move: 'd4e5', san: 'dxe5', weight: ETH(0.5), ballots: 1 },
    ];
    const weights = {
      leader: 'c3c4',
      leaderWeight: ETH(1.5),
      runnerUpWeight: ETH(0.5),
      castWeight: ETH(2),
      pending: 1,
    };
    const clocks = { deadline: started + 300, decidableAt: started, ballotsUntil: started + 295 };
    return {
      ...game,
      state: 'vote',
      mover: 'world',
      ...clocks,
      vote: { ply: 16, ...weights, candidates },
      proof: verified,
      thinking,
    };
  }
  if (id === 2) {
    const fraction = ((now - started) % 12) / 12;
    const step = ['witness', 'commitments', 'quotient', 'quotient', 'opening', 'submitted'][Math.floor(6 * fraction)];
    const proof = {
      ply: 11,
      step,
      fraction,
      started: now - 12 * fraction,
      seconds: null,
      tx: null,
      block: null,
      gas: null,
    };
    const chosen = { ...THINKING, ply: 11, choice: 'e8g8', choiceSan: 'O-O' };
    return {
      ...game,
      state: 'prove',
      mover: 'leela',
      deadline: started + 2592000,
      proof,
      thinking: chosen,
      positionKey: THINKING.position,
    };
  }
  return { ...game, state: 'over', outcome: 'world', reason: 'checkmate', mover: null, proof: verified, thinking };
}

const THINKING = { moves: THOUGHTS, choice: 'b7b5', choiceSan: 'b5', position: HASH('4') };

/** The vote before a move of a game: the move that was played, two thirds, and another one. */
function closedVote(game, ply) {
  const { move, san } = document(game).moves[ply] ?? { move: null, san: null };
  const candidates = [
    { move: move ?? 'a2a3', san: san ?? 'a3', weight: ETH(2), ballots: 2 },
    { move: 'a2a4', san: 'a4', weight: ETH(1), ballots: 1 },
  ];
  return { ply, move, san, world: ETH(3.5), castWeight: ETH(3), time: 1_700_000_000, tx: HASH('a'), candidates };
}

const PASSPORT = {
  ...{
    name: 'sparrow',
    parameters: 7134537,
    multiply_adds: 456_000_000,
    convolutions: 13,
    k: 17,
    insecure: true,
    strength: null,
  },
  ...{ networkHash: HASH('1'), verifyingKeyHash: HASH('2'), verifier: CONTRACT, codeHash: HASH('3') },
};

const ACCOUNTS = {
  0: { side: null, stake: '0', seat: null, voteKey: null, votedPly: null, owed: '0', ballot: null },
  1: { side: 'world', stake: ETH(1.5), seat: 2, voteKey: CONTRACT, votedPly: null, owed: '0', ballot: null },
  3: { side: 'world', stake: ETH(1.5), seat: 2, voteKey: CONTRACT, votedPly: 16, owed: ETH(3.6), ballot: null },
  5: {
    ...{ side: 'world', stake: ETH(1.5), seat: 2, voteKey: CONTRACT, votedPly: null, owed: '0' },
    ballot: { ply: 16, move: 'd4e5', status: 'received' },
  },
};

const CONFIG = {
  ...{
    chainId: 31337,
    contract: CONTRACT,
    relay: CONTRACT,
    receiptAddresses: [CONTRACT],
    rpc: '/rpc',
    local: true,
    insecure: true,
    faucet: true,
    ballotMargin: 5,
  },
  ...{ explorer: null, walletConnect: null, abi: [] },
};

function card(number) {
  const { id, state, outcome, fen, ply, pools, world, seats, deadline, moves } = document(number);
  return {
    ...{ id, state, outcome, fen, ply, world, seats, deadline, lastMove: moves.at(-1)?.move ?? null },
    ...{ worldPool: pools.world, leelaPool: pools.leela, pot: pools.pot, maxOdds: 10, fee: 200 },
  };
}

function answer(path) {
  const game = Number(/^\/api\/games\/(\d+)/.exec(path)?.[1] ?? Number.NaN);
  if (path === '/api/config') return CONFIG;
  if (path === '/api/model') return PASSPORT;
  if (path === '/api/games') {
    return {
      games: [5, 4, 3, 2, 1, 0].map(card),
    };
  }
  if (/^\/api\/accounts\/\w+\/games$/.test(path)) {
    const mine = { side: 'world', stake: ETH(1.5), payout: null, owed: '0' };
    return {
      games: [
        { ...mine, game: card(5) },
        { ...mine, game: card(3), payout: ETH(3.6), owed: ETH(3.6) },
        { ...mine, game: { ...card(1), state: 'over', outcome: 'leela' }, payout: ETH(0.3) },
      ],
      before: null,
    };
  }
  const ply = Number(/\/(?:votes|thoughts)\/(\d+)$/.exec(path)?.[1] ?? Number.NaN);
  if (path.includes('/votes/')) return closedVote(game, ply);
  if (path.includes('/thoughts/')) return { ...THINKING, ply };
  if (path.includes('/accounts/')) return { version: 1e9, ...(ACCOUNTS[game] ?? ACCOUNTS[1]) };
  if (path.endsWith('/ballots')) return { receipt: {} };
  return Number.isNaN(game) ? null : document(game);
}

/** At least as strict as the server's. */
const POLICY = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; form-action 'none'";

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

const server = createServer((request, response) => {
  const path = new URL(request.url, 'http://localhost').pathname.replace('/api/v1/', '/api/');
  if (path.endsWith('/stream')) {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const id = Number(path.split('/')[3]);
    if (id > 5) return response.end();
    const send = () => response.write(`event: game\nid: ${++version}\ndata: ${JSON.stringify(document(id))}\n\n`);
    send();
    const timer = setInterval(send, 500);
    request.on('close', () => clearInterval(timer));
  } else if (path === '/rpc') {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const { id } = JSON.parse(body);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result: '0x8ac7230489e80000' }));
    });
  } else if (path.startsWith('/api/')) {
    const number = Number(/^\/api\/games\/(\d+)/.exec(path)?.[1] ?? 0);
    if (number > 5) {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      return response.end(JSON.stringify({ title: 'Not Found', detail: `there is no game ${number}` }));
    }
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
    response.end(gzipSync(JSON.stringify(answer(path))));
  } else {
    const asset = join(DIST, normalize(path));
    const file = path !== '/' && asset.startsWith(DIST) && existsSync(asset) ? asset : join(DIST, 'index.html');
    const number = /^\/game\/(\d+)$/.exec(path)?.[1];
    const first = path === '/' ? ['/api/v1/games'] : number === undefined ? [] : [`/api/v1/games/${number}`];
    const link = [...first, '/api/v1/config'].map((p) => `<${p}>; rel=preload; as=fetch; crossorigin=anonymous`);
    const packed = request.headers['accept-encoding']?.includes('br') && existsSync(`${file}.br`);
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'text/plain',
      'content-security-policy': POLICY,
      ...(first.length > 0 ? { link: link.join(', ') } : {}),
      ...(packed ? { 'content-encoding': 'br' } : {}),
    });
    createReadStream(packed ? `${file}.br` : file).pipe(response);
  }
});
server.listen(Number(process.argv[2] ?? 0), '127.0.0.1', () =>
  console.log(`http://127.0.0.1:${server.address().port}`),
);
