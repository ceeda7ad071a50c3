// The board: chessground for mouse and touch, a cursor for the keyboard, both driven by the state.

import { Chessground } from '@lichess-org/chessground';
import type { Api } from '@lichess-org/chessground/api';
import type { DrawShape } from '@lichess-org/chessground/draw';
import type { Key, SquareClasses } from '@lichess-org/chessground/types';
import { makeFen } from 'chessops/fen';
import { makeSquare, parseSquare, parseUci } from 'chessops/util';
import type { Actions } from '../actions/index.ts';
import { destinations, position } from '../position.ts';
import { mayVote, ownBallot, type State, shown, turnOf } from '../state.ts';

const EMPTY = '8/8/8/8/8/8/8/8 w - - 0 1';
const START = 'rnbqkbnr/pppppppp/8/8/8/8/PPPPPPPP/RNBQKBNR w KQkq - 0 1';

const keys = (uci: string): [Key, Key] => [uci.slice(0, 2) as Key, uci.slice(2, 4) as Key];

export class Board {
  private ground: Api | null = null;
  private drawn = '';

  constructor(private readonly act: Actions) {}

  mount(element: HTMLElement): void {
    // Chessground remembers where the board is, and cannot know that something above it grew.
    for (const press of ['mousedown', 'touchstart'] as const) {
      element.addEventListener(press, () => this.ground?.state.dom.bounds.clear(), { capture: true, passive: true });
    }
    this.ground = Chessground(element, {
      disableContextMenu: false,
      animation: { enabled: !matchMedia('(prefers-reduced-motion: reduce)').matches, duration: 220 },
      movable: {
        free: false,
        showDests: true,
        rookCastle: false,
        events: { after: (from, to) => this.act.play(parseSquare(from) ?? 0, parseSquare(to) ?? 0) },
      },
      premovable: { enabled: false },
      drawable: { enabled: false, visible: true },
      highlight: { lastMove: true, check: true },
    });
  }

  /** Draws the position looked at. Nothing is touched while it stays the same, so a drag under way goes on. */
  draw(state: State): void {
    if (this.ground === null || state.game === null) return;
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
      arrows: live && proposed === null ? arrows(state) : [],
    };
    const drawn = JSON.stringify(view);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const pos = at === null ? null : position(fen);
    const custom: SquareClasses = new Map();
    if (state.cursor !== null) custom.set(makeSquare(state.cursor), 'cursor');
    if (state.picked !== null) {
      custom.set(makeSquare(state.picked), state.picked === state.cursor ? 'cursor picked' : 'picked');
    }
    // A promotion waiting for its piece keeps the pawn where it was dropped.
    const pieces = state.promotion === null ? { fen } : {};
    this.ground.set({
      ...pieces,
      orientation,
      turnColor: turnOf(fen),
      check: pos?.isCheck() ? pos.turn : false,
      ...(highlight === null ? { lastMove: undefined } : { lastMove: keys(highlight) }),
      movable: {
        ...(may ? { color: turnOf(fen) } : { color: undefined }),
        dests: may && pos !== null ? destinations(pos) : new Map(),
      },
      viewOnly: false,
      highlight: { custom },
      drawable: { autoShapes: view.arrows },
    });
  }
}

function afterMove(fen: string, uci: string): string {
  const pos = position(fen);
  const move = parseUci(uci);
  if (move !== undefined) pos.play(move);
  return makeFen(pos.toSetup());
}

/** The open vote on the board: own ballot in green, the leader in blue. */
function arrows(state: State): DrawShape[] {
  const shapes: DrawShape[] = [];
  const mine = ownBallot(state)?.move ?? null;
  const leader = state.game?.vote?.leader ?? null;
  if (leader !== null && leader !== mine) {
    const [orig, dest] = keys(leader);
    shapes.push({ orig, dest, brush: 'blue' });
  }
  if (mine !== null) {
    const [orig, dest] = keys(mine);
    shapes.push({ orig, dest, brush: 'green' });
  }
  return shapes;
}
