import { PipelineError } from '../pipeline/pipeline-error.ts';
import { doublestarMatch } from './doublestar.ts';

/** Maximum of pattern characters times value characters for one pipeline: a hundred times the need of a large one. */
const MAX_WORK = 20_000_000;
/** The cost of preparing a pattern or a value, in characters. */
const OVERHEAD = 8;

/**
 * Compares the globs of one pipeline's conditions with the build's values. Each pair is compared once, however many steps share it by
 * an alias, and all pairs share one budget.
 */
export class GlobMatcher {
  private readonly known = new Map<string, Map<string, boolean>>();
  private spent = 0;

  /** Pattern characters times value characters that were compared. */
  get work(): number {
    return this.spent;
  }

  /** @throws {PipelineError} `pipeline-too-large`, once all comparisons together are too much work */
  matches(glob: string, value: string): boolean {
    const ofValue = this.known.get(value) ?? new Map<string, boolean>();
    this.known.set(value, ofValue);
    const known = ofValue.get(glob);
    this.spend(known === undefined ? (glob.length + OVERHEAD) * (value.length + OVERHEAD) : OVERHEAD);
    if (known !== undefined) return known;
    const isMatch = doublestarMatch(glob, value);
    ofValue.set(glob, isMatch);
    return isMatch;
  }

  private spend(work: number): void {
    this.spent += work;
    if (this.spent <= MAX_WORK) return;
    throw new PipelineError(
      'pipeline-too-large',
      'the conditions under "when" have too many or too long globs for one pipeline; write fewer or shorter ones',
    );
  }
}
