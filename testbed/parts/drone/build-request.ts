import { type Backend, nowSeconds } from './backend.ts';
import { BuildRefused, plansFromYaml, type StagePlan } from './pipelines.ts';
import {
  EMPTY_STAGE,
  NEW_BUILD,
  NEW_REPO,
  type WireBuild,
  type WireNetrc,
  type WireRepo,
  type WireSecret,
} from './wire.ts';

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
  const plans = request.stages ?? plansFromYaml(request.yaml);
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

function insertStage(
  backend: Backend,
  build: WireBuild,
  repo: WireRepo,
  { plan, number }: { readonly plan: Partial<StagePlan>; readonly number: number },
): void {
  const waits = (plan.depends_on ?? []).length > 0;
  backend.store.insertStage({
    ...EMPTY_STAGE,
    ...{ name: 'default', type: 'kubernetes', os: 'linux', arch: 'amd64', on_success: true },
    ...plan,
    id: backend.store.nextId(),
    repo_id: repo.id,
    build_id: build.id,
    number,
    kind: 'pipeline',
    status: waits ? 'waiting_on_dependencies' : 'pending',
    throttle: repo.throttle ?? 0,
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
  const at = slug.lastIndexOf('/');
  return {
    ...NEW_REPO,
    ...{ id, uid: String(id), slug, namespace: slug.slice(0, at), name: slug.slice(at + 1) },
    git_http_url: `https://git.acme.test/${slug}.git`,
    git_ssh_url: `git@git.acme.test:${slug}.git`,
    link: `https://git.acme.test/${slug}`,
    ...{ synced: now, created: now, updated: now },
  };
}

function newBuild(backend: Backend, repo: WireRepo, request: BuildRequest): WireBuild {
  const now = nowSeconds(backend);
  const { event = 'push', params } = request;
  const number = repo.counter;
  return {
    ...NEW_BUILD,
    ...{ repo_id: repo.id, number, event, created: now, updated: now },
    link: `${repo.link}/commit/${commit(number)}`,
    message: `change ${number} of ${repo.name}`,
    before: commit(number - 1),
    after: commit(number),
    ...eventMembers(event, repo),
    ...(params === undefined ? {} : { params }),
    ...request.build,
    ...{ id: backend.store.nextId(), version: 1 },
  };
}

/** A made-up commit id for a build number. */
const commit = (number: number): string => number.toString(16).padStart(8, '0').repeat(5);

/** What distinguishes the events on the wire (drone-rpc §3.4). */
function eventMembers(event: string, repo: WireRepo): Partial<WireBuild> {
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
  return Object.entries(secrets).map(([name, data], index) => {
    return { id: index + 1, repo_id: repoId, name, data, pull_request: true };
  });
}

function isList(secrets: NonNullable<BuildRequest['secrets']>): secrets is readonly WireSecret[] {
  return Array.isArray(secrets);
}
