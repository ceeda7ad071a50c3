// In English: what surrounds the games. The header, the front page, my games, the glossary, and where nothing is.

import { html } from 'lit-html';

type Side = 'world' | 'leela';

export const pages = {
  header: {
    navigation: 'Pages',
    mine: 'My games',
    preferences: 'Settings',
    theme: 'Colours',
    themes: { auto: 'as the device', light: 'light', dark: 'dark' },
    glossary: 'Words explained',
  },
  front: {
    title: 'You and the crowd against a neural network that cannot cheat',
    lead: 'Everybody who joins votes on the next chess move. Leela, a neural network, answers. Every move it makes is proven on chain before it counts.',
    play: 'Play now',
    watch: 'Watch the game',
    none: 'The first game will open soon.',
    series: {
      open: 'A game is open to join.',
      waiting: 'The next game opens in a moment.',
      full: 'The next game opens when one of these ends. Watch meanwhile.',
      spent: 'No new games for now.',
    },
    playMoney: 'Free to try: you get test coins. No sign-up.',
    realMoney: 'You need a wallet to stake. Anybody can watch.',
    picture:
      'A crowd of pawns points at a move on a chess board; behind the board a neural network, with a seal on it.',
    on: 'Games that are on',
    recent: 'The latest games',
    stages: { lobby: 'open to join', drawn: 'about to start', vote: 'the World votes', prove: 'Leela moves' },
    staked: (amount: string) => `${amount} ETH at stake`,
    how: 'How it works',
    steps: [
      [
        'Stake and vote',
        'Put coins on the World or on Leela. If you back the World, you vote on each of its moves; the more you staked, the more your vote counts.',
      ],
      [
        'The network proves its move',
        'Leela’s choice comes with a mathematical proof that it is what the published network really plays. The chain checks the proof, then the move stands.',
      ],
      [
        'The winners are paid',
        'Mate, and the losers’ coins go to the winners. The contract pays; nobody, not even the operator, can hold them back.',
      ],
    ] as [string, string][],
    vault: 'Not only chess',
    vaultAbout:
      'The same proof makes a vault obey a network: it trades once an hour, as the network decides and nobody else.',
    vaultLink: 'Look at the vault',
    truths: 'What is proven, and what is not',
    proven: 'Proven on chain',
    provenList: [
      'Each move of Leela is the best legal move of the published network in that position.',
      'The rules of chess, who won, and who is paid what.',
      'The opening is drawn so that nobody who staked could know it.',
    ],
    unproven: 'Not proven',
    unprovenList: [
      'That people vote honestly: someone with most of the stakes can play to lose.',
      'That votes are people’s own: they can use chess engines or sell their vote.',
      'That this software is free of faults: nobody has audited it.',
    ],
  },
  mine: {
    title: 'My games',
    connect: 'Connect a wallet to see your games.',
    none: 'You have not joined a game yet.',
    find: 'Find a game',
    owed: (amount: string) => html`You can claim <b>${amount} ETH</b>.`,
    staked: (amount: string, on: Side) => `${amount} ETH on ${on === 'world' ? 'the World' : 'Leela'}`,
    pays: (amount: string) => `paid ${amount} ETH`,
    settled: 'Settled',
    more: 'Older games',
  },
  missing: {
    page: 'There is nothing at this address',
    pageText: 'The link may be old or mistyped.',
    game: (game: number) => `There is no game ${game}`,
    gameText: 'It may not have been opened yet.',
    unread: (game: number) => `Game ${game} could not be loaded`,
    retry: 'Try again',
    front: 'To the front page',
  },
  glossary: {
    title: 'Words explained',
    lead: 'What the page means by its words, and what they are called in the contract and in the documentation.',
    entries: [
      ['The World', 'Everybody who staked on the people’s side. It moves by vote.'],
      ['Leela', 'The neural network that plays the other side. Its weights are public.'],
      ['Stake', 'Coins put on a side before the game starts. One account, one side.'],
      ['Vote (ballot)', 'Your signed choice of the next move. It weighs as much as you staked, and it is final.'],
      [
        'Voter (seat)',
        'A stake on the World. It has a voting key of its own, made by your browser, which can vote but never move money.',
      ],
      ['Half-move (ply)', 'One move by one side.'],
      [
        'The share that must agree (quorum)',
        'If the leading move has less of the World’s stakes behind it, the network moves for the World.',
      ],
      [
        'The network moves for the World (understudy)',
        'The same network, proven in the same way, plays one move for the people.',
      ],
      ['Receipt', 'The server’s signed word that it received your vote: evidence if it never reaches the chain.'],
      ['The server (relay)', 'It carries votes and proofs to the chain and pays for that. It cannot change them.'],
      [
        'Proof',
        'Numbers that could only be computed by running the published network on this position. The contract checks them.',
      ],
      ['Prize (pot)', 'What a sponsor put up for a World win.'],
      ['Cancelled (void)', 'The game ended without a result. Every stake returns.'],
      ['Browser wallet (burner)', 'A key kept in this browser for a local demo. Its coins are worth nothing.'],
      [
        'Public words',
        'The numbers that a proof is about: the position, the claimed moves, and the game it belongs to.',
      ],
    ] as [string, string][],
  },
};
