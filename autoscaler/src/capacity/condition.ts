/** One thing that is not as it should be, in words with the cure. */
export interface Condition {
  /** `stale`: nothing true can be decided; `partial`: less is known; `note`: good to know. */
  readonly weight: 'stale' | 'partial' | 'note';
  readonly text: string;
  /** For programs that read it, as conditions of Kubernetes have it; the status is False. Undefined: people read the text. */
  readonly type?: 'WaitBoundHeld';
  readonly reason?: 'PoolMaximum' | 'Exceeded';
}
