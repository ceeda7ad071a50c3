// The network's side: the proof as it grows, what the network thought, its passport, and "check it yourself".

import { html, nothing } from 'lit-html';
import type { Actions } from '../actions/index.ts';
import { type Progress, proofPath, type Step, type Thinking } from '../api.ts';
import { CHECKS } from '../checks.ts';
import { thoughtsAt } from '../crowd.ts';
import { grouped, percent, shortHex } from '../format.ts';
import { chainNow, type State, shown } from '../state.ts';
import { w } from '../words/index.ts';
import { card, type Drawn, link, share } from './dom.ts';
import { drawing } from './drawings.ts';
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
  if (live) return game.proof;
  if (last?.proof == null) return null;
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
  if (game === null) return nothing;
  const progress = progressOf(state);
  const verified = progress?.step === 'verified';
  const path = progress === null ? '' : proofPath(game.id, progress.ply);
  const tx = progress?.tx ?? null;
  const explorer = config?.explorer?.startsWith('https://') ? config.explorer.replace(/\/$/, '') : null;
  const { about, links } = w.proof;
  const rows: Record<Exclude<Step, 'queued'>, [what: string, check: unknown]> = {
    witness: [about.witness, link(`/api/v1/model?model=${game.terms.model}`, links.network)],
    commitments: [about.commitments, verified ? link(path, links.proof) : nothing],
    quotient: [about.quotient, html`<a href="#title-passport">${links.key}</a>`],
    opening: [about.opening, html`<a href="#title-passport">${links.setup}</a>`],
    submitted: [
      about.submitted,
      tx === null
        ? nothing
        : explorer === null
          ? html`<code title=${tx}>${shortHex(tx)}</code>`
          : link(`${explorer}/tx/${tx}`, shortHex(tx)),
    ],
    verified: [
      verified && progress.block !== null
        ? w.proof.inBlock(progress.block, grouped(progress.gas ?? 0))
        : about.verified,
      verified
        ? html`<button class="inline" id="check" @click=${() => act.check(progress.ply)}>${links.check}</button>`
        : nothing,
    ],
  };
  const seconds =
    progress === null
      ? null
      : verified
        ? progress.seconds
        : Math.max(progress.seconds ?? 0, chainNow(state) - progress.started);
  const { last, live } = shown(state);
  if (progress === null && !live && last?.by === 'world') {
    return card('proof', w.proof.title, html`<p class="fine">${w.story.ofWorld}</p>`);
  }
  const played = progress === null ? undefined : game.moves[progress.ply];
  const subject =
    progress === null
      ? w.proof.none
      : played === undefined
        ? progress.step === 'queued'
          ? w.proof.queued
          : w.proof.underWay
        : played.by === 'understudy'
          ? w.proof.ofStandIn(played.san)
          : w.proof.of(played.san);
  return card(
    'proof',
    w.proof.title,
    html`
      <p class="subject">${subject}</p>
      ${story(progress)}
      <progress max="1" .value=${verified ? 1 : (progress?.fraction ?? 0)} class=${verified ? 'done' : ''} aria-label=${w.proof.title}></progress>
      <details class="deeper">
      <summary>${w.story.deeper}</summary>
      <ol class="proof-steps">
        ${STEPS.map((step) => {
          const [what, check] = rows[step];
          const mark = markOf(step, progress);
          return html`
            <li class=${mark} aria-current=${mark === 'active' ? 'step' : nothing}>
              <span class="dot" aria-hidden="true"></span>
              <span class="sr">${w.proof.marks[mark]}</span>
              <b>${w.proof.steps[step]}</b><small>${what}</small><span class="proof-check">${check}</span>
            </li>
          `;
        })}
      </ol>
      </details>
    `,
    seconds === null ? nothing : html`<span class="clock">${seconds.toFixed(verified ? 1 : 0)} s</span>`,
  );
}

/** What of the proof's steps each drawn step of the story waits for. */
const STORY = [
  ['look', 'witness'],
  ['write', 'opening'],
  ['check', 'submitted'],
  ['play', 'verified'],
] as const;

/** The proof as a player would tell it, each step with a drawing of what it does. */
function story(progress: Progress | null): Drawn {
  return html`
    <ol class="story">
      ${STORY.map(([name, until]) => {
        const [title, about] = w.story.steps[name];
        const mark = storyMark(name, until, progress);
        return html`
          <li class=${mark} aria-current=${mark === 'active' ? 'step' : nothing}>
            ${drawing(name)}<span class="sr">${w.proof.marks[mark]}</span><b>${title}</b><small>${about}</small>
          </li>
        `;
      })}
    </ol>
  `;
}

function storyMark(name: keyof typeof w.story.steps, until: Step, progress: Progress | null): Mark {
  const mark = markOf(until, progress);
  if (name !== 'write' || mark !== 'waiting') return mark;
  const begun = (['commitments', 'quotient'] as const).some((step) => markOf(step, progress) === 'active');
  return begun ? 'active' : 'waiting';
}

