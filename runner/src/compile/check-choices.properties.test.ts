import type {
  V1Affinity,
  V1NodeSelectorTerm,
  V1Pod,
  V1PodSpec,
  V1SecurityContext,
} from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintPipeline } from '../lint/lint.ts';
import { parseManifest } from '../parse/manifest.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RuleName, Rules } from '../restrict/restrictions.ts';
import { RESTORE, SAVE } from './cache-steps.ts';
import { compile } from './compile.ts';
import type { CompileSettings } from './settings.ts';
import { aBuild, aCacheStorage, aCompileInput, aDetail, aPreparation, aRepo } from './testing/a-pipeline.ts';
import { fieldsWithoutGenerator, pipelines, pipelinesWith } from './testing/arbitrary-pipeline.ts';
import { closedRules, restrictedSettings } from './testing/restricted-settings.ts';
import { VOLUME } from './volumes.ts';

const GIB = 2 ** 30;
const RULES = closedRules({
  serviceAccounts: ['deploy-*'],
  namespaces: ['prod'],
  nodes: ['node-1'],
  nodeSelectors: ['kubernetes.io/arch=*'],
  tolerations: ['spot'],
  podAffinity: ['zone'],
  topologySpread: ['zone'],
  priorityClasses: ['low'],
  runtimeClasses: ['gvisor'],
  extendedResources: ['nvidia.com/*'],
  labels: ['team'],
  annotations: ['note'],
  privilegedImages: ['plugins/docker:20'],
  requestCpu: 2000,
  requestMemory: GIB,
  volumeSize: GIB,
  ephemeralStorage: GIB,
});
const settingsOf = (rules: Rules): CompileSettings =>
  restrictedSettings(rules, {
    hardening: 'restricted',
    caches: aCacheStorage({ kind: 'claim', claimName: 'caches' }),
    ownAccount: { namespace: 'default', name: 'deploy-runner' },
    leaseNamespace: 'ci',
  });
const SETTINGS = settingsOf(RULES);

/** By rule the fields of a pipeline that it is about. What is set on privileged steps is held by `privileged-choices.test.ts`. */
const FIELDS_OF_RULES = {
  serviceAccounts: ['service_account_name'],
  namespaces: ['metadata'],
  nodes: ['node_name'],
  nodeSelectors: ['node_selector'],
  tolerations: ['tolerations'],
  podAffinity: ['affinity'],
  topologySpread: ['topology_spread_constraints'],
  priorityClasses: ['priority_class_name'],
  runtimeClasses: ['runtime_class_name'],
  extendedResources: [],
  labels: ['metadata'],
  annotations: ['metadata'],
  root: [],
  capabilities: [],
  securityProfiles: ['security_context'],
  caches: ['volumes'],
  hostAccess: ['volumes'],
  privilegedImages: [],
  requestCpu: ['resources'],
  requestMemory: ['resources'],
  volumeSize: [],
  ephemeralStorage: [],
} as const satisfies Record<Exclude<RuleName, 'privilegedEnvironment'>, Parameters<typeof pipelinesWith>[0]>;

const FORK = aDetail({
  repo: aRepo({ trusted: true }),
  build: aBuild({ event: 'pull_request', sourceRepo: 'eve/widget' }),
});

