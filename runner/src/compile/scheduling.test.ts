import { describe, expect, it } from 'vitest';
import type { Toleration } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { eachRule } from '../restrict/restrictions.ts';
import { compile } from './compile.ts';
import { dnsConfig, hostAliases, placement } from './scheduling.ts';
import { aCompileInput, aPipeline, aPolicy, aService, aStep, someSettings } from './testing/a-pipeline.ts';

const aToleration = (changes: Partial<Toleration>): Toleration => ({
  key: 'builds',
  operator: 'Equal',
  effect: 'NoSchedule',
  value: 'only',
  tolerationSeconds: undefined,
  ...changes,
});
const refusal = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error instanceof PipelineError ? [error.blame, error.message] : error;
  }
};

describe('placement', () => {
  const EVERYTHING = eachRule(
    () => 'any' as const,
    () => 'any' as const,
  );
  const settings = someSettings({ defaultNodeSelector: { pool: 'default' } });
  const own = aPipeline({ nodeSelector: { pool: 'own' } });

  it.each([
    ['the default selector, when the author gives none', aPipeline(), undefined, { pool: 'default' }],
    ["the author's instead of the default", own, undefined, { pool: 'own' }],
    ["the policy's instead of both", own, aPolicy({ nodeSelector: { pool: 'policy' } }), { pool: 'policy' }],
    ["the author's when the policy has none", own, aPolicy(), { pool: 'own' }],
    [
      'the platform too',
      aPipeline({
        platform: { os: 'linux', arch: 'arm64', variant: '', version: '' },
        nodeSelector: { 'kubernetes.io/arch': 'arm' },
      }),
      undefined,
      { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'arm' },
    ],
  ])('uses %s', (_sentence, pipeline, policy, want) => {
    expect(placement(pipeline, settings, policy, EVERYTHING).nodeSelector).toEqual(want);
  });

  it('uses the policy’s tolerations instead of the author’s', () => {
    const pipeline = aPipeline({ tolerations: [aToleration({})] });
    const policy = aPolicy({ tolerations: [aToleration({ operator: 'Exists', value: '', key: '' })] });
    expect(placement(pipeline, settings, policy, EVERYTHING).tolerations).toEqual([
      { operator: 'Exists', effect: 'NoSchedule' },
    ]);
    expect(placement(pipeline, settings, aPolicy(), EVERYTHING).tolerations).toHaveLength(1);
  });

  it.each([
    [{ operator: 'In' }, 'operator must be'],
    [{ effect: 'Never' }, 'effect must be'],
    [{ key: '' }, 'without a key'],
    [{ key: 'a b' }, 'not a valid name'],
    [{ operator: 'Exists' }, 'does not allow a value'],
    [{ value: 'a b' }, 'the value must be'],
  ])('refuses the toleration %j', (changes, want) => {
    const pipeline = aPipeline({ tolerations: [aToleration(changes)] });
    expect(refusal(() => placement(pipeline, settings, undefined, EVERYTHING))).toEqual([
      'pipeline',
      expect.stringContaining(want),
    ]);
  });

  it('leaves out seconds that Kubernetes would not take, and keeps them with the effect NoExecute', () => {
    const secondsOf = (effect: string) =>
      placement(
        aPipeline({ tolerations: [aToleration({ tolerationSeconds: 5, effect })] }),
        settings,
        undefined,
        EVERYTHING,
      ).tolerations[0]?.tolerationSeconds;
    expect(['', 'NoSchedule', 'PreferNoSchedule', 'NoExecute'].map(secondsOf)).toEqual([
      undefined,
      undefined,
      undefined,
      5,
    ]);
  });

  it('blames the operator for the operator’s settings', () => {
    const odd = { pool: 'not valid!' };
    const policy = aPolicy({ name: 'big', nodeSelector: odd });
    expect(refusal(() => placement(aPipeline(), settings, policy, EVERYTHING))).toEqual([
      'operator',
      expect.stringContaining('policy "big", node_selector'),
    ]);
    expect(
      refusal(() =>
        placement(aPipeline(), someSettings({ defaultNodeSelector: odd }), undefined, EVERYTHING),
      ),
    ).toEqual(['operator', expect.anything()]);
    expect(
      refusal(() => placement(aPipeline({ nodeSelector: odd }), settings, undefined, EVERYTHING)),
    ).toEqual(['pipeline', expect.anything()]);
  });

  it('refuses an invalid node name', () => {
    expect(
      refusal(() => placement(aPipeline({ nodeName: 'Node 7' }), settings, undefined, EVERYTHING)),
    ).toEqual(['pipeline', expect.anything()]);
  });
});

