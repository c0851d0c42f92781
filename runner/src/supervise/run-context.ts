import type { V1Pod } from '@kubernetes/client-node';
import type { StageState } from '../pipeline/stage-state.ts';
import type { Reporter } from '../report/reporter.ts';
import type { PodView } from '../watch/observe.ts';
import type { PodNotice } from '../watch/pod-notice.ts';
import type { Trouble } from '../watch/trouble.ts';
import type { ChangeNotifier } from './change-notifier.ts';

/** What the steps see of the flight they belong to. */
export interface RunContext {
  readonly changes: ChangeNotifier;
  readonly reporter: Pick<Reporter, 'step' | 'stepId' | 'knows'>;
  /** Aborted when nothing more is to be waited for. */
  readonly halt: AbortSignal;
  state(): StageState;
  view(): PodView;
  pod(): V1Pod;
  gone(): boolean;
  /** What Events told of the Pod. */
  notices(): readonly PodNotice[];
  /** The end of the stage is decided: no further step is begun. */
  concluded(): boolean;
  /** Aborted when this process hands over, or the Pod is another replica's. */
  readonly leaving: AbortSignal;
  /** Handed over: whoever comes next reads the logs from their start, and uploads them. */
  left(): boolean;
  change(next: StageState): void;
  /** The server has another version of a step: it was cancelled, unless it is to be reported again. */
  conflict(): Promise<'over' | 'report-again'>;
  broken(trouble: Trouble): void;
}
