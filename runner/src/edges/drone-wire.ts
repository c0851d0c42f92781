import { listOf, recordOf, textOf } from '@hangar/shared/json';
import type {
  DroneBuild,
  DroneRepo,
  DroneStage,
  DroneStep,
  DroneSystem,
  Filter,
  LogLine,
  Netrc,
  ServerSecret,
  StageDetail,
} from '../pipeline/drone.ts';
import { asInt, readFields, readPresent, type WireFields, writeFields } from './wire-fields.ts';

/** `step_id` is the stage's id: a historical misnomer (drone-rpc §2.4). */
const STEP = {
  id: ['id', 'int'],
  stageId: ['step_id', 'int'],
  number: ['number', 'int'],
  name: ['name', 'text'],
  status: ['status', 'status'],
  error: ['error', 'text'],
  errIgnore: ['errignore', 'flag'],
  exitCode: ['exit_code', 'int'],
  started: ['started', 'int'],
  stopped: ['stopped', 'int'],
  version: ['version', 'int'],
  dependsOn: ['depends_on', 'texts'],
  image: ['image', 'text'],
  detached: ['detached', 'flag'],
  schema: ['schema', 'text'],
} as const satisfies WireFields;

const STAGE = {
  id: ['id', 'int'],
  repoId: ['repo_id', 'int'],
  buildId: ['build_id', 'int'],
  number: ['number', 'int'],
  name: ['name', 'text'],
  kind: ['kind', 'text'],
  type: ['type', 'text'],
  status: ['status', 'status'],
  error: ['error', 'text'],
  errIgnore: ['errignore', 'flag'],
  exitCode: ['exit_code', 'int'],
  machine: ['machine', 'text'],
  os: ['os', 'text'],
  arch: ['arch', 'text'],
  variant: ['variant', 'text'],
  kernel: ['kernel', 'text'],
  limit: ['limit', 'int'],
  throttle: ['throttle', 'int'],
  started: ['started', 'int'],
  stopped: ['stopped', 'int'],
  created: ['created', 'int'],
  updated: ['updated', 'int'],
  version: ['version', 'int'],
  onSuccess: ['on_success', 'flag'],
  onFailure: ['on_failure', 'flag'],
  dependsOn: ['depends_on', 'texts'],
  labels: ['labels', 'map'],
} as const satisfies WireFields;

const BUILD = {
  id: ['id', 'int'],
  number: ['number', 'int'],
  parent: ['parent', 'int'],
  status: ['status', 'status'],
  event: ['event', 'text'],
  action: ['action', 'text'],
  trigger: ['trigger', 'text'],
  link: ['link', 'text'],
  title: ['title', 'text'],
  message: ['message', 'text'],
  before: ['before', 'text'],
  after: ['after', 'text'],
  ref: ['ref', 'text'],
  sourceRepo: ['source_repo', 'text'],
  source: ['source', 'text'],
  target: ['target', 'text'],
  authorLogin: ['author_login', 'text'],
  authorName: ['author_name', 'text'],
  authorEmail: ['author_email', 'text'],
  authorAvatar: ['author_avatar', 'text'],
  sender: ['sender', 'text'],
  params: ['params', 'map'],
  cron: ['cron', 'text'],
  deployTo: ['deploy_to', 'text'],
  deployId: ['deploy_id', 'int'],
  debug: ['debug', 'flag'],
  started: ['started', 'int'],
  finished: ['finished', 'int'],
  created: ['created', 'int'],
  updated: ['updated', 'int'],
} as const satisfies WireFields;

const REPO = {
  id: ['id', 'int'],
  uid: ['uid', 'text'],
  namespace: ['namespace', 'text'],
  name: ['name', 'text'],
  slug: ['slug', 'text'],
  scm: ['scm', 'text'],
  httpUrl: ['git_http_url', 'text'],
  sshUrl: ['git_ssh_url', 'text'],
  link: ['link', 'text'],
  branch: ['default_branch', 'text'],
  private: ['private', 'flag'],
  visibility: ['visibility', 'text'],
  trusted: ['trusted', 'flag'],
  protected: ['protected', 'flag'],
  timeoutMinutes: ['timeout', 'int'],
  secret: ['secret', 'text'],
} as const satisfies WireFields;

