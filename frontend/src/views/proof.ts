// The network's side: the proof as it grows, what the network thought, its passport, and "check it yourself".

import { html, nothing } from 'lit-html';
import { type Progress, proofPath, type Step } from '../api.ts';
import { grouped, percent, shortHex } from '../format.ts';
import { type Actions, chainNow, type State, shown } from '../state.ts';
import { CHECKS } from '../verify.ts';
import { card, type Drawn, link, share } from './dom.ts';
import { millions } from './game.ts';

const STEPS: readonly Exclude<Step, 'queued'>[] = [
  'witness',
  'commitments',
  'quotient',
  'opening',
  'submitted',
  'verified',
];

/** The proof to show: of the move looked at if it is a proven one, else the one under way or the last. */
export function progressOf(state: State): Progress | null {
  const { game } = state;
  if (game === null) return null;
  const { last, live } = shown(state);
  if (live || last?.proof == null) return game.proof;
  const { gas, block, seconds } = last.proof;
  return { ply: last.ply, step: 'verified', fraction: 1, started: 0, seconds, tx: last.tx, block, gas };
}

type Mark = 'done' | 'active' | 'waiting';

export function markOf(step: Step, progress: Progress | null): Mark {
  if (progress === null) return 'waiting';
  const at = progress.step === 'queued' ? -1 : STEPS.indexOf(progress.step);
  const here = STEPS.indexOf(step as Exclude<Step, 'queued'>);
  if (progress.step === 'verified' || here < at) return 'done';
  return here === at ? 'active' : 'waiting';
}

export function proof(state: State, act: Actions): Drawn {
  const { game, config } = state;
  if (game === null || config === null) return nothing;
  const progress = progressOf(state);
  const verified = progress?.step === 'verified';
  const path = progress === null ? '' : proofPath(game.id, progress.ply);
  const tx = progress?.tx ?? null;
  const explorer = config.explorer?.startsWith('https://') ? config.explorer.replace(/\/$/, '') : null;
  const rows: Record<Exclude<Step, 'queued'>, [what: string, check: unknown]> = {
    witness: ['every activation', link(`/api/model?model=${game.terms.model}`, 'network')],
    commitments: ['bound first', verified ? link(path, 'proof') : nothing],
    quotient: ['all constraints', html`<a href="#title-passport">key</a>`],
    opening: ['at one random point', html`<a href="#title-passport">setup</a>`],
    submitted: [
      'to the contract',
      tx === null
        ? nothing
        : explorer === null
          ? html`<code title=${tx}>${shortHex(tx)}</code>`
          : link(`${explorer}/tx/${tx}`, shortHex(tx)),
    ],
    verified: [
      verified && progress.block !== null
        ? `block ${progress.block}, ${grouped(progress.gas ?? 0)} gas`
        : 'by the chain',
      verified
        ? html`<button class="inline" id="check" @click=${() => act.check(progress.ply)}>check</button>`
        : nothing,
    ],
  };
  const seconds =
    progress === null
      ? null
      : verified
        ? progress.seconds
        : Math.max(progress.seconds ?? 0, chainNow(state) - progress.started);
  const played = progress === null ? undefined : game.moves[progress.ply];
  const title =
    progress === null ? 'Proof' : played === undefined ? 'Proof under way' : html`Proof of <b>${played.san}</b>`;
  return card(
    'proof',
    'Proof',
    html`
      <p class="subject">
        ${
          progress === null
            ? 'The network has not moved yet.'
            : title === 'Proof under way'
              ? progress.step === 'queued'
                ? 'Waiting for a prover.'
                : 'The next move is being proven.'
              : html`${title}${played?.by === 'understudy' ? ', by the understudy' : nothing}`
        }
      </p>
      <progress max="1" .value=${verified ? 1 : (progress?.fraction ?? 0)} class=${verified ? 'done' : ''} aria-label="Proof"></progress>
      <ol class="proof-steps">
        ${STEPS.map((step) => {
          const [what, check] = rows[step];
          const mark = markOf(step, progress);
          return html`
            <li class=${mark} aria-current=${mark === 'active' ? 'step' : nothing}>
              <span class="dot" aria-hidden="true"></span>
              <span class="sr">${{ done: 'done:', active: 'now:', waiting: 'to come:' }[mark]}</span>
              <b>${step}</b><small>${what}</small><span class="proof-check">${check}</span>
            </li>
          `;
        })}
      </ol>
    `,
    seconds === null ? nothing : html`<span class="clock">${seconds.toFixed(verified ? 1 : 0)} s</span>`,
  );
}

export function thinking(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const thought = game.thinking;
  const played = thought === null ? undefined : game.moves[thought.ply]?.move;
  const most = Math.max(...(thought?.moves.map((m) => m.probability) ?? [1]), 0.01);
  return card(
    'thinking',
    'What the network thought',
    html`
      <p class="fine">
        Its ten best moves by score. It does not know the rules: the contract skips illegal moves, and the proof shows that
        no better legal one was skipped.
      </p>
      <ol class="thoughts">
        ${
          thought === null
            ? html`<li class="none">The network has not moved yet.</li>`
            : thought.moves.map(
                (m) => html`
                  <li class=${m.legal ? (m.move === played ? 'played' : '') : 'illegal'} ${share(m.probability / most)}>
                    ${m.legal ? html`<b>${m.san ?? m.move}</b>` : html`<s><span class="sr">illegal: </span>${m.move}</s>`}
                    <em>${percent(m.probability)}</em>
                  </li>
                `,
              )
        }
      </ol>
    `,
  );
}

