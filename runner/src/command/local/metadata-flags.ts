import type { StageDetail } from '../../pipeline/drone.ts';
import type { FlagKind, FlagSpec, Flags } from './flags.ts';

type Row = readonly [name: string, help: string, kind?: FlagKind];

const spec =
  (group: string) =>
  ([name, help, kind = 'text']: Row): FlagSpec => ({
    name,
    kind,
    help,
    group,
    ...(kind === 'flag' ? {} : { value: kind === 'number' ? 'N' : kind === 'map' ? 'KEY=VALUE' : 'TEXT' }),
  });

const REPO: readonly Row[] = [
  ['repo-id', 'number of the repository (1)', 'number'],
  ['repo-namespace', 'DRONE_REPO_NAMESPACE'],
  ['repo-name', 'DRONE_REPO_NAME'],
  ['repo-slug', 'DRONE_REPO (namespace/name)'],
  ['repo-http', 'DRONE_GIT_HTTP_URL, from where the clone step clones'],
  ['repo-ssh', 'DRONE_GIT_SSH_URL'],
  ['repo-link', 'DRONE_REPO_LINK'],
  ['repo-branch', 'DRONE_REPO_BRANCH'],
  ['repo-private', 'DRONE_REPO_PRIVATE', 'flag'],
  ['repo-visibility', 'DRONE_REPO_VISIBILITY'],
  ['repo-trusted', 'the repository may mount volumes of the host and run privileged', 'flag'],
  ['repo-protected', 'accepted; changes nothing here', 'flag'],
  ['repo-timeout', 'limit of the whole pipeline in minutes (60)', 'number'],
  ['repo-created', 'Unix seconds (now)', 'number'],
  ['repo-updated', 'Unix seconds (now)', 'number'],
];

const BUILD: readonly Row[] = [
  ['build-id', 'number of the build at its server (1)', 'number'],
  ['build-number', 'DRONE_BUILD_NUMBER (1)', 'number'],
  ['build-parent', 'DRONE_BUILD_PARENT (0)', 'number'],
  ['build-event', 'DRONE_BUILD_EVENT (push); decides with the conditions of `when` which steps run'],
  ['build-action', 'DRONE_BUILD_ACTION'],
  ['build-cron', 'name of the cron job'],
  ['build-target', 'DRONE_DEPLOY_TO'],
  ['build-param', 'a parameter of the build', 'map'],
  ['build-created', 'Unix seconds (now)', 'number'],
  ['build-updated', 'Unix seconds (now)', 'number'],
];

const COMMIT: readonly Row[] = [
  ['commit-sender', 'who sent it'],
  ['commit-link', 'DRONE_COMMIT_LINK'],
  ['commit-title', 'DRONE_PULL_REQUEST_TITLE'],
  ['commit-message', 'DRONE_COMMIT_MESSAGE'],
  ['commit-before', 'DRONE_COMMIT_BEFORE'],
  ['commit-after', 'DRONE_COMMIT, the commit that is built'],
  ['commit-ref', 'DRONE_COMMIT_REF, such as refs/heads/main or refs/tags/v1.2.3'],
  ['commit-fork', 'repository of the fork'],
  ['commit-source', 'DRONE_SOURCE_BRANCH'],
  ['commit-target', 'DRONE_BRANCH, the branch'],
  ['author-login', 'DRONE_COMMIT_AUTHOR'],
  ['author-name', 'DRONE_COMMIT_AUTHOR_NAME'],
  ['author-email', 'DRONE_COMMIT_AUTHOR_EMAIL'],
  ['author-avatar', 'DRONE_COMMIT_AUTHOR_AVATAR'],
];

const STAGE: readonly Row[] = [
  ['stage-id', 'number of the stage at its server', 'number'],
  ['stage-number', 'DRONE_STAGE_NUMBER (1)', 'number'],
  ['stage-name', 'which pipeline of the file (default)'],
  ['stage-kind', 'DRONE_STAGE_KIND (pipeline)'],
  ['stage-type', 'DRONE_STAGE_TYPE (kubernetes)'],
  ['stage-os', 'DRONE_STAGE_OS'],
  ['stage-arch', 'DRONE_STAGE_ARCH'],
  ['stage-variant', 'DRONE_STAGE_VARIANT'],
  ['stage-kernel', 'kernel that the pipeline asks for'],
  ['stage-created', 'Unix seconds (now)', 'number'],
  ['stage-updated', 'Unix seconds (now)', 'number'],
];

const REST: readonly Row[] = [
  ['netrc-machine', 'host for which the Git credentials are'],
  ['netrc-username', 'user of the Git credentials'],
  ['netrc-password', 'password of the Git credentials'],
  ['system-host', 'DRONE_SYSTEM_HOST'],
  ['system-proto', 'DRONE_SYSTEM_PROTO'],
  ['system-link', 'address of the server'],
  ['system-version', 'DRONE_SYSTEM_VERSION'],
];

/** Flags that say what a Drone server would say of a build (previous-runner §2.4). */
export const METADATA_FLAGS: readonly FlagSpec[] = [
  ...REPO.map(spec('Repository')),
  ...BUILD.map(spec('Build')),
  ...COMMIT.map(spec('Commit and author')),
  ...STAGE.map(spec('Stage')),
  ...REST.map(spec('Git credentials and server')),
];

