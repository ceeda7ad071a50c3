// The key of a position: apart from the rest of chess, because only signing and checking need a hash.

import type { Chess } from 'chessops/chess';
import { encodeAbiParameters, type Hex, keccak256 } from 'viem';
import { words } from './position.ts';

/** Chess.key: what ballots sign as "position" and what repetition compares. */
export function positionKey(pos: Chess): Hex {
  const { board, rights } = words(pos);
  return keccak256(encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [board, rights]));
}
