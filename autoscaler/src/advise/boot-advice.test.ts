import { describe, expect, it } from 'vitest';
import { bootAdvice } from './boot-advice.ts';

describe('advice on a phase of the boot', () => {
  it.each([
    ['machine', 90, 'warm pool'],
    ['kubelet', 45, 'network plugin'],
    ['image', 30, 'pull them in advance'],
  ] as const)('of %s is given when it takes longer than %d s, and not before', (phase, seconds, words) => {
    expect(bootAdvice({ phase, seconds: seconds + 1, boots: 3 })).toContain(words);
    expect(bootAdvice({ phase, seconds, boots: 3 })).toBeUndefined();
  });
});
