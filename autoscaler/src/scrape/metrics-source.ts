/** An answer of a target. */
export interface TargetAnswer {
  readonly status: number;
  readonly contentType: string;
  /** At most {@link MOST_ANSWER_BYTES}: larger answers are rejected. */
  readonly body: string;
}

/** Limit of the size of an answer. */
export const MOST_ANSWER_BYTES = 4 * 2 ** 20;

/** Queries a target. Rejects when there is no answer, when it is too large, or with the signal's reason. */
export interface MetricsSource {
  get(url: string, signal: AbortSignal): Promise<TargetAnswer>;
}
