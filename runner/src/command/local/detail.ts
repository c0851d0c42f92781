import type { StageDetail } from '../../pipeline/drone.ts';
import type { BuildOptions } from '../options.ts';

/** Values that the options don't contain. */
export interface DetailSubject {
  readonly yaml: string;
  readonly stageName: string;
  /** Default if no option names one. */
  readonly stageId: number;
  readonly secrets: Readonly<Record<string, string>>;
  readonly timeoutMinutes: number;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

/** The details of a stage, as a server would send them. */
export function detailOf(options: BuildOptions, subject: DetailSubject): StageDetail {
  const repo = repoOf(options, subject);
  const build = buildOf(options, subject.nowMs);
  const netrc = {
    machine: options['netrc-machine'],
    login: options['netrc-username'],
    password: options['netrc-password'],
  };
  return {
    repo,
    build,
    stage: stageOf(options, subject),
    yaml: subject.yaml,
    // Secrets given on the command line are meant for this run, whatever its event.
    secrets: Object.entries(subject.secrets).map(([name, data]) => ({ name, data, pullRequest: true })),
    netrc: Object.values(netrc).every((value) => value === '') ? undefined : netrc,
    system: {
      host: options['system-host'],
      proto: options['system-proto'],
      link: options['system-link'],
      version: options['system-version'],
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

function repoOf(options: BuildOptions, { timeoutMinutes }: DetailSubject): StageDetail['repo'] {
  const [id, namespace, name] = [options['repo-id'], options['repo-namespace'], options['repo-name']];
  return {
    id,
    uid: String(id),
    namespace,
    name,
    slug: options['repo-slug'] || [namespace, name].filter((part) => part !== '').join('/'),
    scm: '',
    httpUrl: options['repo-http'],
    sshUrl: options['repo-ssh'],
    link: options['repo-link'],
    branch: options['repo-branch'],
    private: options['repo-private'] ?? false,
    visibility: options['repo-visibility'],
    trusted: options['repo-trusted'] ?? false,
    protected: options['repo-protected'] ?? false,
    timeoutMinutes,
    secret: '',
  };
}

function buildOf(options: BuildOptions, nowMs: number): StageDetail['build'] {
  const now = Math.floor(nowMs / 1000);
  return {
    id: options['build-id'],
    number: options['build-number'],
    parent: options['build-parent'],
    status: 'running',
    event: options['build-event'] || 'push',
    action: options['build-action'],
    cron: options['build-cron'],
    deployTo: options['build-target'],
    params: options['build-param'],
    created: options['build-created'] ?? now,
    updated: options['build-updated'] ?? now,
    started: now,
    finished: 0,
    trigger: '',
    deployId: 0,
    debug: false,
    stages: [],
    sender: options['commit-sender'],
    link: options['commit-link'],
    title: options['commit-title'],
    message: options['commit-message'],
    before: options['commit-before'],
    after: options['commit-after'],
    ref: options['commit-ref'],
    sourceRepo: options['commit-fork'],
    source: options['commit-source'],
    target: options['commit-target'],
    authorLogin: options['author-login'],
    authorName: options['author-name'],
    authorEmail: options['author-email'],
    authorAvatar: options['author-avatar'],
  };
}

function stageOf(options: BuildOptions, { stageName, stageId, nowMs }: DetailSubject): StageDetail['stage'] {
  const now = Math.floor(nowMs / 1000);
  return {
    repoId: options['repo-id'],
    buildId: options['build-id'],
    id: options['stage-id'] ?? stageId,
    number: options['stage-number'],
    name: stageName,
    kind: options['stage-kind'] || 'pipeline',
    type: options['stage-type'] || 'kubernetes',
    status: 'pending',
    error: '',
    errIgnore: false,
    exitCode: 0,
    machine: '',
    os: options['stage-os'],
    arch: options['stage-arch'],
    variant: options['stage-variant'],
    kernel: options['stage-kernel'],
    limit: 0,
    throttle: 0,
    started: 0,
    stopped: 0,
    created: options['stage-created'] ?? now,
    updated: options['stage-updated'] ?? now,
    version: 1,
    onSuccess: true,
    onFailure: false,
    dependsOn: [],
    labels: {},
    steps: [],
  };
}
