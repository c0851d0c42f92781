import { FakeClock } from '@hangar/shared/testing/fake-clock';
import type { Surroundings } from '../../command.ts';

/** A process of the tests: files by name, and what a command said. */
export interface Surrounding extends Surroundings {
  readonly printed: string[];
  readonly complained: string[];
}

/** Everything stands still: the clock, and chance at one half. */
export function aSurrounding(
  files: Readonly<Record<string, string>> = {},
  env: Readonly<Record<string, string>> = {},
): Surrounding {
  const printed: string[] = [];
  const complained: string[] = [];
  return {
    printed,
    complained,
    env,
    host: { hostname: 'laptop', version: '0.1.0', namespace: '' },
    clock: new FakeClock(),
    random: () => 0.5,
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
    stop: new AbortController().signal,
  };
}

/** A file with one pipeline `default` of the given lines below `steps:`. */
export const stepsOf = (...lines: readonly string[]): string =>
  ['kind: pipeline', 'type: kubernetes', 'name: default', 'steps:', ...lines, ''].join('\n');
