import type { DroneBuild, DroneRepo, DroneStage, StageDetail } from '../../pipeline/drone.ts';
import type { EnvValue, Pipeline, PipelineStep } from '../../pipeline/pipeline.ts';
import { OPEN_RULES } from '../../restrict/restrictions.ts';
import type { CompileInput } from '../compile.ts';
import { OWN_STEP } from '../own-step.ts';
import type { CacheSettings, CompileSettings, ImageConfig, Policy, Prepared } from '../settings.ts';

/** The time at which the tests compile: 2026-01-14T09:30:06Z. */
export const NOW_MS = 1_768_383_006_000;
const NOTHING = { cpuMillicores: 0, memoryBytes: 0 };
const MIB = 1024 * 1024;

export const text = (value: string): EnvValue => ({ kind: 'text', text: value });
export const secret = (name: string): EnvValue => ({ kind: 'secret', secret: name });

/** A step `test` with one command. */
export function aStep(changes: Partial<PipelineStep> = {}): PipelineStep {
  return {
    ...OWN_STEP,
    name: 'test',
    image: 'golang:1.25',
    commands: ['go test ./...'],
    ...changes,
  };
}

/** A service `redis`, in the form of the parser's output. */
export function aService(changes: Partial<PipelineStep> = {}): PipelineStep {
  return aStep({ name: 'redis', image: 'redis:8', commands: [], detach: true, ...changes });
}

/** A pipeline of one step. */
export function aPipeline(changes: Partial<Pipeline> = {}): Pipeline {
  return {
    name: 'default',
    platform: { os: '', arch: '', variant: '', version: '' },
    clone: { disable: false, depth: 0, skipVerify: false, trace: false, retries: 0 },
    environment: {},
    requests: NOTHING,
    limits: NOTHING,
    services: [],
    steps: [aStep()],
    parallelism: undefined,
    volumes: [],
    imagePullSecrets: [],
    workspacePath: '',
    metadata: { namespace: '', labels: {}, annotations: {} },
    nodeName: '',
    nodeSelector: {},
    serviceAccountName: '',
    priorityClassName: '',
    runtimeClassName: '',
    dnsPolicy: '',
    tolerations: [],
    security: undefined,
    affinity: undefined,
    topologySpread: [],
    dnsConfig: { nameservers: [], searches: [], options: [] },
    hostAliases: [],
    ...changes,
  };
}

export function aRepo(changes: Partial<DroneRepo> = {}): DroneRepo {
  return {
    id: 7,
    uid: '7',
    namespace: 'acme',
    name: 'widget',
    slug: 'acme/widget',
    scm: '',
    httpUrl: 'https://git.example.com/acme/widget.git',
    sshUrl: 'git@git.example.com:acme/widget.git',
    link: 'https://git.example.com/acme/widget',
    branch: 'main',
    private: true,
    visibility: 'private',
    trusted: false,
    protected: false,
    timeoutMinutes: 60,
    secret: '',
    ...changes,
  };
}

export function aStage(changes: Partial<DroneStage> = {}): DroneStage {
  return {
    id: 31,
    repoId: 7,
    buildId: 12,
    number: 1,
    name: 'default',
    kind: 'pipeline',
    type: 'kubernetes',
    status: 'pending',
    error: '',
    errIgnore: false,
    exitCode: 0,
    machine: 'runner-1',
    os: 'linux',
    arch: 'amd64',
    variant: '',
    kernel: '',
    limit: 0,
    throttle: 0,
    started: 0,
    stopped: 0,
    created: 1_768_383_000,
    updated: 1_768_383_000,
    version: 2,
    onSuccess: true,
    onFailure: false,
    dependsOn: [],
    labels: {},
    steps: [],
    ...changes,
  };
}

