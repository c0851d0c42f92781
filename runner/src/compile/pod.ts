import type { V1Pod, V1PodSpec, V1Volume } from '@kubernetes/client-node';
import { ANNOTATION, SCHEDULING_GATE } from '../pipeline/compiled.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import type { Most } from '../restrict/restrictions.ts';
import { RESTORE, SAVE, storageVolume } from './cache-steps.ts';
import { type ContainerSources, initContainer, stepContainer, tmateContainer } from './container.ts';
import { isDnsSubdomain } from './kubernetes-names.ts';
import type { PlannedContainer } from './planned-container.ts';
import { podClasses } from './pod-classes.ts';
import { each, refuse } from './refuse.ts';
import { type ContainerResources, toRequirements } from './resources.ts';
import { dnsConfig, dnsPolicy, hostAliases, placement } from './scheduling.ts';
import { podSecurityContext } from './security-context.ts';
import type { CompileSettings, Policy } from './settings.ts';
import { topologySpread } from './topology-spread.ts';
import { emptyVolume, envVolumeName, VOLUME } from './volumes.ts';

/** Time between the stop signal and SIGKILL at the Pod's end; the gates give their children 10 s of it. */
const STOP_GRACE_SECONDS = 30;
const LONGEST_DEADLINE_SECONDS = 2 ** 31 - 1;

/** Inputs of the Pod, besides its steps. */
export interface PodSources extends ContainerSources {
  readonly pipeline: Pipeline;
  readonly policy: Policy | undefined;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly timeoutMs: number;
  /** How long the container of a failed step stays; 0: it does not. */
  readonly keepFailedMs: number;
  readonly files: V1Volume;
  readonly volumes: readonly V1Volume[];
  readonly pullSecretName: string | undefined;
  readonly initResources: ContainerResources;
}

/** One file per swapped step, which shows the annotation with its result (PROTOCOL.md). */
function resultsVolume(swapped: readonly PlannedContainer[]): V1Volume {
  const items = swapped.map(({ n }) => ({
    path: `result-${n}`,
    fieldRef: { fieldPath: `metadata.annotations['${ANNOTATION.resultPrefix}${n}']` },
  }));
  return { name: VOLUME.pod, downwardAPI: { items } };
}

/** A separate volume: a file mounted by subPath would not be updated when its annotation changes. */
function envVolume({ n }: PlannedContainer): V1Volume {
  const fieldRef = { fieldPath: `metadata.annotations['${ANNOTATION.envPrefix}${n}']` };
  return { name: envVolumeName(n), downwardAPI: { items: [{ path: 'env', fieldRef }] } };
}

/** The gate's program. Its image is pulled like any other of the Pod, with the same credentials. */
function gateVolume({ gateVolume: by, gateImage }: CompileSettings, most: Most): V1Volume {
  if (by !== 'image') return emptyVolume(VOLUME.bin, most);
  return { name: VOLUME.bin, image: { reference: gateImage, pullPolicy: 'IfNotPresent' } };
}

/** The storage of caches, where a step of the runner needs it. */
function storage(steps: readonly PlannedContainer[], { settings }: PodSources): readonly V1Volume[] {
  const has = (wanted: PlannedContainer['origin']): boolean => steps.some(({ origin }) => origin === wanted);
  return settings.caches !== undefined && has(RESTORE) ? [storageVolume(settings.caches, has(SAVE))] : [];
}

function volumesOf(steps: readonly PlannedContainer[], sources: PodSources): V1Volume[] {
  const swapped = steps.filter(({ start }) => start.engine === 'swap');
  const most = sources.rules.volumeSize;
  return [
    emptyVolume(VOLUME.workspace, most),
    ...(sources.places.hasTmate ? [emptyVolume(VOLUME.addons, most)] : []),
    gateVolume(sources.settings, most),
    emptyVolume(VOLUME.state, most),
    emptyVolume(VOLUME.drone, most),
    sources.files,
    ...(swapped.length > 0 ? [resultsVolume(swapped)] : []),
    ...swapped.map(envVolume),
    ...sources.volumes,
    ...storage(steps, sources),
  ];
}