describe('hostAliases', () => {
  it('maps names of background steps to the Pod, if they are host names', () => {
    const pipeline = aPipeline({
      services: [aService(), aService({ name: 'Data Base' })],
      steps: [aStep(), aStep({ name: 'emulator', detach: true })],
      hostAliases: [
        { ip: '10.0.0.1', hostnames: ['git.example.com'] },
        { ip: '10.0.0.2', hostnames: [] },
      ],
    });
    expect(hostAliases(pipeline)).toEqual([
      { ip: '127.0.0.1', hostnames: ['redis', 'emulator'] },
      { ip: '10.0.0.1', hostnames: ['git.example.com'] },
    ]);
  });

  it.each([
    ['10.0.0', 'a'],
    ['10.0.0.1', 'a_b'],
  ])('refuses %s for %s', (ip, name) => {
    expect(() => hostAliases(aPipeline({ hostAliases: [{ ip, hostnames: [name] }] }))).toThrow(
      'host_aliases',
    );
  });
});

describe('classes and DNS policy of the Pod', () => {
  const specOf = (changes: Parameters<typeof aPipeline>[0]) =>
    compile(aCompileInput({ pipeline: aPipeline(changes) })).pod.spec;

  it('are those of the author', () => {
    const changes = { priorityClassName: 'low', runtimeClassName: 'gvisor', dnsPolicy: 'Default' };
    expect(specOf(changes)).toMatchObject(changes);
  });

  it('are left to Kubernetes where the author names none', () => {
    const spec = specOf({});
    expect([spec?.priorityClassName, spec?.runtimeClassName, spec?.dnsPolicy]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('may be a policy without servers of the cluster, if dns_config has some', () => {
    const dnsConfig = { nameservers: ['1.1.1.1'], searches: [], options: [] };
    expect(specOf({ dnsPolicy: 'None', dnsConfig })).toMatchObject({ dnsPolicy: 'None' });
  });
});

describe('dnsConfig', () => {
  const given = {
    nameservers: ['10.0.0.10'],
    searches: ['example.com.'],
    options: [{ name: 'ndots', value: '2' }],
  };
  it('is undefined if the author set nothing', () => {
    expect(dnsConfig(aPipeline())).toBeUndefined();
  });
  it('passes the author’s settings on', () => {
    expect(dnsConfig(aPipeline({ dnsConfig: given }))).toEqual(given);
  });
  it.each(['.', 'example.com', '_tcp.example.com', 'a_b.example.com'])(
    'accepts the search domain %s',
    (search) => {
      const pipeline = aPipeline({ dnsConfig: { ...given, searches: [search] } });
      expect(dnsConfig(pipeline)?.searches).toEqual([search]);
    },
  );
  it.each(['', '..', '_', 'a_.example.com', '-a.b'])('refuses the search domain %j', (search) => {
    const pipeline = aPipeline({ dnsConfig: { ...given, searches: [search] } });
    expect(() => dnsConfig(pipeline)).toThrow('is not a domain');
  });
  it.each([
    ['a name for a server', { nameservers: ['dns'] }],
    ['four servers', { nameservers: ['10.0.0.1', '10.0.0.2', '10.0.0.3', '10.0.0.4'] }],
    ['an invalid domain', { searches: ['a b'] }],
    ['too many domains', { searches: Array.from({ length: 33 }, (_, i) => `d${i}.example.com`) }],
    ['an option without a name', { options: [{ name: '', value: undefined }] }],
  ])('refuses %s', (_sentence, changes) => {
    expect(() => dnsConfig(aPipeline({ dnsConfig: { ...given, ...changes } }))).toThrow('dns_config');
  });
});
