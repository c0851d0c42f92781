import { type Backend, nowSeconds } from './backend.ts';
import { BuildRefused, plansFromYaml, type StagePlan } from './pipelines.ts';
import type { WireBuild, WireNetrc, WireRepo, WireSecret } from './wire.ts';

/** What a new build is made of; everything but the YAML has a default. */
export interface BuildRequest {
  readonly yaml: string;
  /** Members that differ from the default repository `acme/widget`; `slug` chooses the repository. */
  readonly repo?: Partial<WireRepo>;
  /** `push` by default. */
  readonly event?: string;
  readonly params?: Readonly<Record<string, string>>;
  /** Names with values, or whole secrets. */
  readonly secrets?: Readonly<Record<string, string>> | readonly WireSecret[];
  readonly netrc?: WireNetrc | null;
  readonly trusted?: boolean;
  /** The repository's time limit. */
  readonly timeoutMinutes?: number;
  /** Members of the build that differ from the event's defaults. */
  readonly build?: Partial<WireBuild>;
  /** Stages instead of those in the YAML, which may then be anything, even unreadable. */
  readonly stages?: readonly Partial<StagePlan>[];
}

/** Creates a build with its stages as a webhook does, and wakes the dispatcher; throws BuildRefused. */
export function createBuild(backend: Backend, request: BuildRequest): number {
  const plans = request.stages?.map(completePlan) ?? plansFromYaml(request.yaml);
  const repo = nextRepo(backend, request);
  const build = newBuild(backend, repo, request);
  backend.store.insertBuild(build, {
    repo,
    yaml: request.yaml,
    secrets: secretsOf(request.secrets ?? {}, repo.id),
    netrc: request.netrc ?? null,
  });
  plans.forEach((plan, index) => {
    insertStage(backend, build, repo, { plan, number: index + 1 });
  });
  backend.queue.dispatch();
  return build.id;
}

const DEFAULT_PLAN: StagePlan = {
  name: 'default',
  type: 'kubernetes',
  os: 'linux',
  arch: 'amd64',
  variant: '',
  kernel: '',
  limit: 0,
  on_success: true,
  on_failure: false,
  depends_on: [],
  labels: {},
};

const completePlan = (plan: Partial<StagePlan>): StagePlan => ({ ...DEFAULT_PLAN, ...plan });

function insertStage(
  backend: Backend,
  build: WireBuild,
  repo: WireRepo,
  { plan, number }: { readonly plan: StagePlan; readonly number: number },
): void {
  backend.store.insertStage({
    ...plan,
    id: backend.store.nextId(),
    repo_id: repo.id,
    build_id: build.id,
    number,
    kind: 'pipeline',
    status: plan.depends_on.length > 0 ? 'waiting_on_dependencies' : 'pending',
    error: '',
    errignore: false,
    exit_code: 0,
    machine: '',
    throttle: repo.throttle ?? 0,
    started: 0,
    stopped: 0,
    created: build.created,
    updated: build.created,
    version: 1,
  });
}

/** The repository with the request's changes and its counter one higher. */
function nextRepo(backend: Backend, request: BuildRequest): WireRepo {
  const slug = request.repo?.slug ?? 'acme/widget';
  if (!/^[\w.-]+(\/[\w.-]+)+$/.test(slug))
    throw new BuildRefused(`repo.slug is ${JSON.stringify(slug)}; write it as owner/name`);
  const known = backend.store.repo(slug) ?? newRepo(backend, slug);
  const changed: WireRepo = {
    ...known,
    ...request.repo,
    ...(request.trusted === undefined ? {} : { trusted: request.trusted }),
    ...(request.timeoutMinutes === undefined ? {} : { timeout: request.timeoutMinutes }),
    id: known.id,
    counter: known.counter + 1,
  };
  backend.store.saveRepo(changed);
  return changed;
}

function newRepo(backend: Backend, slug: string): WireRepo {
  const now = nowSeconds(backend);
  const id = backend.store.nextId();
  return {
    id,
    uid: String(id),
    user_id: 2,
    namespace: slug.slice(0, slug.lastIndexOf('/')),
    name: slug.slice(slug.lastIndexOf('/') + 1),
    slug,
    scm: '',
    git_http_url: `https://git.acme.test/${slug}.git`,
    git_ssh_url: `git@git.acme.test:${slug}.git`,
    link: `https://git.acme.test/${slug}`,
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
    synced: now,
    created: now,
    updated: now,
    version: 1,
    archived: false,
    secret: 'O1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6',
  };
}

function newBuild(backend: Backend, repo: WireRepo, request: BuildRequest): WireBuild {
  const now = nowSeconds(backend);
  const event = request.event ?? 'push';
  const number = repo.counter;
  return {
    repo_id: repo.id,
    trigger: '@hook',
    number,
    status: 'pending',
    event,
    action: '',
    link: `${repo.link}/commit/${commit(number)}`,
    timestamp: 0,
    message: `change ${number} of ${repo.name}`,
    before: commit(number - 1),
    after: commit(number),
    source_repo: '',
    author_login: 'kim',
    author_name: 'Kim Example',
    author_email: 'kim@acme.test',
    author_avatar: 'https://git.acme.test/a/2',
    sender: 'kim',
    started: 0,
    finished: 0,
    created: now,
    updated: now,
    ...eventMembers(event, repo),
    ...(request.params === undefined ? {} : { params: request.params }),
    ...request.build,
    id: backend.store.nextId(),
    version: 1,
  };
}

/** A made-up commit id for a build number. */
const commit = (number: number): string => number.toString(16).padStart(8, '0').repeat(5);

type EventMembers = Pick<WireBuild, 'ref' | 'source' | 'target'> & Partial<WireBuild>;

/** What distinguishes the events on the wire (drone-rpc §3.4). */
function eventMembers(event: string, repo: WireRepo): EventMembers {
  const branch = repo.default_branch;
  const onBranch = { ref: `refs/heads/${branch}`, source: branch, target: branch };
  switch (event) {
    case 'pull_request':
      return {
        ...{ ref: 'refs/pull/9/head', source: 'feature', target: branch },
        ...{ source_repo: repo.slug, action: 'opened', title: 'a better gear', link: `${repo.link}/pull/9` },
      };
    case 'tag':
      return { ...onBranch, ref: 'refs/tags/v1.0.0', action: 'create' };
    case 'promote':
    case 'rollback':
      return { ...onBranch, deploy_to: 'production', trigger: 'kim', parent: 1 };
    case 'cron':
      return { ...onBranch, cron: 'nightly', trigger: '@cron' };
    case 'custom':
      return { ...onBranch, trigger: 'kim' };
    default:
      return onBranch;
  }
}

function secretsOf(secrets: NonNullable<BuildRequest['secrets']>, repoId: number): WireSecret[] {
  if (isList(secrets)) return [...secrets];
  return Object.entries(secrets).map(([name, data], index) => ({
    id: index + 1,
    repo_id: repoId,
    name,
    data,
    pull_request: true,
  }));
}

function isList(secrets: NonNullable<BuildRequest['secrets']>): secrets is readonly WireSecret[] {
  return Array.isArray(secrets);
}