interface Account {
  serviceAccountName?: string;
  automountServiceAccountToken?: false;
}

/** The service account: policy, then pipeline, then default; empty: the one that Kubernetes takes by itself. */
function accountName({ pipeline, settings, policy }: PodSources): string {
  const name = policy?.serviceAccount || pipeline.serviceAccountName || settings.defaultServiceAccount;
  if (name === '' || isDnsSubdomain(name)) return name;
  return refuse(
    'invalid-pipeline',
    `service_account_name ${JSON.stringify(name)} cannot be the name of a service account`,
    ['service_account_name'],
  );
}

/** If no account is named, hardening disables the token (gate §7). The runner's own token is never mounted. */
function account(sources: PodSources): Account {
  const { settings, namespace } = sources;
  const name = accountName(sources);
  const own = settings.ownAccount;
  const isOwn = own?.namespace === namespace && own.name === (name || 'default');
  const isUnnamed = name === '' && settings.hardening === 'restricted';
  return {
    ...(name === '' ? {} : { serviceAccountName: name }),
    ...(isOwn || isUnnamed ? { automountServiceAccountToken: false } : {}),
  };
}

function deadlineSeconds({ timeoutMs, keepFailedMs, settings }: PodSources): number {
  return Math.min(
    Math.max(Math.ceil((timeoutMs + keepFailedMs + settings.deadlineSlackMs) / 1000), 1),
    LONGEST_DEADLINE_SECONDS,
  );
}

function placeFields({ pipeline, settings, policy, rules }: PodSources): Partial<V1PodSpec> {
  const { nodeSelector, tolerations, affinity } = placement(pipeline, settings, policy, rules);
  const dns = dnsConfig(pipeline);
  const aliases = hostAliases(pipeline);
  return {
    ...(Object.keys(nodeSelector).length > 0 ? { nodeSelector } : {}),
    ...(tolerations.length > 0 ? { tolerations: [...tolerations] } : {}),
    ...(affinity === undefined ? {} : { affinity }),
    ...(aliases.length > 0 ? { hostAliases: [...aliases] } : {}),
    ...(dns === undefined ? {} : { dnsConfig: dns }),
    ...topologySpread(pipeline),
    ...podClasses(pipeline),
    ...dnsPolicy(pipeline),
  };
}

function initContainers(
  steps: readonly PlannedContainer[],
  { settings, places, initResources, rules }: PodSources,
): Pick<V1PodSpec, 'initContainers'> {
  const { gateVolume: by, gateImage, tmate } = settings;
  const numbers = steps.map(({ n }) => n);
  const all = [
    ...(by !== 'image'
      ? [initContainer(numbers, gateImage, toRequirements(initResources, rules.ephemeralStorage))]
      : []),
    ...(places.hasTmate ? [tmateContainer(tmate.image)] : []),
  ];
  return all.length === 0 ? {} : { initContainers: all };
}

/** The stage's Pod, with a scheduling gate until the server has registered its steps (previous-runner §4.19, gate §4). */
export function buildPod(steps: readonly PlannedContainer[], sources: PodSources): V1Pod {
  const { pullSecretName } = sources;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: sources.name,
      namespace: sources.namespace,
      labels: sources.labels,
      annotations: sources.annotations,
    },
    spec: {
      restartPolicy: 'Never',
      schedulingGates: [{ name: SCHEDULING_GATE }],
      activeDeadlineSeconds: deadlineSeconds(sources),
      terminationGracePeriodSeconds: STOP_GRACE_SECONDS,
      ...account(sources),
      ...placeFields(sources),
      ...podSecurityContext(sources.pipeline, sources.annotations),
      ...(pullSecretName === undefined ? {} : { imagePullSecrets: [{ name: pullSecretName }] }),
      ...initContainers(steps, sources),
      containers: each(steps, (step) => stepContainer(step, sources)),
      volumes: volumesOf(steps, sources),
    },
  };
}
