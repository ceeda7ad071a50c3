import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepTaste, keptTaste, PLAIN } from '../src/taste.ts';
import { storage } from './fakes.ts';

beforeEach(() => void vi.stubGlobal('localStorage', storage()));
afterEach(() => void vi.unstubAllGlobals());

test('a taste is kept; what does not fit is as at first', () => {
  expect(keptTaste()).toEqual(PLAIN);
  keepTaste({ board: 'wood', pieces: 'letters', muted: true });
  expect(keptTaste()).toEqual({ board: 'wood', pieces: 'letters', muted: true });
  for (const text of ['{"board":"../x","pieces":7,"muted":"yes"}', 'null', '[]', 'not JSON']) {
    localStorage.setItem('proofmate:taste', text);
    expect(keptTaste()).toEqual(PLAIN);
  }
});
