/** An answer of a target. */
export interface TargetAnswer {
  readonly status: number;
  readonly contentType: string;
  /** At most {@link MOST_ANSWER_BYTES}: an edge refuses more. */
  readonly body: string;
}

/** The most that a target may send. */
export const MOST_ANSWER_BYTES = 32 * 2 ** 20;

/** How targets are asked. Rejects when there is no answer, when it is too large, or with the signal's reason. */
export interface MetricsSource {
  get(url: string, signal: AbortSignal): Promise<TargetAnswer>;
}
