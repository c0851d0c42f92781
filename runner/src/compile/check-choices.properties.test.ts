import type { V1Pod, V1SecurityContext } from '@kubernetes/client-node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lintPipeline } from '../lint/lint.ts';
import { parseManifest } from '../parse/manifest.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { compile } from './compile.ts';
import { aBuild, aCompileInput, aDetail, aPreparation, aRepo } from './testing/a-pipeline.ts';
import { podSecurities, stepSecurities } from './testing/arbitrary-security.ts';
import { closedRules, restrictedSettings } from './testing/restricted-settings.ts';

const GIB = 2 ** 30;
const RULES = closedRules({
  serviceAccounts: ['deploy-*'],
  namespaces: ['prod'],
  nodes: ['node-1'],
  nodeSelectors: ['kubernetes.io/arch=*'],
  tolerations: ['spot'],
  labels: ['team'],
  annotations: ['note'],
  privilegedImages: ['plugins/docker:20'],
  requestCpu: 2000,
  requestMemory: GIB,
  volumeSize: GIB,
  ephemeralStorage: GIB,
});
const SETTINGS = restrictedSettings(RULES, {
  hardening: 'restricted',
  ownAccount: { namespace: 'default', name: 'deploy-runner' },
  leaseNamespace: 'ci',
});

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
/** Mostly what is allowed, so that many pipelines compile. */
const one = (allowed: unknown, ...refused: readonly unknown[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constant(allowed) },
    { weight: 1, arbitrary: fc.constantFrom(...refused) },
  );
const amount = one(100, 2001, 2_147_483_647, 1e300, '0x7fffffff');
const size = one('100Mi', '2Gi', '8Ei', '1e300');
const resources = fc.record({
  limits: maybe(fc.record({ cpu: amount, memory: size })),
  requests: maybe(fc.record({ cpu: amount, memory: size })),
});
const security = (any: fc.Arbitrary<object>) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(undefined, { run_as_non_root: true }) },
    { weight: 1, arbitrary: any },
  );
