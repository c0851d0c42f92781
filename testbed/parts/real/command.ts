import { Child } from '@hangar/shared/testing/child-process';

/** How a child process is run; the environment is the whole of what it sees. */
export interface CommandOptions {
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
  readonly input?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

/** What a command left behind. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and gives what it wrote; rejects only when it can't be started. */
export async function attempt(
  program: string,
  args: readonly string[],
  { environment: env, folder, signal, input }: CommandOptions = {},
): Promise<CommandResult> {
  const child = new Child(program, args, { env, folder, signal, input: 'open' });
  // A program may end before it has read its input; its exit code reports that.
  child.input?.on('error', () => undefined);
  child.input?.end(input);
  const { code } = await child.exit;
  return { exitCode: code ?? 137, stdout: child.out, stderr: child.errors };
}

/** Runs a program and gives its output; throws with the end of its error output when it fails. */
export async function runOrThrow(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(program, args, options);
  if (exitCode === 0) return stdout;
  const said = stderr.trim().split('\n').slice(-15).join('\n');
  throw new Error(`${program} ${args.slice(0, 4).join(' ')} ended with ${exitCode}:\n${said}`);
}