function compiledPod(text: string, detail: StageDetail, settings: CompileSettings): V1Pod | undefined {
  try {
    const [parsed] = parseManifest(text).pipelines;
    if (parsed === undefined) return undefined;
    const { trusted, slug } = detail.repo;
    if (lintPipeline(parsed, { trusted, slug, namespaceRules: {} }) !== undefined) return undefined;
    const prepared = aPreparation({ secrets: { s: 'x' } });
    return compile(aCompileInput({ pipeline: parsed, settings, detail, prepared })).pod;
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

const ANNOTATION_OF_OURS = /^(hangar\.dev\/|io\.drone|note$)/;
const LABEL_OF_OURS = /^(hangar\.dev\/|io\.drone|team$|app\.kubernetes\.io\/managed-by$)/;

/** Everything in the metadata that the author may not choose. */
function objectionsToMetadata({ metadata }: V1Pod): readonly string[] {
  const { namespace = '', labels = {}, annotations = {} } = metadata ?? {};
  const shields = ['karpenter.sh/do-not-disrupt', 'cluster-autoscaler.kubernetes.io/safe-to-evict'];
  return [
    ...(['default', 'prod'].includes(namespace) ? [] : [`namespace ${namespace}`]),
    ...Object.keys(labels).filter((key) => !LABEL_OF_OURS.test(key)),
    ...Object.entries(annotations)
      .filter(([key, value]) => !ANNOTATION_OF_OURS.test(key) && !(shields.includes(key) && value !== 'x'))
      .map(([key]) => key),
    ...(annotations['io.drone'] === 'x' ? ['io.drone'] : []),
  ];
}

function objectionsToAccount({ spec, metadata }: V1Pod): readonly string[] {
  const name = spec?.serviceAccountName;
  if (name === undefined) return [];
  const isOwn = metadata?.namespace === 'default' && name === 'deploy-runner';
  return isOwn || !name.startsWith('deploy-') ? [name] : [];
}

/** Labels and names of nodes that a term selects or avoids, but those that are allowed. */
function objectionsToTerm({
  matchExpressions = [],
  matchFields = [],
}: V1NodeSelectorTerm): readonly string[] {
  const fields = matchFields.filter(
    ({ operator, values }) => operator !== 'In' || values?.join() !== 'node-1',
  );
  return [
    ...matchExpressions.filter(({ key }) => key !== 'kubernetes.io/arch').map(({ key }) => key),
    ...fields.map(({ operator, values }) => `${operator} ${values?.join()}`),
  ];
}

function objectionsToNodes({ nodeAffinity }: V1Affinity): readonly string[] {
  const required = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return [...required, ...preferred.map(({ preference }) => preference)].flatMap(objectionsToTerm);
}

function topologiesOf({ podAffinity, podAntiAffinity }: V1Affinity): readonly string[] {
  return [podAffinity, podAntiAffinity].flatMap((pods) => [
    ...(pods?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(({ topologyKey }) => topologyKey),
    ...(pods?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
      ({ podAffinityTerm }) => podAffinityTerm.topologyKey,
    ),
  ]);
}

/** A named node is taken whatever its taints are, as by the scheduler's own field. */
function isOnNamedNode({ nodeAffinity }: V1Affinity): boolean {
  const terms = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  return terms.length > 0 && terms.every(({ matchFields = [] }) => matchFields.length > 0);
}

function objectionsToTolerations({ tolerations = [], affinity = {} }: V1PodSpec): readonly string[] {
  if (isOnNamedNode(affinity)) return [];
  return tolerations.filter(({ key }) => key !== 'spot').map(({ key }) => `toleration ${key}`);
}

function objectionsToTopologies({
  affinity = {},
  topologySpreadConstraints = [],
}: V1PodSpec): readonly string[] {
  const spread = topologySpreadConstraints.map(({ topologyKey }) => topologyKey);
  return [...topologiesOf(affinity), ...spread].filter((key) => key !== 'zone');
}

function objectionsToPlace({ spec = { containers: [] } }: V1Pod): readonly string[] {
  const selector = Object.keys(spec.nodeSelector ?? {});
  return [
    ...selector.filter((key) => !/^kubernetes\.io\/(arch|os)$/.test(key)),
    ...objectionsToTolerations(spec),
    ...objectionsToNodes(spec.affinity ?? {}),
    ...objectionsToTopologies(spec),
    ...(spec.nodeName === undefined ? [] : ['nodeName']),
  ];
}

function objectionsToClasses({ spec }: V1Pod): readonly string[] {
  const { priorityClassName = 'low', runtimeClassName = 'gvisor', containers = [] } = spec ?? {};
  const plain = ['cpu', 'memory', 'ephemeral-storage', 'nvidia.com/gpu'];
  return [
    ...(priorityClassName === 'low' ? [] : [priorityClassName]),
    ...(runtimeClassName === 'gvisor' ? [] : [runtimeClassName]),
    ...containers
      .flatMap(({ resources }) => Object.keys({ ...resources?.limits, ...resources?.requests }))
      .filter((name) => !plain.includes(name)),
  ];
}

/** Fields of a Pod and of its containers that the objections above judge, or that are no choice of the author. */
const JUDGED: ReadonlySet<string> = new Set([
  ...['restartPolicy', 'schedulingGates', 'activeDeadlineSeconds', 'terminationGracePeriodSeconds'],
  ...['serviceAccountName', 'automountServiceAccountToken', 'nodeSelector', 'tolerations', 'affinity'],
  ...['topologySpreadConstraints', 'priorityClassName', 'runtimeClassName', 'securityContext', 'volumes'],
  ...['hostAliases', 'dnsConfig', 'dnsPolicy', 'imagePullSecrets', 'initContainers', 'containers'],
  ...['name', 'image', 'imagePullPolicy', 'command', 'args', 'workingDir', 'env', 'envFrom', 'resources'],
  ...['volumeMounts', 'terminationMessagePath', 'terminationMessagePolicy'],
]);

function objectionsToFields({ spec }: V1Pod): readonly string[] {
  const all = [spec ?? {}, ...(spec?.containers ?? [])].flatMap((one) => Object.keys(one));
  return all.filter((field) => !JUDGED.has(field));
}

const bytes = (quantity: string | undefined): number => {
  const units: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: GIB };
  const [, number, unit = ''] = /^(\d+)(\w*)$/.exec(quantity ?? '0') ?? [];
  return Number(number) * (units[unit] ?? Number.POSITIVE_INFINITY);
};

function objectionsToSizes({ spec }: V1Pod): readonly string[] {
  const containers = spec?.containers ?? [];
  const sum = (read: (requests: Readonly<Record<string, string>>) => number): number =>
    containers.reduce((total, { resources }) => total + read(resources?.requests ?? {}), 0);
  const cpu = sum(({ cpu = '0' }) => Number.parseInt(cpu, 10));
  const memory = sum(({ memory = '0' }) => bytes(memory));
  const volumes = (spec?.volumes ?? []).filter(({ emptyDir }) => emptyDir !== undefined);
  return [
    ...(cpu <= 2000 ? [] : [`${cpu}m`]),
    ...(memory <= GIB ? [] : [`${memory} bytes`]),
    ...volumes
      .filter(({ emptyDir }) => !(bytes(emptyDir?.sizeLimit ?? '9Zi') <= GIB))
      .map(({ name }) => name),
    ...containers
      .filter(({ resources }) => !(bytes(resources?.limits?.['ephemeral-storage'] ?? '9Zi') <= GIB))
      .map(({ name }) => name),
  ];
}

const isChosenProfile = (profile: { readonly type: string } | undefined): boolean =>
  profile !== undefined && profile.type !== 'RuntimeDefault';

function isHardened({ capabilities, ...context }: V1SecurityContext): boolean {
  if (capabilities?.add !== undefined || isChosenProfile(context.appArmorProfile)) return false;
  return context.allowPrivilegeEscalation === false && context.seccompProfile?.type === 'RuntimeDefault';
}

function isWithinBounds(context: V1SecurityContext | undefined, image: string | undefined): boolean {
  if (context === undefined || context.runAsUser === 0 || context.runAsGroup === 0) return false;
  if (context.privileged === true) return image === 'docker.io/plugins/docker:20';
  return isHardened(context);
}

function objectionsToGroups({ spec }: V1Pod): readonly string[] {
  const { fsGroup, supplementalGroups = [] } = spec?.securityContext ?? {};
  return [fsGroup, ...supplementalGroups].filter((id) => id === 0).map(() => 'group 0');
}

/** Steps of the runner itself, which no author may call so. */
const CACHE_STEPS = [RESTORE, SAVE] as readonly string[];

function objectionsToPower({ spec, metadata }: V1Pod): readonly string[] {
  const plan = metadata?.annotations?.['hangar.dev/plan'] ?? '';
  const { steps } = JSON.parse(plan) as { steps: readonly { name: string; image: string }[] };
  const volumes = (spec?.volumes ?? []).filter(
    ({ name, emptyDir, hostPath }) =>
      hostPath !== undefined ||
      emptyDir?.medium !== undefined ||
      name === VOLUME.caches ||
      (name.startsWith('volume-') && emptyDir === undefined),
  );
  const containers = (spec?.containers ?? []).filter(
    ({ securityContext }, index) =>
      !CACHE_STEPS.includes(steps[index]?.name ?? '') &&
      !isWithinBounds(securityContext, steps[index]?.image),
  );
  return [...volumes, ...containers].map(({ name }) => name);
}

const objectionsTo = (pod: V1Pod): readonly string[] => [
  ...objectionsToMetadata(pod),
  ...objectionsToAccount(pod),
  ...objectionsToPlace(pod),
  ...objectionsToClasses(pod),
  ...objectionsToFields(pod),
  ...objectionsToSizes(pod),
  ...objectionsToPower(pod),
  ...objectionsToGroups(pod),
];

const ORDINARY = aDetail();

describe('whatever the YAML of an untrusted build says', () => {
  it('every field from which a Pod is made has a generator', () => {
    expect(fieldsWithoutGenerator()).toEqual([]);
  });

  it.each([
    ['an ordinary repository', ORDINARY],
    ['a fork of a trusted repository', FORK],
  ])('no Pod of %s has a choice that is refused, nor is it less hardened', (_sentence, detail) => {
    let compiled = 0;
    fc.assert(
      fc.property(pipelines, (written) => {
        const pod = compiledPod(JSON.stringify(written), detail, SETTINGS);
        if (pod === undefined) return;
        compiled += 1;
        expect(objectionsTo(pod)).toEqual([]);
      }),
      { numRuns: 500 },
    );
    // If every pipeline were refused, the property would prove nothing.
    expect(compiled).toBeGreaterThan(50);
  });

  it.each(Object.entries(FIELDS_OF_RULES))('without the rule %s, there is such a Pod', (rule, fields) => {
    const settings = settingsOf({ ...RULES, [rule]: 'any' });
    const isFine = (written: unknown): boolean => {
      const pod = compiledPod(JSON.stringify(written), FORK, settings);
      return pod === undefined || objectionsTo(pod).length === 0;
    };
    const property = fc.property(pipelinesWith(fields), isFine);
    expect(fc.check(property, { numRuns: 5000, endOnFailure: true }).failed).toBe(true);
  });
});
