import type { CommandContext } from '../program/context.ts';
import { FakeClock } from './fake-clock.ts';

/** A fake process, with the output of a command. */
export interface FakeContext extends CommandContext {
  readonly clock: FakeClock;
  readonly printed: readonly string[];
  readonly complained: readonly string[];
  /** Texts of the files that were written, by path. */
  readonly written: ReadonlyMap<string, string>;
}

/**
 * A fake process: the clock is stopped, random numbers are 0.5, and there is no terminal.
 *
 * @param files texts by path; no other files exist
 * @param own overrides
 */
export function fakeContext(
  files: Readonly<Record<string, string>> = {},
  own: Partial<CommandContext> = {},
): FakeContext {
  const [printed, complained]: [string[], string[]] = [[], []];
  const written = new Map<string, string>();
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
    writeFile: (path, text) => void written.set(path, text),
    stopSignal: () => new AbortController().signal,
    isTerminal: false,
    isColoured: false,
    ...own,
    clock: new FakeClock(),
    printed,
    complained,
    written,
  };
}
