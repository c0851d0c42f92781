import { type Decoded, encodeObject, type Shape } from './go-json.ts';

const FILTER = {
  kind: 'string',
  type: 'string',
  os: 'string',
  arch: 'string',
  variant: 'string',
  kernel: 'string',
  labels: 'map',
} as const satisfies Shape;

const STEP = {
  id: 'int',
  step_id: 'int',
  number: 'int',
  name: 'string',
  status: 'string',
  error: 'string',
  errignore: 'bool',
  exit_code: 'int',
  started: 'int',
  stopped: 'int',
  version: 'int',
  depends_on: 'strings',
  image: 'string',
  detached: 'bool',
  schema: 'string',
} as const satisfies Shape;

const STAGE = {
  id: 'int',
  repo_id: 'int',
  build_id: 'int',
  number: 'int',
  name: 'string',
  kind: 'string',
  type: 'string',
  status: 'string',
  error: 'string',
  errignore: 'bool',
  exit_code: 'int',
  machine: 'string',
  os: 'string',
  arch: 'string',
  variant: 'string',
  kernel: 'string',
  limit: 'int',
  throttle: 'int',
  started: 'int',
  stopped: 'int',
  created: 'int',
  updated: 'int',
  version: 'int',
  on_success: 'bool',
  on_failure: 'bool',
  depends_on: 'strings',
  labels: 'map',
} as const satisfies Shape;

const STAGE_UPDATE = { ...STAGE, steps: { list: STEP } } as const satisfies Shape;

const LINE = { pos: 'int', out: 'string', time: 'int' } as const satisfies Shape;

const CARD = { schema: 'string', data: 'raw' } as const satisfies Shape;

/** The shapes of what a runner sends (drone-rpc §3). */
export const SHAPES = { filter: FILTER, step: STEP, stageUpdate: STAGE_UPDATE, line: LINE, card: CARD };

/** What a poll asks for (drone-rpc §3.1). */
export type WireFilter = Decoded<typeof FILTER>;
/** A step; `step_id` is the id of its stage, `id` its own (drone-rpc §3.3). Times are Unix seconds. */
export type WireStep = Decoded<typeof STEP>;
/** A stage without its steps (drone-rpc §3.2). Times are Unix seconds. */
export type WireStage = Decoded<typeof STAGE>;
/** A stage with its steps, as a PUT carries it (drone-rpc §2.4). */
export type WireStageUpdate = Decoded<typeof STAGE_UPDATE>;
/** A line of a log; `time` counts seconds since the log was opened (drone-rpc §3.8). */
export type WireLine = Decoded<typeof LINE>;

/** The build as detail sends it, without its stages (drone-rpc §3.4). Times are Unix seconds. */
export interface WireBuild {
  readonly id: number;
  readonly repo_id: number;
  readonly trigger: string;
  readonly number: number;
  readonly parent?: number;
  readonly status: string;
  readonly error?: string;
  readonly event: string;
  readonly action: string;
  readonly link: string;
  readonly timestamp: number;
  readonly title?: string;
  readonly message: string;
  readonly before: string;
  readonly after: string;
  readonly ref: string;
  readonly source_repo: string;
  readonly source: string;
  readonly target: string;
  readonly author_login: string;
  readonly author_name: string;
  readonly author_email: string;
  readonly author_avatar: string;
  readonly sender: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly cron?: string;
  readonly deploy_to?: string;
  readonly deploy_id?: number;
  readonly debug?: boolean;
  readonly started: number;
  readonly finished: number;
  readonly created: number;
  readonly updated: number;
  readonly version: number;
}

/** The repository as detail sends it (drone-rpc §3.5); `timeout` is in minutes. */
export interface WireRepo {
  readonly id: number;
  readonly uid: string;
  readonly user_id: number;
  readonly namespace: string;
  readonly name: string;
  readonly slug: string;
  readonly scm: string;
  readonly git_http_url: string;
  readonly git_ssh_url: string;
  readonly link: string;
  readonly default_branch: string;
  readonly private: boolean;
  readonly visibility: string;
  readonly active: boolean;
  readonly config_path: string;
  readonly trusted: boolean;
  readonly protected: boolean;
  readonly ignore_forks: boolean;
  readonly ignore_pull_requests: boolean;
  readonly auto_cancel_pull_requests: boolean;
  readonly auto_cancel_pushes: boolean;
  readonly auto_cancel_running: boolean;
  readonly timeout: number;
  readonly throttle?: number;
  readonly counter: number;
  readonly synced: number;
  readonly created: number;
  readonly updated: number;
  readonly version: number;
  readonly archived: boolean;
  readonly secret: string;
}

/** A repository's or namespace's secret (drone-rpc §3.7). */
export interface WireSecret {
  readonly id?: number;
  readonly repo_id?: number;
  readonly namespace?: string;
  readonly name: string;
  readonly data: string;
  readonly pull_request?: boolean;
}

/** Credentials for cloning (drone-rpc §3.6). */
export interface WireNetrc {
  readonly machine: string;
  readonly login: string;
  readonly password: string;
}

const OPTIONAL_STAGE: ReadonlySet<string> = new Set([
  ...['kind', 'type', 'error', 'machine', 'variant', 'kernel', 'limit', 'throttle'],
  ...['depends_on', 'labels', 'steps'],
]);

const OPTIONAL_STEP: ReadonlySet<string> = new Set([
  ...['error', 'errignore', 'started', 'stopped', 'depends_on', 'image', 'detached', 'schema'],
]);

/** The stage as Go writes it, empty optional members left out. */
export function encodeStage(stage: WireStage): Record<string, unknown> {
  return encodeObject(stage, STAGE, OPTIONAL_STAGE);
}

/** The step as Go writes it, empty optional members left out. */
export function encodeStep(step: WireStep): Record<string, unknown> {
  return encodeObject(step, STEP, OPTIONAL_STEP);
}

/** The answer to a stage PUT: the stage with its steps. */
export function encodeStageUpdate(stage: WireStageUpdate): Record<string, unknown> {
  const encoded = encodeStage(stage);
  return stage.steps.length === 0 ? encoded : { ...encoded, steps: stage.steps.map(encodeStep) };
}
