import { createHash } from 'node:crypto';
import type { V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import { trustLevelOf } from '../restrict/trust-level.ts';
import type { OrderedStep } from './order-steps.ts';
import { OWN_STEP } from './own-step.ts';
import { each, refuse, stepField, stepTitle } from './refuse.ts';
import type { CacheSettings, CompileSettings } from './settings.ts';
import { type NamedVolumes, VOLUME } from './volumes.ts';

/** The steps that fill the caches before the others, and that save them afterwards. */
export const RESTORE = 'restore-cache';
export const SAVE = 'save-cache';

const STORAGE_PATH = '/hangar/storage';
const cachePath = (index: number): string => `/hangar/cache/${index + 1}`;

/** What a file system allows, with room for the suffixes of the gate. */
const LONGEST_COMPONENT = 150;

/** Names of the caches that steps mount, in the order of the pipeline's volumes; of equal names the first. Pure. */
export function mountedCaches(
  { volumes }: Pick<Pipeline, 'volumes'>,
  steps: readonly Pick<PipelineStep, 'volumes'>[],
): readonly string[] {
  const mounted = new Set(steps.flatMap((step) => step.volumes.map(({ name }) => name)));
  const first = new Map(volumes.toReversed().map((volume) => [volume.name, volume.kind]));
  return [...new Set(volumes.map(({ name }) => name))].filter(
    (name) => first.get(name) === 'cache' && mounted.has(name),
  );
}

/** A name as one component of a path: what could be read as something else is written in hexadecimal. */
function component(name: string): string {
  const escaped = name
    .replaceAll(/[^a-zA-Z0-9._-]/gu, (char) => Buffer.from(char).toString('hex').replaceAll(/../g, '%$&'))
    .replace(/^\./, '%2e');
  if (escaped !== '' && escaped.length <= LONGEST_COMPONENT) return escaped;
  return `%${createHash('sha256').update(name).digest('hex')}`;
}

/**
 * The directory of a build's caches: server, repository, trust level, platform. A pull request of a fork has that of its base, which it can
 * only read. The number of the repository keeps a new repository from the caches of a former one of its name. Pure.
 */
export function cacheKey({ system, repo, stage }: StageDetail): string {
  const level = repo.trusted ? 'trusted' : 'ordinary';
  const parts = [system.host, repo.namespace, repo.name, repo.uid || String(repo.id), level];
  return [...parts, `${stage.os || 'linux'}-${stage.arch || 'amd64'}`].map(component).join('/');
}

/** Whether a build saves what it leaves in its caches; one of a fork does not. Pure. */
export const savesCaches = (detail: StageDetail): boolean => trustLevelOf(detail) !== 'fork';

/** Inputs of the two steps. */
export interface CacheSources {
  readonly pipeline: Pipeline;
  readonly detail: StageDetail;
  readonly settings: Pick<CompileSettings, 'gateImage' | 'caches' | 'hardening' | 'runAsUser'>;
}

/** User of our containers that are not root. */
const NOBODY = 65_532;

/** The capabilities with which root reads, and makes again, files of any owner. */
const NEEDED = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'];

/** Root, so that it can keep the owners of files; not where pipeline or operator want no root at all. */
function identity({ pipeline, settings }: CacheSources): Pick<PipelineStep, 'user' | 'security'> {
  const { security } = pipeline;
  const user = security?.user ?? (settings.hardening === 'restricted' ? settings.runAsUser : undefined) ?? 0;
  const isRoot = user === 0 && security?.nonRoot !== true;
  return {
    user: isRoot || user > 0 ? user : NOBODY,
    security: {
      nonRoot: !isRoot,
      readOnlyRoot: true,
      escalation: false,
      addCapabilities: isRoot ? NEEDED : [],
      dropCapabilities: ['ALL'],
      seccomp: { type: 'RuntimeDefault', localhostProfile: '' },
      appArmor: undefined,
    },
  };
}

function cacheStep(
  name: typeof RESTORE | typeof SAVE,
  flags: readonly string[],
  names: readonly string[],
  sources: CacheSources & { readonly settings: { readonly caches: CacheSettings } },
): PipelineStep {
  const { detail, settings } = sources;
  const action = name === RESTORE ? 'restore' : 'save';
  const directories = names.map((cache, index) => `${component(cache)}=${cachePath(index)}`);
  return {
    ...OWN_STEP,
    name,
    image: settings.gateImage,
    entrypoint: ['/hangar/bin/gate', 'cache', action, '--storage', STORAGE_PATH],
    command: ['--key', cacheKey(detail), ...flags, ...directories],
    failure: 'ignore',
    ...identity(sources),
    workingDir: '/',
    timeoutMs: settings.caches.timeoutMs,
  };
}

function refuseTakenNames({ steps, services }: Pipeline): void {
  each([...services, ...steps], (step) => {
    if (step.name === RESTORE || step.name === SAVE)
      refuse(
        'invalid-pipeline',
        `${stepTitle(step)}: in a pipeline with a cache, the runner has a step of this name; rename yours`,
        stepField(step, 'name'),
      );
  });
}

/** The runner's steps for the caches of a pipeline, and warnings for its author. */
export interface CacheSteps {
  readonly restore: PipelineStep | undefined;
  readonly save: PipelineStep | undefined;
  readonly warnings: readonly string[];
}

const NONE: CacheSteps = { restore: undefined, save: undefined, warnings: [] };

/**
 * Makes the steps that restore and save the caches that are mounted. Without storage there are none, and caches begin empty.
 *
 * @param names {@link mountedCaches}
 * @throws {PipelineError} if the author has a step of the same name
 */
export function cacheSteps(names: readonly string[], sources: CacheSources): CacheSteps {
  const { caches } = sources.settings;
  if (names.length === 0) return NONE;
  refuseTakenNames(sources.pipeline);
  if (caches === undefined)
    return {
      ...NONE,
      warnings: names.map(
        (name) =>
          `volume ${JSON.stringify(name)} starts empty: the operator of the runner has set no storage for caches (HANGAR_CACHE)`,
      ),
    };
  const withStorage = { ...sources, settings: { ...sources.settings, caches } };
  const { maxBytes, totalBytes, maxAgeMs } = caches;
  const limits = ['--max-bytes', maxBytes, '--total-bytes', totalBytes, '--max-age-ms', maxAgeMs].map(String);
  return {
    restore: cacheStep(RESTORE, [], names, withStorage),
    save: savesCaches(sources.detail) ? cacheStep(SAVE, limits, names, withStorage) : undefined,
    warnings: [],
  };
}

/**
 * Puts the steps of the caches among the others. Caches are restored beside the clone step, and whoever mounts one waits for that; they are
 * saved when all ordinary steps have ended. Pure.
 */
export function withCacheSteps(
  ordered: readonly OrderedStep[],
  names: readonly string[],
  { restore, save }: Pick<CacheSteps, 'restore' | 'save'>,
): readonly OrderedStep[] {
  if (restore === undefined) return ordered;
  const isClone = ordered[0]?.origin === 'clone';
  const first = isClone ? 2 : 1;
  const shifted = (n: number): number => (n < first ? n : n + 1);
  const others = ordered.map((one) => {
    const usesCache = one.step.volumes.some(({ name }) => names.includes(name));
    const after = one.after.map(shifted);
    return {
      ...one,
      n: shifted(one.n),
      after: usesCache ? [...new Set([...after, first])].sort((a, b) => a - b) : after,
      dependsOn: usesCache ? [...one.dependsOn, RESTORE] : one.dependsOn,
    };
  });
  const own = { role: 'step', after: [], dependsOn: [] } as const;
  const all: readonly OrderedStep[] = [
    ...others.slice(0, first - 1),
    { ...own, n: first, step: restore, origin: RESTORE },
    ...others.slice(first - 1),
  ];
  if (save === undefined) return all;
  const last = all.filter(({ role }) => role === 'step');
  const needed = new Set(last.flatMap(({ dependsOn }) => dependsOn));
  const after = last.map(({ n }) => n);
  const dependsOn = last.map(({ step }) => step.name).filter((name) => !needed.has(name));
  return [...all, { ...own, n: all.length + 1, step: save, origin: SAVE, after, dependsOn }];
}

/** The operator's storage as a volume of the Pod. A build that saves nothing can't write to it. */
export function storageVolume({ storage }: CacheSettings, isWritten: boolean): V1Volume {
  if (storage.kind === 'host')
    return { name: VOLUME.caches, hostPath: { path: storage.path, type: 'DirectoryOrCreate' } };
  const { claimName } = storage;
  return {
    name: VOLUME.caches,
    persistentVolumeClaim: { claimName, ...(isWritten ? {} : { readOnly: true }) },
  };
}

/** The mounts by which a step of the runner reaches the storage and the caches. */
export function cacheMounts(
  origin: typeof RESTORE | typeof SAVE,
  names: readonly string[],
  byName: NamedVolumes['byName'],
): readonly V1VolumeMount[] {
  return [
    { name: VOLUME.caches, mountPath: STORAGE_PATH, ...(origin === RESTORE ? { readOnly: true } : {}) },
    ...names.map((name, index) => ({ name: byName.get(name) ?? '', mountPath: cachePath(index) })),
  ];
}