const NETRC = {
  machine: ['machine', 'text'],
  login: ['login', 'text'],
  password: ['password', 'text'],
} as const;
const SECRET = {
  name: ['name', 'text'],
  data: ['data', 'text'],
  pullRequest: ['pull_request', 'flag'],
} as const;
const SYSTEM = {
  proto: ['proto', 'text'],
  host: ['host', 'text'],
  link: ['link', 'text'],
  version: ['version', 'text'],
} as const satisfies WireFields;

/** A stage's limit where the server names none (drone-rpc §4.7). */
const DEFAULT_TIMEOUT_MINUTES = 60;

/** The poll's body; the four platform members stay empty, labels only where there are some (drone-rpc §2.1). */
export function filterToWire(filter: Filter): Record<string, unknown> {
  const platform = { os: '', arch: '', variant: '', kernel: '' };
  const labels = Object.keys(filter.labels).length > 0 ? { labels: filter.labels } : {};
  return { kind: filter.kind, type: filter.type, ...platform, ...labels };
}

/** A stage for a PUT, with all its steps; every member is sent. */
export function stageToWire(stage: DroneStage): Record<string, unknown> {
  return { ...writeFields(STAGE, stage), steps: stage.steps.map(stepToWire) };
}

/** A step for a PUT; every member is sent. */
export function stepToWire(step: DroneStep): Record<string, unknown> {
  return writeFields(STEP, step);
}

/** Lines for a batch or an upload, whole numbers only. */
export function linesToWire(lines: readonly LogLine[]): readonly Record<string, unknown>[] {
  return lines.map((line) => ({ pos: asInt(line.pos), out: line.out, time: asInt(line.time) }));
}

/** A stage as the server tells it. */
export function stageFromWire(raw: unknown): DroneStage {
  return Object.freeze({ ...readFields(STAGE, raw), steps: listOf(recordOf(raw).steps).map(stepFromWire) });
}

/** What an answer says of a stage; members it doesn't speak of are left out. */
export function stagePartFromWire(raw: unknown): Partial<DroneStage> {
  return Object.freeze(readPresent(STAGE, raw));
}

/** A step as the server tells it. */
export function stepFromWire(raw: unknown): DroneStep {
  return Object.freeze(readFields(STEP, raw));
}

/** The whole answer of a detail call. `config.Data` is base64 of the YAML (drone-rpc §2.3). */
export function detailFromWire(raw: unknown): StageDetail {
  const detail = recordOf(raw);
  const config = recordOf(detail.config);
  return Object.freeze({
    repo: repoFromWire(detail.repository),
    build: buildFromWire(detail.build),
    stage: stageFromWire(detail.stage),
    yaml: Buffer.from(textOf(config.Data ?? config.data), 'base64').toString('utf8'),
    secrets: listOf(detail.secrets).map((one): ServerSecret => Object.freeze(readFields(SECRET, one))),
    netrc: netrcFromWire(detail.netrc),
    system: Object.freeze(readFields(SYSTEM, detail.system)) satisfies DroneSystem,
    rawRepo: without(detail.repository, ['secret', 'signer', 'build']),
    rawBuild: recordOf(detail.build),
  });
}

function repoFromWire(raw: unknown): DroneRepo {
  const repo = readFields(REPO, raw);
  const timeoutMinutes = repo.timeoutMinutes > 0 ? repo.timeoutMinutes : DEFAULT_TIMEOUT_MINUTES;
  return Object.freeze({ ...repo, timeoutMinutes });
}

function buildFromWire(raw: unknown): DroneBuild {
  return Object.freeze({
    ...readFields(BUILD, raw),
    stages: listOf(recordOf(raw).stages).map(stageFromWire),
  });
}

function netrcFromWire(raw: unknown): Netrc | undefined {
  const netrc = readFields(NETRC, raw);
  return netrc.machine === '' && netrc.login === '' && netrc.password === ''
    ? undefined
    : Object.freeze(netrc);
}

/** Plugins get the repository without its key (drone-rpc §6.4). */
function without(raw: unknown, names: readonly string[]): Readonly<Record<string, unknown>> {
  return Object.freeze(
    Object.fromEntries(Object.entries(recordOf(raw)).filter(([name]) => !names.includes(name))),
  );
}