const environment = fc.dictionary(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('PLUGIN_A', 'DRONE_A', 'CI') },
    { weight: 1, arbitrary: fc.constantFrom('LD_PRELOAD', 'PATH', 'HOME', 'BASH_ENV', 'OTHER', '__proto__') },
  ),
  fc.constantFrom<unknown>('x', { from_secret: 's' }),
  { maxKeys: 2 },
);
const step = fc.record(
  {
    name: fc.constantFrom('a', 'b', 'c', 'd'),
    image: fc.constantFrom('golang', 'plugins/docker:20', 'docker.io/plugins/docker', 'plugins/ecr'),
    commands: maybe(fc.constant(['true'])),
    environment: maybe(environment),
    privileged: maybe(one(false, true, 'yes', 1)),
    user: maybe(one(1000, 0, '0', '00', -0, 0.0, '0x0')),
    group: maybe(one(1000, 0, '0')),
    security_context: security(stepSecurities),
    resources: maybe(resources),
    detach: maybe(fc.boolean()),
  },
  { requiredKeys: ['name', 'image', 'commands'] },
);
const pipeline = fc.record(
  {
    kind: fc.constant('pipeline'),
    type: fc.constant('kubernetes'),
    steps: fc.uniqueArray(step, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
    environment: maybe(
      fc.dictionary(one('A', 'LD_PRELOAD', 'PATH') as fc.Arbitrary<string>, fc.constant('x')),
    ),
    resources: maybe(fc.record({ requests: fc.record({ cpu: amount, memory: size }) })),
    service_account_name: maybe(one('deploy-1', 'deploy-runner', 'admin', 'DEPLOY-1', 'deploy-1/x')),
    serviceAccountName: maybe(fc.constant('admin')),
    security_context: security(podSecurities),
    node_name: maybe(one('node-1', 'node-2')),
    node_selector: maybe(
      fc.dictionary(one('kubernetes.io/arch', 'pool', '__proto__') as fc.Arbitrary<string>, fc.constant('x')),
    ),
    tolerations: maybe(
      fc.array(fc.record({ key: one('spot', '', 'gpu', '*'), operator: fc.constant('Exists') }), {
        maxLength: 2,
      }),
    ),
    metadata: maybe(
      fc.record({
        namespace: maybe(one('prod', 'kube-system', 'ci', 'other', 'drone-')),
        labels: maybe(
          fc.dictionary(
            one('team', 'app.kubernetes.io/name', 'app', 'hangar.dev/x') as fc.Arbitrary<string>,
            fc.constant('x'),
          ),
        ),
        annotations: maybe(
          fc.dictionary(
            one(
              'note',
              'karpenter.sh/do-not-disrupt',
              'container.apparmor.security.beta.kubernetes.io/step-1',
              'io.drone',
            ) as fc.Arbitrary<string>,
            fc.constant('x'),
          ),
        ),
      }),
    ),
    volumes: maybe(
      fc.array(
        fc
          .oneof(
            {
              weight: 8,
              arbitrary: fc.constantFrom<object>({ temp: {} }, { temp: { size_limit: '512Mi' } }),
            },
            {
              weight: 1,
              arbitrary: fc.constantFrom<object>(
                { temp: { size_limit: '8Ti' } },
                { temp: { medium: 'MEMORY' } },
                { host: { path: '/' } },
                { claim: { name: 'c' } },
                { secret: { name: 's' } },
              ),
            },
          )
          .map((source) => ({ name: 'v', ...source })),
        { maxLength: 2 },
      ),
    ),
  },
  { requiredKeys: ['kind', 'type', 'steps'] },
);

const FORK = aDetail({
  repo: aRepo({ trusted: true }),
  build: aBuild({ event: 'pull_request', sourceRepo: 'eve/widget' }),
});

function compiledPod(text: string, detail: StageDetail): V1Pod | undefined {
  try {
    const [parsed] = parseManifest(text).pipelines;
    if (parsed === undefined) return undefined;
    const { trusted, slug } = detail.repo;
    if (lintPipeline(parsed, { trusted, slug, namespaceRules: {} }) !== undefined) return undefined;
    const prepared = aPreparation({ secrets: { s: 'x' } });
    return compile(aCompileInput({ pipeline: parsed, settings: SETTINGS, detail, prepared })).pod;
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

function objectionsToPlace({ spec }: V1Pod): readonly string[] {
  const { nodeSelector = {}, tolerations = [], affinity } = spec ?? {};
  const node = JSON.stringify(affinity ?? 'node-1');
  return [
    ...Object.keys(nodeSelector).filter((key) => key !== 'kubernetes.io/arch'),
    ...tolerations.filter(({ key }) => key !== 'spot' && affinity === undefined).map(({ key }) => `${key}`),
    ...(node.includes('"node-1"') ? [] : [node]),
  ];
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
      .filter(({ resources }) => resources?.limits?.['ephemeral-storage'] !== '1Gi')
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

function objectionsToPower({ spec, metadata }: V1Pod): readonly string[] {
  const plan = metadata?.annotations?.['hangar.dev/plan'] ?? '';
  const { steps } = JSON.parse(plan) as { steps: readonly { image: string }[] };
  const volumes = (spec?.volumes ?? []).filter(
    ({ name, emptyDir, hostPath }) =>
      hostPath !== undefined ||
      emptyDir?.medium !== undefined ||
      (name.startsWith('volume-') && emptyDir === undefined),
  );
  const containers = (spec?.containers ?? []).filter(
    ({ securityContext }, index) => !isWithinBounds(securityContext, steps[index]?.image),
  );
  return [...volumes, ...containers].map(({ name }) => name);
}

describe('whatever the YAML of an untrusted build says', () => {
  it.each([
    ['an ordinary repository', aDetail()],
    ['a fork of a trusted repository', FORK],
  ])('no Pod of %s has a choice that is refused, nor is it less hardened', (_sentence, detail) => {
    let compiled = 0;
    fc.assert(
      fc.property(pipeline, (written) => {
        const pod = compiledPod(JSON.stringify(written), detail);
        if (pod === undefined) return;
        compiled += 1;
        expect([
          ...objectionsToMetadata(pod),
          ...objectionsToAccount(pod),
          ...objectionsToPlace(pod),
          ...objectionsToSizes(pod),
          ...objectionsToPower(pod),
          ...objectionsToGroups(pod),
        ]).toEqual([]);
      }),
      { numRuns: 500 },
    );
    // If every pipeline were refused, the property would prove nothing.
    expect(compiled).toBeGreaterThan(50);
  });
});
