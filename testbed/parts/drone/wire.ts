import { type Decoded, decodeObject, encodeObject, type JsonShape } from './go-json.ts';

const FILTER = {
  kind: 'string',
  type: 'string',
  os: 'string',
  arch: 'string',
  variant: 'string',
  kernel: 'string',
  labels: 'map',
} as const satisfies JsonShape;

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
} as const satisfies JsonShape;

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
} as const satisfies JsonShape;

const STAGE_UPDATE = { ...STAGE, steps: { list: STEP } } as const satisfies JsonShape;

const LINE = { pos: 'int', out: 'string', time: 'int' } as const satisfies JsonShape;

const CARD = { schema: 'string', data: 'raw' } as const satisfies JsonShape;

/** The shapes of what a runner sends (drone-rpc §3). */
export const WIRE_SHAPES = { filter: FILTER, step: STEP, stageUpdate: STAGE_UPDATE, line: LINE, card: CARD };

/** The filter of a poll (drone-rpc §3.1). */
export type WireFilter = Decoded<typeof FILTER>;
/** A step; `step_id` is the id of its stage, `id` its own (drone-rpc §3.3). Times are Unix seconds. */
export type WireStep = Decoded<typeof STEP>;
/** A stage without its steps (drone-rpc §3.2). Times are Unix seconds. */
export type WireStage = Decoded<typeof STAGE>;
/** A stage of which nothing is known yet. */
export const EMPTY_STAGE: WireStage = decodeObject({}, STAGE, 'Stage');
/** A stage with its steps, as a PUT carries it (drone-rpc §2.4). */
export type WireStageUpdate = Decoded<typeof STAGE_UPDATE>;
/** A line of a log; `time` counts seconds since the log was opened (drone-rpc §3.8). */
export type WireLine = Decoded<typeof LINE>;

/** A new build, with what all builds have at first (drone-rpc §3.4). */
export const NEW_BUILD = {
  id: 0,
  repo_id: 0,
  trigger: '@hook',
  number: 0,
  status: 'pending',
  event: 'push',
  action: '',
  link: '',
  timestamp: 0,
  message: '',
  before: '',
  after: '',
  ref: '',
  source_repo: '',
  source: '',
  target: '',
  author_login: 'kim',
  author_name: 'Kim Example',
  author_email: 'kim@acme.test',
  author_avatar: 'https://git.acme.test/a/2',
  sender: 'kim',
  started: 0,
  finished: 0,
  created: 0,
  updated: 0,
  version: 1,
};

/** The build as detail sends it, without its stages (drone-rpc §3.4). Times are Unix seconds. */
export type WireBuild = Readonly<typeof NEW_BUILD> & {
  readonly parent?: number;
  readonly error?: string;
  readonly title?: string;
  readonly params?: Readonly<Record<string, string>>;
  readonly cron?: string;
  readonly deploy_to?: string;
  readonly deploy_id?: number;
  readonly debug?: boolean;
};

/** A new repository, with what all have at first (drone-rpc §3.5). */
export const NEW_REPO = {
  id: 0,
  uid: '',
  user_id: 2,
  namespace: '',
  name: '',
  slug: '',
  scm: '',
  git_http_url: '',
  git_ssh_url: '',
  link: '',
  default_branch: 'main',
  private: false,
  visibility: 'public',
  active: true,
  config_path: '.drone.yml',
  trusted: false,
  protected: false,
  ignore_forks: false,
  ignore_pull_requests: false,
  auto_cancel_pull_requests: false,
  auto_cancel_pushes: false,
  auto_cancel_running: false,
  timeout: 60,
  counter: 0,
  synced: 0,
  created: 0,
  updated: 0,
  version: 1,
  archived: false,
  secret: 'O1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6',
};

/** The repository as detail sends it (drone-rpc §3.5); `timeout` is in minutes. */
export type WireRepo = Readonly<typeof NEW_REPO> & { readonly throttle?: number };

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
