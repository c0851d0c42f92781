import { readDemand, type StageAhead, type WaitingStage } from '@hangar/shared/contract/demand';
import type { ScrapeProblem } from './runner-reading.ts';

/** What a runner's `GET /demand` says, and what is wrong with it. */
export interface TargetDemand {
  /** Undefined: it is no such answer. */
  readonly stages: readonly WaitingStage[] | undefined;
  readonly ahead: readonly StageAhead[];
  readonly problems: readonly ScrapeProblem[];
}

/** Reads the answer of `GET /demand`; invalid entries are skipped and reported. */
export function demandOfTarget(target: string, body: string): TargetDemand {
  const cure = 'it must be the response of a Hangar runner: { "waiting": [ { "stageId": … } ] }';
  const problem = (words: string): ScrapeProblem => ({ target, problem: words, cure });
  const read = readDemand(body);
  if (read === undefined)
    return {
      stages: undefined,
      ahead: [],
      problems: [problem('GET /demand is not a list of waiting stages')],
    };
  const { waiting, ahead, lost } = read;
  const problems = lost === 0 ? [] : [problem(`${lost} entries of GET /demand are invalid`)];
  return { stages: waiting, ahead, problems };
}
