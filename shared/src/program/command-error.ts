import { EXIT, type ExitCode } from './exit-codes.ts';

/** Ends a command: the message is written to standard error, without a stack, with problem and remedy. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** The command line is invalid; the message also refers to the help. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string) {
    super(EXIT.usage, message);
  }
}

/** The configuration is invalid; all problems are reported together. `subject`: what they are about. */
export class ConfigError extends CommandError {
  override readonly name = 'ConfigError';
  readonly problems: readonly string[];

  constructor(problems: readonly string[], subject = 'the configuration') {
    const head =
      problems.length === 1
        ? `one thing is wrong with ${subject}:`
        : `${problems.length} things are wrong with ${subject}:`;
    super(EXIT.config, [head, ...problems.map((problem) => `  - ${problem}`)].join('\n'));
    this.problems = problems;
  }
}
