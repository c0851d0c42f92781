import type { CommandContext } from '@hangar/shared/program/context';
import type { ExitCode } from '@hangar/shared/program/exit-codes';
import { runProgram } from '@hangar/shared/program/program';
import { fakeContext } from '@hangar/shared/testing/fake-context';
import { RUNNER } from '../commands.ts';
// Commands are loaded when they are run; loaded here before any test, so that no test waits for it.
import '../compile.ts';
import '../daemon.ts';
import '../doctor.ts';
import '../exec.ts';
import '../fmt.ts';
import '../lint.ts';

/** The result of a command line: its exit code, and its output. */
export interface CommandLineEnd {
  readonly code: ExitCode;
  readonly printed: readonly string[];
  readonly complained: readonly string[];
  /** Texts of the files that were written, by path. */
  readonly written: ReadonlyMap<string, string>;
}

/** Runs `hangar-runner` with these arguments and files, in this process. */
export async function commandLine(
  words: readonly string[],
  files: Readonly<Record<string, string>> = {},
  own: Partial<CommandContext> = {},
): Promise<CommandLineEnd> {
  const context = fakeContext(files, own);
  const code = await runProgram(RUNNER, words, context);
  const { printed, complained, written } = context;
  return { code, printed, complained, written };
}

/** A file with one pipeline `default` of the given lines below `steps:`. */
export const stepsOf = (...lines: readonly string[]): string =>
  ['kind: pipeline', 'type: kubernetes', 'name: default', 'steps:', ...lines, ''].join('\n');

/** A kubeconfig of a cluster that never answers: port 1 of loopback. */
export const KUBECONFIG = JSON.stringify({
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'c',
  clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
  users: [{ name: 'u', user: {} }],
  contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
});
