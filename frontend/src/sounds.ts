// Sounds, made with Web Audio: nothing is fetched. Each is a few short notes.

import type { Game } from './api.ts';

export type Sound = 'move' | 'capture' | 'check' | 'proven' | 'yourVote' | 'voted' | 'end';

/** Notes: pitch in Hz, start and length in seconds, loudness 0 to 1. */
const NOTES: Record<Sound, readonly [pitch: number, start: number, length: number, loudness: number][]> = {
  move: [[220, 0, 0.07, 0.5]],
  capture: [
    [180, 0, 0.06, 0.6],
    [120, 0.05, 0.09, 0.6],
  ],
  check: [
    [440, 0, 0.08, 0.4],
    [554, 0.09, 0.14, 0.4],
  ],
  proven: [
    [523, 0, 0.09, 0.35],
    [659, 0.09, 0.09, 0.35],
    [784, 0.18, 0.2, 0.35],
  ],
  yourVote: [
    [392, 0, 0.1, 0.35],
    [523, 0.12, 0.16, 0.35],
  ],
  voted: [[660, 0, 0.08, 0.3]],
  end: [
    [392, 0, 0.16, 0.4],
    [494, 0.14, 0.16, 0.4],
    [587, 0.28, 0.4, 0.4],
  ],
};

/** What to play when one document follows another of the same game. */
export function soundOf(before: Game | null, after: Game): Sound | null {
  if (before === null || before.id !== after.id) return null;
  if (after.state === 'over' && before.state !== 'over') return 'end';
  const played = after.moves.slice(before.moves.length).at(-1);
  if (played !== undefined) {
    if (played.proof !== null) return 'proven';
    if (after.check) return 'check';
    return played.san.includes('x') ? 'capture' : 'move';
  }
  return after.state === 'vote' && before.state !== 'vote' ? 'yourVote' : null;
}

let audio: AudioContext | null = null;

/** Plays a sound. Silent where the browser has no audio, or has not been touched yet. */
export function playSound(sound: Sound): void {
  if (typeof AudioContext === 'undefined' || document.visibilityState !== 'visible') return;
  if (navigator.userActivation?.hasBeenActive === false) return; // browsers refuse, and warn
  audio ??= new AudioContext();
  if (audio.state === 'suspended') void audio.resume();
  for (const [pitch, start, length, loudness] of NOTES[sound]) {
    const [tone, gain] = [audio.createOscillator(), audio.createGain()];
    const at = audio.currentTime + start;
    tone.type = 'triangle';
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0.25 * loudness, at);
    gain.gain.exponentialRampToValueAtTime(0.0005, at + length);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + length);
  }
}
