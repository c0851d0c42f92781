/** What will be run, said once and kept on the Pod (annotation `hangar.dev/plan`), so that any replica can go on from there. Data only. */

export type RunPolicy = 'on-success' | 'on-failure' | 'always';
export type FailPolicy = 'fail' | 'ignore' | 'fast';

/** How a container of ours begins: with its real image behind the gate, or with the placeholder whose image is swapped. */
export type Engine = 'gate' | 'swap';

/** One step that can run; number n has container `step-<n>`, from 1 without gaps. */
export interface PlannedStep {
  readonly n: number;
  readonly name: string;
  /** As shown to people and told to the server. */
  readonly image: string;
  readonly role: 'step' | 'background';
  readonly engine: Engine;
  /** Numbers of the steps that must end (or, of background steps, start) first. */
  readonly after: readonly number[];
  /** Names of the dependencies for the server's graph: the author's, else those that follow from the order. */
  readonly dependsOn: readonly string[];
  readonly runs: RunPolicy;
  readonly fails: FailPolicy;
  /** Ends only with the Pod's deletion (the image insists on being PID 1). */
  readonly pid1: boolean;
  /** Limit of one attempt of the step's program, in milliseconds; absent: none. */
  readonly timeoutMs?: number;
  /** A service that the steps after it wait for until it is ready: at most so many milliseconds. Absent: they wait for its start. */
  readonly readyMs?: number;
}

export interface RunPlan {
  readonly version: 1;
  /** Stands in the marks (runner/gate/PROTOCOL.md). */
  readonly nonce: string;
  readonly steps: readonly PlannedStep[];
  /** The whole stage's limit, from admission. */
  readonly timeoutMs: number;
  /** Event, repository and build as logs and metrics name them. */
  readonly repoSlug: string;
  readonly buildNumber: number;
  readonly buildEvent: string;
  /** Ordinary steps that run at the same time; absent: any number. */
  readonly parallelism?: number;
  /** How long the container of a failed step stays, in milliseconds; absent: it does not. */
  readonly keepFailedMs?: number;
  /** An earlier stage of the build had failed when this one was planned; absent = no. */
  readonly buildFailed?: boolean;
}