/** What the flags don't say. */
export interface DetailSubject {
  readonly yaml: string;
  readonly stageName: string;
  /** When no flag names one. */
  readonly stageId: number;
  readonly secrets: Readonly<Record<string, string>>;
  readonly timeoutMinutes: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The details of a stage, as a server would give them. */
export function detailOf(flags: Flags, subject: DetailSubject): StageDetail {
  const repo = repoOf(flags, subject);
  const build = buildOf(flags, subject.nowMs);
  const text = (name: string, otherwise = ''): string => flags.text(name) ?? otherwise;
  const netrc = {
    machine: text('netrc-machine'),
    login: text('netrc-username'),
    password: text('netrc-password'),
  };
  return {
    repo,
    build,
    stage: stageOf(flags, subject, { repoId: repo.id, buildId: build.id }),
    yaml: subject.yaml,
    // Who gives a secret by hand means it for this run, whatever its event.
    secrets: Object.entries(subject.secrets).map(([name, data]) => ({ name, data, pullRequest: true })),
    netrc: Object.values(netrc).every((value) => value === '') ? undefined : netrc,
    system: {
      host: text('system-host'),
      proto: text('system-proto'),
      link: text('system-link'),
      version: text('system-version'),
    },
    rawRepo: { id: repo.id, namespace: repo.namespace, name: repo.name, slug: repo.slug },
    rawBuild: {
      id: build.id,
      number: build.number,
      event: build.event,
      ref: build.ref,
      target: build.target,
    },
  };
}

function repoOf(flags: Flags, { timeoutMinutes }: DetailSubject): StageDetail['repo'] {
  const text = (name: string): string => flags.text(`repo-${name}`) ?? '';
  const yes = (name: string): boolean => flags.yes(`repo-${name}`) ?? false;
  const [namespace, name] = [text('namespace'), text('name')];
  const id = flags.number('repo-id') ?? 1;
  return {
    id,
    uid: String(id),
    namespace,
    name,
    slug: text('slug') || [namespace, name].filter((part) => part !== '').join('/'),
    scm: '',
    httpUrl: text('http'),
    sshUrl: text('ssh'),
    link: text('link'),
    branch: text('branch'),
    private: yes('private'),
    visibility: text('visibility'),
    trusted: yes('trusted'),
    protected: yes('protected'),
    timeoutMinutes,
    secret: '',
  };
}

function buildOf(flags: Flags, nowMs: number): StageDetail['build'] {
  const build = (name: string): string => flags.text(`build-${name}`) ?? '';
  const number = (name: string, otherwise: number): number => flags.number(`build-${name}`) ?? otherwise;
  const now = Math.floor(nowMs / 1000);
  return {
    id: number('id', 1),
    number: number('number', 1),
    parent: number('parent', 0),
    status: 'running',
    event: build('event') || 'push',
    action: build('action'),
    cron: build('cron'),
    deployTo: build('target'),
    params: flags.map('build-param'),
    created: number('created', now),
    updated: number('updated', now),
    started: now,
    finished: 0,
    trigger: '',
    deployId: 0,
    debug: false,
    stages: [],
    ...commitOf(flags),
  };
}

type Commit = Pick<
  StageDetail['build'],
  | 'sender'
  | 'link'
  | 'title'
  | 'message'
  | 'before'
  | 'after'
  | 'ref'
  | 'sourceRepo'
  | 'source'
  | 'target'
  | 'authorLogin'
  | 'authorName'
  | 'authorEmail'
  | 'authorAvatar'
>;

function commitOf(flags: Flags): Commit {
  const commit = (name: string): string => flags.text(`commit-${name}`) ?? '';
  const author = (name: string): string => flags.text(`author-${name}`) ?? '';
  return {
    sender: commit('sender'),
    link: commit('link'),
    title: commit('title'),
    message: commit('message'),
    before: commit('before'),
    after: commit('after'),
    ref: commit('ref'),
    sourceRepo: commit('fork'),
    source: commit('source'),
    target: commit('target'),
    authorLogin: author('login'),
    authorName: author('name'),
    authorEmail: author('email'),
    authorAvatar: author('avatar'),
  };
}

function stageOf(
  flags: Flags,
  { stageName, stageId, nowMs }: DetailSubject,
  ids: { repoId: number; buildId: number },
): StageDetail['stage'] {
  const text = (name: string, otherwise = ''): string => flags.text(`stage-${name}`) || otherwise;
  const now = Math.floor(nowMs / 1000);
  return {
    ...ids,
    id: flags.number('stage-id') ?? stageId,
    number: flags.number('stage-number') ?? 1,
    name: stageName,
    kind: text('kind', 'pipeline'),
    type: text('type', 'kubernetes'),
    status: 'pending',
    error: '',
    errIgnore: false,
    exitCode: 0,
    machine: '',
    os: text('os'),
    arch: text('arch'),
    variant: text('variant'),
    kernel: text('kernel'),
    limit: 0,
    throttle: 0,
    started: 0,
    stopped: 0,
    created: flags.number('stage-created') ?? now,
    updated: flags.number('stage-updated') ?? now,
    version: 1,
    onSuccess: true,
    onFailure: false,
    dependsOn: [],
    labels: {},
    steps: [],
  };
}
