import type { ErrorPlace } from '../pipeline/pipeline-error.ts';

/** A message about a place in a file. */
export interface Remark extends ErrorPlace {
  readonly message: string;
}
