import type { V1Pod } from '@kubernetes/client-node';
import type { StageState } from '../pipeline/stage-state.ts';
import type { Reporter } from '../report/reporter.ts';
import type { PodView } from '../watch/observe.ts';
import type { PodNotice } from '../watch/pod-notice.ts';
import type { Trouble } from '../watch/trouble.ts';
import type { ChangeNotifier } from './change-notifier.ts';

/** The part of a stage run that its steps use. */
export interface RunContext {
  readonly changes: ChangeNotifier;
  readonly reporter: Pick<Reporter, 'step' | 'stepOfOpenStage' | 'stepId' | 'knows'>;
  /** Aborted when steps must stop waiting. */
  readonly halt: AbortSignal;
  state(): StageState;
  view(): PodView;
  pod(): V1Pod;
  gone(): boolean;
  /** Notices from the Pod's Events. */
  notices(): readonly PodNotice[];
  /** The end of the stage is decided: no further step is started. */
  concluded(): boolean;
  /** The same, or it was decided before this process began to supervise the stage. */
  isEnding(): boolean;
  /** Aborted when this process hands over, or another replica owns the Pod. */
  readonly leaving: AbortSignal;
  /** Handed over: the next owner reads the logs from their start and uploads them. */
  left(): boolean;
  change(next: StageState): void;
  /** The server has another version of a step: the build was cancelled, unless the step has to be reported again. */
  conflict(): Promise<'over' | 'report-again'>;
  /** Reads the Pod from the API server, however long that takes, as if its watch had shown it. Never rejects. */
  readPod(): Promise<void>;
  broken(trouble: Trouble): void;
}
