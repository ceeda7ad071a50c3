// What the board, the crowd's votes and the proof say, in English.

import { html } from 'lit-html';

type Color = 'white' | 'black';
type Role = 'pawn' | 'knight' | 'bishop' | 'rook' | 'queen' | 'king';

const Colors = { white: 'White', black: 'Black' };
const list = new Intl.ListFormat('en', { type: 'conjunction' });

export const boardWords = {
  crowd: {
    title: 'How the World voted',
    last: 'Last vote:',
    won: (move: string, share: string, beat: string | null) =>
      `${move}, ${share}${beat === null ? ', unopposed' : `, beat ${beat}`}`,
    tie: (move: string, share: string, beat: string) =>
      `${move}, ${share}, level with ${beat}: the first in the order of squares is played`,
    undecided: (leader: string | null, share: string) =>
      leader === null
        ? 'Nobody voted, so the network moved for the World'
        : `${leader} had only ${share}, so the network moved for the World`,
    ofMove: (number: number) => `Move ${number}`,
    shares: (share: string) => `${share} of the World’s stakes voted.`,
    missed: 'You did not vote on this move.',
    voted: (move: string) => html`You voted <b>${move}</b>.`,
    loading: 'Asking for the vote…',
    unknown: 'The server does not know this vote.',
    candidates: 'Candidates of this vote',
  },
  ghost: {
    chosen: (by: string, move: string) =>
      html`${by} will play <b>${move}</b>: the network is public, so its choice is open. The move takes effect once it is proven.`,
    thinking: 'The network looks at the position.',
    grown: (share: string) => `${share} proven`,
    label: (move: string, share: string) => `${move}, not played yet: ${share} of its proof is made`,
    stamp: 'proven',
  },
  story: {
    steps: {
      look: [
        'Leela looks at the board',
        'It gives every move a score, from the position alone. It does not search ahead.',
      ],
      write: ['It writes down its sums', 'Every sum of that look, in a form in which one wrong number would show.'],
      check: [
        'The referee checks them',
        'A contract on the chain, which nobody can overrule, checks the sums in one go.',
      ],
      play: ['Only then the move is played', 'It is the best legal move by those scores. No other move is accepted.'],
    } as Record<'look' | 'write' | 'check' | 'play', [title: string, about: string]>,
    deeper: 'The cryptography',
    notKnown: 'What the network thought here is not known to this server.',
    ofWorld: 'The World chose this move by vote: there is nothing to prove.',
  },
  opening: {
    named: (name: string) => `Opening: ${name}`,
    before: 'Moves before the game',
  },
  material: {
    captured: (color: Color, pieces: string) => `${Colors[color]} pieces taken: ${pieces}`,
    ahead: (points: number) => `${points} points of material ahead`,
    count: (role: Role, n: number) => (n === 1 ? role : `${n} ${role}s`),
  },
  sound: { mute: 'Turn the sounds off', unmute: 'Turn the sounds on' },
  taste: {
    title: 'Board and pieces',
    board: 'Board',
    pieces: 'Pieces',
    boards: { green: 'Green', wood: 'Wood', blue: 'Blue', contrast: 'High contrast' },
    sets: { cburnett: 'Classic', flat: 'Flat', letters: 'Letters' },
    draw: 'Right-click a square for a circle, drag with the right button for an arrow; Shift, Alt and both change the colour.',
    commands:
      'Type p for the position, m for the legal moves (m e2: from e2), l for the last move, c for the clock. On the board these letters are keys.',
  },
  spoken: {
    side: (color: Color, pieces: string) => `${Colors[color]}: ${pieces}.`,
    piece: (role: string, squares: string[]) => `${role} ${list.format(squares)}`,
    toMove: (color: Color) => `${Colors[color]} to move.`,
    moves: (n: number, moves: string) => `${n === 1 ? '1 legal move' : `${n} legal moves`}: ${moves}.`,
    noMoves: 'No legal move.',
    noMovesFrom: (square: string) => `No legal move from ${square}.`,
    lastMove: (by: string, move: string, proven: boolean) => `${by} played ${move}${proven ? ', proven' : ''}.`,
    noLast: 'No move is played yet.',
    clock: (left: string) => `${left} left.`,
    noClock: 'No clock is running.',
    captures: 'takes',
    check: 'check',
    mate: 'checkmate',
    promotes: (role: string) => `promotes to ${role}`,
    castlesShort: 'castles on the king’s side',
    castlesLong: 'castles on the queen’s side',
  },
};
