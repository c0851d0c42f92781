/** Who has to act. Only `pipeline` texts are the author's business; the others are for who runs the cluster. */
export type Blame = 'pipeline' | 'operator' | 'cluster' | 'bug';

/**
 * A stage that can't be run as it stands. `message` is the text that the author reads on the stage.
 * `code` is one word of the closed list in `failures.ts`, used as metric label.
 */
export class PipelineError extends Error {
  override readonly name = 'PipelineError';
  readonly code: string;
  readonly blame: Blame;

  constructor(code: string, message: string, options: { blame?: Blame; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.blame = options.blame ?? 'pipeline';
  }
}