/** The thoughts behind the move looked at; at the live position, the network's last. */
function thoughtsSeen(state: State): Thinking | null {
  const { game } = state;
  const { last, live } = shown(state);
  if (game === null) return null;
  if (live || last === null) return live ? game.thinking : null;
  return thoughtsAt(state, last.ply);
}

export function thinking(state: State): Drawn {
  const { game } = state;
  if (game === null) return nothing;
  const { last, live } = shown(state);
  const thought = thoughtsSeen(state);
  const played = thought === null ? undefined : (game.moves[thought.ply]?.move ?? thought.choice);
  const silent = live || last === null ? w.proof.none : last.by === 'world' ? w.story.ofWorld : w.story.notKnown;
  const most = Math.max(...(thought?.moves.map((m) => m.probability) ?? [1]), 0.01);
  return card(
    'thinking',
    w.thinking.title,
    html`
      <p class="fine">${w.thinking.about}</p>
      <ol class="thoughts">
        ${
          thought === null
            ? html`<li class="none">${silent}</li>`
            : thought.moves.map(
                (m) => html`
                  <li class=${m.legal ? (m.move === played ? 'played' : '') : 'illegal'} ${share(m.probability / most)}>
                    ${m.legal ? html`<b>${m.san ?? m.move}</b>` : html`<s><span class="sr">${w.thinking.illegal} </span>${m.move}</s>`}
                    ${m.legal && m.move === played ? html`<small>${w.thinking.played}</small>` : nothing}
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
    w.check.title,
    html`
      <p class="fine">${w.check.about}</p>
      <button
        class="quiet"
        id="run-check"
        ?disabled=${target === undefined || checked?.running === true}
        @click=${() => target !== undefined && act.check(target.ply)}
      >
        ${checked?.running ? w.check.running : target === undefined ? w.check.none : w.check.check(target.san)}
      </button>
      ${checked === null ? nothing : html`<p class="subject">${w.proof.of(san)}</p>`}
      <ol class="findings" aria-live="polite">
        ${CHECKS.map((name, i) => {
          const finding = checked?.findings[i];
          const now = checked?.running === true && i === checked.findings.length;
          const mark = finding === undefined ? (now ? 'active' : 'waiting') : finding.passed ? 'done' : 'failed';
          return html`
            <li class=${mark}>
              <span class="dot" aria-hidden="true"></span>
              <span>${w.check.checks[name]}<small>${finding === undefined ? (now ? w.check.now : '\u00a0') : finding.detail}</small></span>
            </li>
          `;
        })}
      </ol>
      ${checked?.problem ? html`<p class="problem">${checked.problem}</p>` : nothing}
      ${passed ? html`<p class="verdict ${good ? 'good' : 'bad'}">${good ? w.check.valid(san ?? '') : w.check.invalid(san ?? '')}</p>` : nothing}
    `,
  );
}

/** Facts of the passport with a line of their own, in this order. */
const FACTS = [
  ['name', String],
  ['parameters', (v) => grouped(Number(v))],
  ['multiply_adds', (v) => millions(Number(v))],
  ['convolutions', String],
  ['channels', String],
  ['k', (v) => grouped(2 ** Number(v))],
  ['networkHash', String],
  ['verifyingKeyHash', String],
  ['verifier', String],
  ['codeHash', String],
] as const satisfies readonly [string, (value: unknown) => string][];

export function passport(state: State): Drawn {
  const facts = state.passport;
  if (facts === null) return nothing;
  const strength = facts.strength;
  return card(
    'passport',
    w.passport.title,
    html`
      <dl class="facts">
        ${FACTS.filter(([key]) => facts[key] !== undefined && facts[key] !== null).map(([key, show]) => {
          const text = show(facts[key]);
          return html`<div><dt>${w.passport[key]}</dt><dd title=${text}>${text.startsWith('0x') || text.length > 40 ? html`<code>${shortHex(text)}</code>` : text}</dd></div>`;
        })}
        <div>
          <dt>${w.passport.setup}</dt>
          <dd>${facts.insecure === true ? html`<em class="warn">${w.passport.insecure}</em>` : w.passport.ceremony}</dd>
        </div>
        <div><dt>${w.passport.strength}</dt><dd>${strengthText(strength)}</dd></div>
      </dl>
      <p class="fine">
        ${link(`/api/v1/model?model=${state.game?.terms.model ?? 0}`, w.passport.whole)}. ${w.passport.public}
      </p>
    `,
  );
}

/** The passport's first match, its score with interval and opponent; "not measured yet" without one. */
export function strengthText(strength: unknown): string {
  const matches = typeof strength === 'object' && strength !== null && 'matches' in strength && strength.matches;
  return (Array.isArray(matches) ? matchText(matches[0]) : null) ?? w.passport.notMeasured;
}

function matchText(match: unknown): string | null {
  if (typeof match !== 'object' || match === null) return null;
  const { opponent, score, games, interval } = match as Record<string, unknown>;
  if (typeof score !== 'number' || typeof opponent !== 'string') return null;
  const range =
    Array.isArray(interval) && interval.length === 2
      ? w.passport.range(percent(Number(interval[0])), percent(Number(interval[1])))
      : null;
  return w.passport.match(percent(score), range, opponent, String(games));
}