export function aBuild(changes: Partial<DroneBuild> = {}): DroneBuild {
  return {
    id: 12,
    number: 12,
    parent: 0,
    status: 'pending',
    event: 'push',
    action: '',
    trigger: '@hook',
    link: 'https://git.example.com/acme/widget/commit/8f5d3b2',
    title: '',
    message: 'make it work',
    before: '0000000000000000000000000000000000000000',
    after: '8f5d3b2c4a6e7f8091a2b3c4d5e6f708192a3b4c',
    ref: 'refs/heads/main',
    sourceRepo: '',
    source: 'main',
    target: 'main',
    authorLogin: 'ada',
    authorName: 'Ada Lovelace',
    authorEmail: 'ada@example.com',
    authorAvatar: '',
    sender: 'ada',
    params: {},
    cron: '',
    deployTo: '',
    deployId: 0,
    debug: false,
    started: 0,
    finished: 0,
    created: 1_768_383_000,
    updated: 1_768_383_000,
    stages: [],
    ...changes,
  };
}

export function aDetail(changes: Partial<StageDetail> = {}): StageDetail {
  return {
    repo: aRepo(),
    build: aBuild(),
    stage: aStage(),
    yaml: '',
    secrets: [],
    netrc: undefined,
    system: {
      proto: 'https',
      host: 'drone.example.com',
      link: 'https://drone.example.com',
      version: '2.26.0',
    },
    rawRepo: {},
    rawBuild: {},
    ...changes,
  };
}

export function anImage(changes: Partial<ImageConfig> = {}): ImageConfig {
  return { entrypoint: ['/bin/plugin'], cmd: [], stopSignal: '', user: '', ...changes };
}

export function aPolicy(changes: Partial<Policy> = {}): Policy {
  return {
    name: 'p',
    match: {},
    namespace: '',
    labels: {},
    annotations: {},
    requests: NOTHING,
    limits: NOTHING,
    nodeSelector: {},
    serviceAccount: '',
    tolerations: [],
    ...changes,
  };
}

/** Storage of caches with small limits. */
export const aCacheStorage = (storage: CacheSettings['storage']): CacheSettings => ({
  storage,
  maxBytes: 1000,
  totalBytes: 5000,
  maxAgeMs: 60_000,
  timeoutMs: 90_000,
});

/** Prepared data: the clone image is known, nothing else is needed. */
export function aPreparation(changes: Partial<Prepared> = {}): Prepared {
  return {
    environment: [],
    secrets: {},
    registries: [],
    images: { 'docker.io/drone/git:latest': anImage({ entrypoint: ['/usr/local/bin/clone'] }) },
    warnings: [],
    ...changes,
  };
}

/** The default settings of a runner. */
export function someSettings(changes: Partial<CompileSettings> = {}): CompileSettings {
  return {
    cloneImage: 'drone/git:latest',
    gateImage: 'ghcr.io/hangar/gate:0.1.0',
    gateVolume: 'init',
    placeholderImage: 'ghcr.io/hangar/gate:0.1.0',
    globalVolumes: [],
    privilegedImages: [],
    netrcCloneOnly: false,
    limits: NOTHING,
    requests: { cpuMillicores: 100, memoryBytes: 100 * MIB },
    minRequests: { cpuMillicores: 1, memoryBytes: 4 * MIB },
    defaultNamespace: 'default',
    defaultServiceAccount: '',
    defaultNodeSelector: {},
    defaultAnnotations: {},
    defaultLabels: {},
    policies: [],
    proxies: {},
    tmate: {
      enabled: true,
      image: 'drone/drone-runner-docker:1',
      host: '',
      port: '',
      fingerprintRsa: '',
      fingerprintEd25519: '',
    },
    startMode: 'barrier',
    hardening: 'off',
    runAsUser: undefined,
    resources: 'split',
    deadlineSlackMs: 3_600_000,
    keepFailedMs: 0,
    caches: undefined,
    keepFailedMaxMs: 0,
    restrictions: { rules: OPEN_RULES, repositories: [] },
    ownAccount: undefined,
    leaseNamespace: '',
    ...changes,
  };
}

/** Complete input of the compiler, for one pipeline. */
export function aCompileInput(changes: Partial<CompileInput> = {}): CompileInput {
  return {
    pipeline: aPipeline(),
    detail: aDetail(),
    prepared: aPreparation(),
    settings: someSettings(),
    nowMs: NOW_MS,
    name: () => 'drone-0123456789abcdefghij',
    nonce: '9f3c2a71',
    ...changes,
  };
}
