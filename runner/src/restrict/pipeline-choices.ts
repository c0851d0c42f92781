import type { FieldPath, Pipeline, PipelineStep, PipelineVolume } from '../pipeline/pipeline.ts';
import { affinityChoices, spreadChoices } from './affinity-choices.ts';
import type { AmountChoice, Choices, ForbiddenChoice, NameChoice } from './check.ts';
import type { NameRule } from './restrictions.ts';
import { securityChoices, unhardened } from './security-choices.ts';
import { shown, stepName } from './shown.ts';

type Texts = Readonly<Record<string, string>>;

/** A service account of Kubernetes. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** What operators choose in the place of authors: of a policy, each field where it is set; of the settings, what they name anyway. */
export interface OperatorChoices {
  readonly policy:
    | {
        readonly namespace: string;
        readonly serviceAccount: string;
        readonly labels: Texts;
        readonly annotations: Texts;
        readonly nodeSelector: Texts;
        readonly tolerations: readonly unknown[];
      }
    | undefined;
  readonly defaultNamespace: string;
  readonly defaultServiceAccount: string;
  readonly defaultNodeSelector: Texts;
  readonly hardening: 'off' | 'restricted';
  /** The runner's own account; undefined if it isn't known. */
  readonly ownAccount: Account | undefined;
  /** Empty if it isn't known. */
  readonly leaseNamespace: string;
}

/** Keys that the compiler takes out of what authors write. */
const OURS = 'hangar.dev/';
/** Annotations that change the security profiles of containers. */
const PROFILE = /^(container\.)?(apparmor|seccomp)\.security\.(alpha|beta)\.kubernetes\.io(\/|$)/;
const NAMESPACE: FieldPath = ['metadata', 'namespace'];

/** The path of a field of a step; that of the clone step's section for one that is not in the file. */
export const fieldOf = ({ at = ['clone'] }: PipelineStep, ...field: FieldPath): FieldPath => [
  ...at,
  ...field,
];

function named(rule: NameRule, field: string, value: string, at: FieldPath = [field]): readonly NameChoice[] {
  return value === '' ? [] : [{ rule, value, what: `${field} ${shown(value)}`, at }];
}

function namespaceOf({ metadata }: Pipeline, { policy, defaultNamespace }: OperatorChoices): string {
  return policy?.namespace || metadata.namespace || defaultNamespace;
}

/** The namespace that the author chose, where that makes a difference. */
function chosenNamespace({ metadata }: Pipeline, { policy, defaultNamespace }: OperatorChoices): string {
  const isChosen = !policy?.namespace && metadata.namespace !== (defaultNamespace || 'default');
  return isChosen ? metadata.namespace : '';
}

/** The service account that the author chose, where that makes a difference. */
function chosenAccount({ serviceAccountName }: Pipeline, operator: OperatorChoices): string {
  const isChosen = !operator.policy?.serviceAccount && serviceAccountName !== operator.defaultServiceAccount;
  return isChosen ? serviceAccountName : '';
}

function keys(rule: 'labels' | 'annotations', own: Texts, policy: Texts): readonly NameChoice[] {
  return Object.keys(own)
    .filter((key) => !key.startsWith(OURS) && !Object.hasOwn(policy, key))
    .map((key) => ({
      rule,
      value: key,
      what: `metadata.${rule} ${shown(key)}`,
      at: ['metadata', rule, key],
    }));
}

function placement(
  pipeline: Pipeline,
  { policy, defaultNodeSelector }: OperatorChoices,
): readonly NameChoice[] {
  const hasSelector = Object.keys(policy?.nodeSelector ?? {}).length > 0;
  const selector = Object.entries(hasSelector ? {} : pipeline.nodeSelector).filter(
    ([key, value]) => defaultNodeSelector[key] !== value,
  );
  const tolerations = (policy?.tolerations.length ?? 0) > 0 ? [] : pipeline.tolerations;
  return [
    ...named('nodes', 'node_name', pipeline.nodeName),
    ...selector.flatMap(([key, value]) =>
      named('nodeSelectors', 'node_selector', `${key}=${value}`, ['node_selector', key]),
    ),
    ...tolerations.flatMap(({ key }, index) =>
      named('tolerations', 'the toleration of', key || '*', ['tolerations', index, 'key']),
    ),
    ...affinityChoices(pipeline.affinity, defaultNodeSelector),
    ...spreadChoices(pipeline.topologySpread),
    ...named('priorityClasses', 'priority_class_name', pipeline.priorityClassName),
    ...named('runtimeClasses', 'runtime_class_name', pipeline.runtimeClassName),
  ];
}

function rootChoices(step: PipelineStep): readonly NameChoice[] {
  const fields = (['user', 'group'] as const).filter((field) => step[field] === 0);
  return fields.map((field) => ({
    rule: 'root',
    value: 'root',
    what: `${field} 0 of ${stepName(step)}`,
    at: fieldOf(step, field),
  }));
}

