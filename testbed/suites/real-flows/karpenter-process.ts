import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { errorText } from '@hangar/shared/error-text';
import { orAborted } from '@hangar/shared/or-aborted';
import { Child } from '@hangar/shared/testing/child-process';

/** A Go program that panics writes some fifteen lines after the one with the reason. */
const LAST_LINES = 20;

/** What is started. */
export interface KarpenterProgram {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole of what it sees. */
  readonly env: Readonly<Record<string, string>>;
  /** The file of its output. */
  readonly log: string;
}

/** Karpenter as a child process; its end is noticed at once, so that waits for it fail early. */
export class KarpenterProcess {
  readonly #child: Child;
  readonly #gone = new AbortController();
  readonly #ended: Promise<void>;

  constructor({ program, args, env, log }: KarpenterProgram) {
    const output = openSync(log, 'w');
    this.#child = new Child(program, args, { env, output });
    closeSync(output);
    const killHard = (): void => this.#child.kill('SIGKILL');
    // A sudden exit leaves no Karpenter behind: it would serve every NodePool of the cluster.
    process.once('exit', killHard);
    this.#ended = endOf(this.#child).then(async (how) => {
      process.off('exit', killHard);
      const text = await readFile(log, 'utf8').catch(String);
      const last = text.trim().split('\n').slice(-LAST_LINES).join('\n');
      this.#gone.abort(new Error(`${program} ${how}; the end of its log:\n${last}`));
    });
  }

  /** Aborted when it has ended, for any reason; the reason contains the last lines of its log. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** The answer of work that needs it alive; rejects with the reason of {@link gone} when it ends before. */
  needs<T>(work: Promise<T>): Promise<T> {
    return orAborted(work, this.gone);
  }

  /** Ends it, and resolves when it has ended. */
  async end(): Promise<void> {
    await this.#child.end().catch(() => undefined);
    await this.#ended;
  }
}

const endOf = ({ exit }: Child): Promise<string> =>
  exit.then(
    ({ code, signal }) => `ended with ${signal ?? code}`,
    (error: unknown) => `did not start: ${errorText(error)}`,
  );