export function check(state: State, act: Actions): Drawn {
  const { game, check: checked } = state;
  if (game === null) return nothing;
  const proven = game.moves.filter((m) => m.proof !== null);
  const ply = progressOf(state)?.ply ?? null;
  const target = proven.find((m) => m.ply === ply) ?? proven.at(-1);
  const passed = checked !== null && !checked.running && checked.problem === null;
  const good = passed && checked.findings.every((f) => f.passed);
  const san = checked === null ? undefined : game.moves[checked.ply]?.san;
  return card(
    'check',
    'Check it yourself',
    html`
      <p class="fine">
        The verifier’s own byte code runs in this tab, on the proof taken from the chain, for public words computed here
        from the position. The server is not asked for an opinion.
      </p>
      <button
        class="quiet"
        id="run-check"
        ?disabled=${target === undefined || checked?.running === true}
        @click=${() => target !== undefined && act.check(target.ply)}
      >
        ${checked?.running ? 'Checking…' : target === undefined ? 'No proven move yet' : html`Check <b>${target.san}</b>`}
      </button>
      ${checked === null ? nothing : html`<p class="subject">Proof of <b>${san}</b></p>`}
      <ol class="findings" aria-live="polite">
        ${CHECKS.map((text, i) => {
          const finding = checked?.findings[i];
          const now = checked?.running === true && i === checked.findings.length;
          const mark = finding === undefined ? (now ? 'active' : 'waiting') : finding.passed ? 'done' : 'failed';
          return html`
            <li class=${mark}>
              <span class="dot" aria-hidden="true"></span>
              <span>${text}<small>${finding === undefined ? (now ? 'checking…' : '\u00a0') : finding.detail}</small></span>
            </li>
          `;
        })}
      </ol>
      ${checked?.problem ? html`<p class="problem">${checked.problem}</p>` : nothing}
      ${passed ? html`<p class="verdict ${good ? 'good' : 'bad'}">${good ? `Valid: the proof of ${san}, checked in your browser.` : `Not valid: the proof of ${san}. Tell everyone.`}</p>` : nothing}
    `,
  );
}

/** Facts of the passport with a line of their own, in this order. */
const FACTS: readonly [key: string, label: string, show: (value: unknown) => string][] = [
  ['name', 'Network', String],
  ['parameters', 'Parameters', (v) => grouped(Number(v))],
  ['multiply_adds', 'Multiply-adds', (v) => millions(Number(v))],
  ['convolutions', 'Convolutions', String],
  ['channels', 'Channels', String],
  ['k', 'Circuit rows', (v) => grouped(2 ** Number(v))],
  ['networkHash', 'Network, sha256', String],
  ['verifyingKeyHash', 'Verifying key', String],
  ['verifier', 'Verifier', String],
  ['codeHash', 'Verifier’s code', String],
];

export function passport(state: State): Drawn {
  const facts = state.passport;
  if (facts === null) return nothing;
  const strength = facts.strength;
  return card(
    'passport',
    'The network’s passport',
    html`
      <dl class="facts">
        ${FACTS.filter(([key]) => facts[key] !== undefined && facts[key] !== null).map(([key, label, show]) => {
          const text = show(facts[key]);
          return html`<div><dt>${label}</dt><dd title=${text}>${text.startsWith('0x') || text.length > 40 ? html`<code>${shortHex(text)}</code>` : text}</dd></div>`;
        })}
        <div>
          <dt>Setup</dt>
          <dd>${facts.insecure === true ? html`<em class="warn">insecure, from a known seed</em>` : 'a public ceremony’s'}</dd>
        </div>
        <div><dt>Strength</dt><dd>${strengthText(strength)}</dd></div>
      </dl>
      <p class="fine">
        ${link(`/api/model?model=${state.game?.terms.model ?? 0}`, 'The whole passport')}. Weights, circuit and verifier are public.
      </p>
    `,
  );
}

/** The passport's first match, its score with interval and opponent; "not measured yet" without one. */
export function strengthText(strength: unknown): string {
  const matches = typeof strength === 'object' && strength !== null && 'matches' in strength && strength.matches;
  return (Array.isArray(matches) ? matchText(matches[0]) : null) ?? 'not measured yet';
}

function matchText(match: unknown): string | null {
  if (typeof match !== 'object' || match === null) return null;
  const { opponent, score, games, interval } = match as Record<string, unknown>;
  if (typeof score !== 'number' || typeof opponent !== 'string') return null;
  const range =
    Array.isArray(interval) && interval.length === 2
      ? ` (${percent(Number(interval[0]))} to ${percent(Number(interval[1]))})`
      : '';
  return `${percent(score)}${range} against ${opponent}, ${String(games)} games`;
}
