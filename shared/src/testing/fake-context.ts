import type { CommandContext } from '../program/context.ts';
import { FakeClock } from './fake-clock.ts';

/** A process of the tests, and what a command said. */
export interface FakeContext extends CommandContext {
  readonly clock: FakeClock;
  readonly printed: readonly string[];
  readonly complained: readonly string[];
}

/**
 * A process in which everything stands still: the clock, and chance at one half. Nobody watches.
 *
 * @param files texts by path; there are no others
 * @param own what is otherwise than that
 */
export function fakeContext(
  files: Readonly<Record<string, string>> = {},
  own: Partial<CommandContext> = {},
): FakeContext {
  const [printed, complained]: [string[], string[]] = [[], []];
  return {
    env: {},
    hostname: 'laptop',
    version: '1.2.3',
    random: () => 0.5,
    print: (text) => void printed.push(text),
    complain: (text) => void complained.push(text),
    showProgress: () => undefined,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
      return text;
    },
    stopSignal: () => new AbortController().signal,
    isTerminal: false,
    isColoured: false,
    ...own,
    clock: new FakeClock(),
    printed,
    complained,
  };
}
