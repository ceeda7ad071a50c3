// How the World voted: the result that stays, and the candidates of the moment that is looked at.

import { html, nothing } from 'lit-html';
import type { Candidate } from '../api.ts';
import { lastVoted, moveNumberAt, moveSeen, part, told, underProof, voteAt, wasVoted } from '../crowd.ts';
import { coins, percent } from '../format.ts';
import { accountOf, type State, shown } from '../state.ts';
import { w } from '../words/index.ts';
import { card, type Drawn, share } from './dom.ts';

/** Candidates with bars as long as their share. The list scrolls, so the keyboard must reach it. */
export function candidateList(
  candidates: readonly Candidate[],
  world: string,
  leader: string | null,
  label: string,
): Drawn {
  return html`
    <ol class="candidates" aria-label=${label} tabindex="0">
      ${
        candidates.length === 0
          ? html`<li class="none">${w.vote.noBallot}</li>`
          : candidates.map(
              (c) => html`
                <li class=${c.move === leader ? 'leader' : ''} ${share(part(c.weight, world))}>
                  <b>${c.san}</b>
                  <span>${w.vote.candidate(coins(c.weight), c.ballots)}</span>
                  <em>${percent(part(c.weight, world))}</em>
                </li>
              `,
            )
      }
    </ol>
  `;
}

/** The result of the last vote, and whether this account took part in it. */
export function lastResult(state: State): Drawn {
  const { game } = state;
  const ply = game === null ? null : lastVoted(game);
  if (game === null || ply === null || state.plies?.votes.get(ply) === 'absent') return nothing;
  const vote = voteAt(state, ply);
  if (vote === null) return html`<p class="told"></p>`; // asked for: its line is kept free
  const text = html`${w.crowd.last} <b>${told(vote)}.</b> ${ownPart(state, vote.ply)}`;
  return html`<p class="told" id="last-result">${text}</p>`;
}

/** The candidates of the last vote, while the network answers it. */
export function lastCandidates(state: State): Drawn {
  const ply = state.game === null ? null : lastVoted(state.game);
  const vote = ply === null ? null : voteAt(state, ply);
  if (vote === null) return html`<ol class="candidates"></ol>`;
  return candidateList(vote.candidates, vote.world, vote.move, w.crowd.candidates);
}

/** Says that this account took no part in the last vote: only if it was asked for after that vote had closed. */
function ownPart(state: State, ply: number): Drawn {
  const account = accountOf(state);
  const asked = state.plies?.votes.get(ply);
  if (account === null || account.side !== 'world' || account.seat === null) return nothing;
  if (typeof asked !== 'object' || account.version < asked.version) return nothing;
  if (account.votedPly !== null && account.votedPly >= ply) return nothing;
  return html`<span class="missed">${w.crowd.missed}</span>`;
}

/** The vote on the move that is looked at. */
export function crowd(state: State): Drawn {
  const { game } = state;
  const move = moveSeen(state);
  // While the network answers a vote, its candidates stand with what can be done now.
  if (game === null || move === null || !wasVoted(move) || (game.state === 'prove' && shown(state).live))
    return nothing;
  const asked = state.plies?.game === game.id ? state.plies.votes.get(move.ply) : undefined;
  const vote = voteAt(state, move.ply);
  const aside = html`<small class="fine">${w.crowd.ofMove(moveNumberAt(game, move.ply))}</small>`;
  const body =
    vote === null
      ? html`<p class="fine">${asked === 'absent' ? w.crowd.unknown : w.crowd.loading}</p>`
      : html`
          <p class="told">${told(vote)}</p>
          ${candidateList(vote.candidates, vote.world, vote.move, w.crowd.candidates)}
          <p class="fine">${w.crowd.shares(percent(part(vote.castWeight, vote.world)))}</p>
        `;
  return card('crowd', w.crowd.title, body, aside);
}

/** The move under proof, told while one waits for it. */
export function chosen(state: State): Drawn {
  const { game } = state;
  if (game?.state !== 'prove') return nothing;
  const move = underProof(state);
  if (move === null) return html`<p class="lead">${w.ghost.thinking}</p>`;
  const by = w.by[game.mover === 'understudy' ? 'understudy' : 'leela'];
  return html`<p class="lead">${w.ghost.chosen(by, move.san)} <span class="grown">${w.ghost.grown(percent(move.fraction))}</span></p>`;
}
