/** What a Drone server says and hears (drone-rpc §3). Missing, null, zero and empty are one and the same there; here every field is set. */

/** Words of drone-rpc §3.10 that a runner meets. */
export type Status =
  | 'waiting_on_dependencies'
  | 'blocked'
  | 'pending'
  | 'running'
  | 'success'
  | 'failure'
  | 'error'
  | 'killed'
  | 'skipped'
  | 'declined';

/** What a runner asks for (drone-rpc §3.1). */
export interface Filter {
  readonly kind: 'pipeline';
  readonly type: 'kubernetes';
  readonly labels: Readonly<Record<string, string>>;
}

/** A step as the server keeps it (drone-rpc §3.3). `stageId` travels under the misleading name `step_id`. Times are Unix seconds. */
export interface DroneStep {
  readonly id: number;
  readonly stageId: number;
  readonly number: number;
  readonly name: string;
  readonly status: Status;
  readonly error: string;
  readonly errIgnore: boolean;
  readonly exitCode: number;
  readonly started: number;
  readonly stopped: number;
  readonly version: number;
  readonly dependsOn: readonly string[];
  readonly image: string;
  readonly detached: boolean;
  readonly schema: string;
}

/** A stage as the server keeps it (drone-rpc §3.2). PUT replaces, so everything is echoed. Times are Unix seconds. */
export interface DroneStage {
  readonly id: number;
  readonly repoId: number;
  readonly buildId: number;
  readonly number: number;
  readonly name: string;
  readonly kind: string;
  readonly type: string;
  readonly status: Status;
  readonly error: string;
  readonly errIgnore: boolean;
  readonly exitCode: number;
  readonly machine: string;
  readonly os: string;
  readonly arch: string;
  readonly variant: string;
  readonly kernel: string;
  readonly limit: number;
  readonly throttle: number;
  readonly started: number;
  readonly stopped: number;
  readonly created: number;
  readonly updated: number;
  readonly version: number;
  readonly onSuccess: boolean;
  readonly onFailure: boolean;
  readonly dependsOn: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly steps: readonly DroneStep[];
}

/** The build (drone-rpc §3.4), read only. */
export interface DroneBuild {
  readonly id: number;
  readonly number: number;
  readonly parent: number;
  readonly status: Status;
  readonly event: string;
  readonly action: string;
  readonly trigger: string;
  readonly link: string;
  readonly title: string;
  readonly message: string;
  readonly before: string;
  readonly after: string;
  readonly ref: string;
  readonly sourceRepo: string;
  readonly source: string;
  readonly target: string;
  readonly authorLogin: string;
  readonly authorName: string;
  readonly authorEmail: string;
  readonly authorAvatar: string;
  readonly sender: string;
  readonly params: Readonly<Record<string, string>>;
  readonly cron: string;
  readonly deployTo: string;
  readonly deployId: number;
  readonly debug: boolean;
  readonly started: number;
  readonly finished: number;
  readonly created: number;
  readonly updated: number;
  readonly stages: readonly DroneStage[];
}

/** The repository (drone-rpc §3.5). `timeoutMinutes` is the limit of a whole stage; 0 from the server means 60. */
export interface DroneRepo {
  readonly id: number;
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly slug: string;
  readonly scm: string;
  readonly httpUrl: string;
  readonly sshUrl: string;
  readonly link: string;
  readonly branch: string;
  readonly private: boolean;
  readonly visibility: string;
  readonly trusted: boolean;
  readonly protected: boolean;
  readonly timeoutMinutes: number;
  /** Key of secrets that are encrypted in the YAML (drone-rpc §6.6). */
  readonly secret: string;
}

/** Credentials for the clone (drone-rpc §3.6). */
export interface Netrc {
  readonly machine: string;
  readonly login: string;
  readonly password: string;
}

/** The server itself (drone-rpc §3.7). */
export interface DroneSystem {
  readonly proto: string;
  readonly host: string;
  readonly link: string;
  readonly version: string;
}

/** A secret that came with the stage (drone-rpc §3.7). */
export interface ServerSecret {
  readonly name: string;
  readonly data: string;
  readonly pullRequest: boolean;
}

/** Everything about an accepted stage (drone-rpc §2.3). `rawRepo` and `rawBuild` are what plugins are sent (drone-rpc §6.4). */
export interface StageDetail {
  readonly repo: DroneRepo;
  readonly build: DroneBuild;
  readonly stage: DroneStage;
  readonly yaml: string;
  readonly secrets: readonly ServerSecret[];
  readonly netrc: Netrc | undefined;
  readonly system: DroneSystem;
  readonly rawRepo: Readonly<Record<string, unknown>>;
  readonly rawBuild: Readonly<Record<string, unknown>>;
}

/** One line of a step's log (drone-rpc §3.8): `time` in whole seconds since the log was opened; `out` ends in a newline. */
export interface LogLine {
  readonly pos: number;
  readonly out: string;
  readonly time: number;
}
