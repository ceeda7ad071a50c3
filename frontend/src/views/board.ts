// The board: chessground for mouse and touch, a cursor for the keyboard, both driven by the state.

import { Chessground } from '@lichess-org/chessground';
import type { Api } from '@lichess-org/chessground/api';
import type { Config } from '@lichess-org/chessground/config';
import type { DrawShape } from '@lichess-org/chessground/draw';
import type { Key, SquareClasses } from '@lichess-org/chessground/types';
import { makeFen } from 'chessops/fen';
import { SquareSet } from 'chessops/squareSet';
import type { SquareName } from 'chessops/types';
import { makeSquare, parseSquare, parseUci } from 'chessops/util';
import type { Actions } from '../actions/index.ts';
import { part, underProof, voteAt, wasVoted } from '../crowd.ts';
import { destinations, position } from '../position.ts';
import { mayVote, ownBallot, type State, shown, turnOf } from '../state.ts';

const EMPTY = '8/8/8/8/8/8/8/8 w - - 0 1';
const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';

/** Chessground's own brushes draw the visitor's arrows; these two are the page's. */
const brush = (key: string, color: string, opacity: number) => ({ key, color, opacity, lineWidth: 10 });
const BRUSHES = {
  green: brush('g', '#15781b', 1),
  red: brush('r', '#882020', 1),
  blue: brush('b', '#003088', 1),
  yellow: brush('y', '#e68f00', 1),
  world: brush('world', '#003088', 0.85),
  leela: brush('leela', '#84469c', 0.9),
};

const keys = (uci: string): [Key, Key] => [uci.slice(0, 2) as Key, uci.slice(2, 4) as Key];

export class Board {
  private element: HTMLElement | null = null;
  private ground: Api | null = null;
  private drawn = '';
  private fen = '';

  constructor(private readonly act: Actions) {}

  mount(element: HTMLElement): void {
    // Chessground remembers where the board is, and cannot know that something above it grew.
    for (const press of ['mousedown', 'touchstart'] as const) {
      element.addEventListener(press, () => this.ground?.state.dom.bounds.clear(), { capture: true, passive: true });
    }
    this.element = element;
    this.ground = null;
    this.drawn = '';
  }

  /** Makes the board with its first position on it: pieces that are put on a board later wait for another frame. */
  private make(element: HTMLElement, first: Config): Api {
    return Chessground(element, {
      ...first,
      disableContextMenu: true, // the right button draws
      animation: { enabled: !matchMedia('(prefers-reduced-motion: reduce)').matches, duration: 220 },
      movable: {
        ...first.movable,
        free: false,
        showDests: true,
        rookCastle: false,
        events: { after: (from, to) => this.act.play(parseSquare(from) ?? 0, parseSquare(to) ?? 0) },
      },
      premovable: { enabled: false },
      drawable: { ...first.drawable, enabled: true, visible: true, brushes: BRUSHES },
      highlight: { ...first.highlight, lastMove: true, check: true },
    });
  }

  /** Draws the position looked at. Nothing is touched while it stays the same, so a drag under way goes on. */
  draw(state: State): void {
    if (this.element === null) return;
    if (state.game === null) {
      this.ground ??= this.make(this.element, { fen: EMPTY }); // until the position is known
      return;
    }
    const { fen: at, last, live } = shown(state);
    const before = at ?? (state.game.state === 'lobby' ? START : EMPTY);
    const proposed = live ? state.proposal : null;
    const fen = proposed === null ? before : afterMove(before, proposed);
    const may = live && proposed === null && state.promotion === null && mayVote(state).may;
    const highlight = proposed ?? last?.move ?? null;
    const orientation = (state.game.world === 'white') !== state.flipped ? 'white' : 'black';
    const view = {
      fen,
      may,
      highlight,
      orientation,
      cursor: state.cursor,
      picked: state.picked,
      promotion: state.promotion,
      arrows: proposed === null ? arrows(state) : [],
    };
    const drawn = JSON.stringify(view);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const pos = at === null ? null : position(fen);
    const dests = may && pos !== null ? destinations(pos) : new Map();
    const custom = marks(state, dests, pos?.board.occupied ?? SquareSet.empty());
    // The visitor's own arrows and circles belong to the position that they were drawn on.
    const own = fen === this.fen ? {} : { shapes: [] };
    this.fen = fen;
    // A promotion waiting for its piece keeps the pawn where it was dropped.
    const pieces = state.promotion === null ? { fen } : {};
    const change: Config = {
      ...pieces,
      orientation,
      turnColor: turnOf(fen),
      check: pos?.isCheck() ? pos.turn : false,
      ...(highlight === null ? { lastMove: undefined } : { lastMove: keys(highlight) }),
      movable: {
        ...(may ? { color: turnOf(fen) } : { color: undefined }),
        dests,
      },
      viewOnly: false,
      highlight: { custom },
      drawable: { autoShapes: view.arrows, ...own },
    };
    if (this.ground === null) this.ground = this.make(this.element, change);
    else this.ground.set(change);
  }
}

function afterMove(fen: string, uci: string): string {
  const pos = position(fen);
  const move = parseUci(uci);
  if (move !== undefined) pos.play(move);
  return makeFen(pos.toSetup());
}

/** Line widths of arrows: of the smallest share, and what all stakes together add. */
const [THIN, THICK] = [3, 9];

/**
 * Arrows of the position looked at. An open vote, and the vote that led to an old move: every candidate, as thick as
 * its share of the stakes that voted; the own vote in green. The move under proof in the network's colour.
 */
export function arrows(state: State): DrawShape[] {
  const { game } = state;
  if (game === null) return [];
  const { live, last } = shown(state);
  const chosen = live ? underProof(state) : null;
  if (chosen !== null) return [arrow(chosen.uci, 'leela', 10)];
  const vote = live ? game.vote : last !== null && wasVoted(last) ? voteAt(state, last.ply) : null;
  if (vote === null) return [];
  const mine = live ? (ownBallot(state)?.move ?? null) : null;
  const shapes = vote.candidates.map(({ move, weight }) =>
    arrow(move, move === mine ? 'green' : 'world', THIN + THICK * part(weight, vote.castWeight)),
  );
  // Received and not counted yet: no candidate so far.
  if (mine !== null && !vote.candidates.some(({ move }) => move === mine)) shapes.push(arrow(mine, 'green', THIN));
  return shapes;
}

function arrow(uci: string, brush: string, lineWidth: number): DrawShape {
  const [orig, dest] = keys(uci);
  return { orig, dest, brush, modifiers: { lineWidth: Math.round(10 * lineWidth) / 10 } };
}

/** The keyboard's cursor, the square it picked up, and where that piece may go. */
export function marks(state: State, targets: ReadonlyMap<SquareName, SquareName[]>, taken: SquareSet): SquareClasses {
  const marked: SquareClasses = new Map();
  const add = (square: SquareName, name: string) => marked.set(square, `${marked.get(square) ?? ''} ${name}`.trim());
  const { cursor, picked } = state;
  if (cursor !== null) add(makeSquare(cursor), 'cursor');
  if (picked === null) return marked;
  add(makeSquare(picked), 'picked');
  for (const target of targets.get(makeSquare(picked)) ?? []) {
    add(target, taken.has(parseSquare(target)) ? 'move-dest oc' : 'move-dest');
  }
  return marked;
}