function stepChoices(step: PipelineStep): readonly NameChoice[] {
  const { privileged, devices, deviceParts = {} } = step;
  const what = stepName(step);
  const whole: NameChoice = {
    rule: 'hostAccess',
    value: 'privileged',
    what: `"privileged" of ${what}`,
    at: fieldOf(step, 'privileged'),
  };
  return [
    ...rootChoices(step),
    ...(privileged ? [whole] : []),
    ...Object.keys(devices).flatMap((name) => {
      const at = fieldOf(step, 'resources', deviceParts[name] ?? 'limits', name);
      return named('extendedResources', `in ${what}, the resource`, name, at);
    }),
  ];
}

function volumeChoices(volume: PipelineVolume): readonly NameChoice[] {
  if (volume.kind === 'cache') {
    const at = [...(volume.at ?? ['volumes']), 'cache'];
    return [{ rule: 'caches', value: volume.name, what: `cache ${shown(volume.name)}`, at }];
  }
  const isPlain = volume.kind === 'temp' && volume.medium.toLowerCase() !== 'memory';
  if (isPlain || volume.kind === 'none') return [];
  const source = volume.kind === 'temp' ? 'memory' : volume.kind;
  const at = [...(volume.at ?? ['volumes']), volume.kind, ...(volume.kind === 'temp' ? ['medium'] : [])];
  return [{ rule: 'hostAccess', value: source, what: `volume ${shown(volume.name)} (${source})`, at }];
}

function volumeSizes(volumes: readonly PipelineVolume[]): readonly AmountChoice[] {
  return volumes.flatMap((volume) =>
    volume.kind === 'temp' && volume.sizeLimitBytes > 0
      ? [
          {
            rule: 'volumeSize' as const,
            amount: volume.sizeLimitBytes,
            what: `size_limit of volume ${shown(volume.name)}`,
            at: [...(volume.at ?? ['volumes']), 'temp', 'size_limit'],
          },
        ]
      : [],
  );
}

function storageSizes(steps: readonly PipelineStep[]): readonly AmountChoice[] {
  return steps.flatMap((step) => {
    const { requestBytes, limitBytes } = step.storage;
    const amount = Math.max(requestBytes, limitBytes);
    const what = `ephemeral_storage of ${stepName(step)}`;
    const at = fieldOf(
      step,
      'resources',
      requestBytes > limitBytes ? 'requests' : 'limits',
      'ephemeral_storage',
    );
    return amount > 0 ? [{ rule: 'ephemeralStorage' as const, amount, what, at }] : [];
  });
}

function forbiddenNamespace(
  namespace: string,
  { leaseNamespace }: OperatorChoices,
): readonly ForbiddenChoice[] {
  const what = `metadata.namespace ${shown(namespace)}`;
  const at = NAMESPACE;
  if (namespace.startsWith('kube-')) return [{ what, why: 'it is a namespace of Kubernetes itself', at }];
  return namespace !== '' && namespace === leaseNamespace
    ? [{ what, why: "it is the namespace of the runner's Leases", at }]
    : [];
}

function forbiddenChoices(pipeline: Pipeline, operator: OperatorChoices): readonly ForbiddenChoice[] {
  const { ownAccount, hardening, policy } = operator;
  const { priorityClassName } = pipeline;
  const account = chosenAccount(pipeline, operator);
  const isOwn = account === ownAccount?.name && namespaceOf(pipeline, operator) === ownAccount.namespace;
  const profiles =
    hardening === 'off'
      ? []
      : Object.keys(pipeline.metadata.annotations).filter(
          (key) => PROFILE.test(key) && !Object.hasOwn(policy?.annotations ?? {}, key),
        );
  return [
    ...forbiddenNamespace(chosenNamespace(pipeline, operator), operator),
    ...(isOwn
      ? [
          {
            what: `service_account_name ${shown(account)}`,
            why: "it is the runner's own account",
            at: ['service_account_name'],
          },
        ]
      : []),
    ...(priorityClassName.startsWith('system-')
      ? [
          {
            what: `priority_class_name ${shown(priorityClassName)}`,
            why: 'it is a priority class of Kubernetes itself',
            at: ['priority_class_name'],
          },
        ]
      : []),
    ...(hardening === 'off' ? [] : unhardened(pipeline)),
    ...profiles.map((key) => ({
      what: `metadata.annotations ${shown(key)}`,
      why: 'HANGAR_HARDENING=restricted sets the security profile',
      at: ['metadata', 'annotations', key],
    })),
  ];
}

/** All that the author of a pipeline chose for its Pod, but requests and what concerns images. Pure. */
export function pipelineChoices(pipeline: Pipeline, operator: OperatorChoices): Choices {
  const { metadata, services, steps, volumes } = pipeline;
  return {
    names: [
      ...named('serviceAccounts', 'service_account_name', chosenAccount(pipeline, operator)),
      ...named('namespaces', 'metadata.namespace', chosenNamespace(pipeline, operator), NAMESPACE),
      ...placement(pipeline, operator),
      ...keys('labels', metadata.labels, operator.policy?.labels ?? {}),
      ...keys('annotations', metadata.annotations, operator.policy?.annotations ?? {}),
      ...[...services, ...steps].flatMap(stepChoices),
      ...securityChoices(pipeline),
      ...volumes.flatMap(volumeChoices),
    ],
    amounts: [...volumeSizes(volumes), ...storageSizes([...services, ...steps])],
    forbidden: forbiddenChoices(pipeline, operator),
  };
}
