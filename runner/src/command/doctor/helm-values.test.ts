import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../config/load.ts';
import { translateValues } from './helm-values.ts';

const OLD = `
replicaCount: 2
image: { repository: drone/drone-runner-kube, tag: 1.0.0 }
imagePullSecrets: [{ name: regcred }]
extraSecretNamesForEnvFrom: [drone-secrets]
serviceAccount: { create: true, name: runner }
resources: {}
nodeSelector: { pool: ci }
securityContext: { runAsUser: 1 }
rbac: { buildNamespaces: [builds, more] }
env:
  DRONE_RPC_HOST: drone.acme.test
  DRONE_NAMESPACE_DEFAULT: builds
  DRONE_RUNNER_CAPACITY: 20
  DRONE_TMATE_ENABLED: T
  DRONE_RUNNER_ENVIRON: "A:1"
  DRONE_RUNNER_MAX_PROCS: 3
  HTTP_PROXY: http://proxy:3128
`;

/** What the previous runner allowed, where the chart's defaults don't. */
const OPEN_CONFIG = (parse(translateValues('{}').values) as { runner: { config: Record<string, string> } })
  .runner.config;

const translated = (text: string) => {
  const { values, remarks } = translateValues(text);
  return { values: parse(values) as Record<string, Record<string, unknown>>, remarks };
};

describe('translateValues', () => {
  it('loses no variable silently', () => {
    const { values, remarks } = translated('env: { A: 1, B: { c: d }, C: [e], D: }\n');
    expect(values['runner']?.['extraEnv']).toEqual([
      { name: 'A', value: '1' },
      { name: 'D', value: '' },
    ]);
    expect(remarks).toEqual(
      ['B', 'C'].map((name) => `env.${name} is not translated: it is not a text, a number or a switch`),
    );
    expect(translated('env: [a]\n').remarks).toEqual(['env is not translated: it is not a map of variables']);
    expect(translated('env: {}\n').remarks).toEqual([]);
  });

  it('writes the values of Hangar’s chart', () => {
    expect(translated(OLD).values).toEqual({
      image: { pullSecrets: ['regcred'] },
      runner: {
        replicas: 2,
        serviceAccount: { create: true, name: 'runner' },
        nodeSelector: { pool: 'ci' },
        envFrom: [{ secretRef: { name: 'drone-secrets' } }],
        config: {
          ...OPEN_CONFIG,
          DRONE_RPC_HOST: 'drone.acme.test',
          DRONE_RUNNER_CAPACITY: '20',
          DRONE_TMATE_ENABLED: 'true',
        },
        extraEnv: [
          { name: 'DRONE_RUNNER_ENVIRON', value: 'A:1' },
          { name: 'HTTP_PROXY', value: 'http://proxy:3128' },
        ],
      },
      jobs: {
        namespace: 'builds',
        otherNamespaces: ['more'],
        serviceAccount: { create: false },
        networkPolicy: { enabled: false },
      },
      autoscaler: { enabled: false },
    });
  });

  it('writes out what the previous runner allowed', () => {
    expect(OPEN_CONFIG).toMatchObject({ HANGAR_HARDENING: 'off', DRONE_TMATE_ENABLED: 'true' });
    const rules = Object.entries(OPEN_CONFIG).filter(([, value]) => value === 'any');
    expect(rules.length).toBeGreaterThan(10);
    const env = { DRONE_RPC_HOST: 'd', DRONE_RPC_SECRET: 's' };
    const host = { hostname: 'h', version: '1', namespace: 'n' };
    const read = (more: object) => loadConfig({ ...env, ...more }, () => '', host);
    expect(read(OPEN_CONFIG)).toEqual(read({}));
  });

  it('has a comment above each value that is more open than the chart, which says what it lets builds do', () => {
    const { values } = translateValues(OLD);
    const written = values.split('\n');
    const above = (name: string): string | undefined =>
      written[written.findIndex((line) => line.trimStart().startsWith(`${name}:`)) - 1]?.trim();

    for (const name of Object.keys(OPEN_CONFIG).filter(
      (one) => !['HANGAR_COORDINATION', 'HANGAR_GATE_IMAGE', 'DRONE_RPC_HOST'].includes(one),
    ))
      expect([name, above(name)]).toEqual([name, expect.stringMatching(/^# Open: ./)]);
    expect(above('HANGAR_UNTRUSTED_NODES')).toContain('nodes that a pipeline may name');
    expect(values).toMatch(
      /networkPolicy:\n +# Open: builds may connect to the metadata .*\n +enabled: false/,
    );
    expect(values).toMatch(/serviceAccount:\n +# Open: .*\n +create: false/);
    expect(values).toMatch(/^# What the previous runner allows/);
    // Near miss: what is not more open has none.
    expect(translateValues('env: { DRONE_TMATE_ENABLED: false }').values).not.toContain('tmate');
    expect(above('DRONE_RUNNER_CAPACITY')).not.toContain('#');
    expect(above('DRONE_RPC_HOST')).not.toContain('#');
    expect(above('replicas')).not.toContain('#');
  });

  it('never takes over the image of the previous runner, and says so', () => {
    const { values, remarks } = translated(OLD);

    expect(JSON.stringify(values)).not.toContain('drone-runner-kube');
    expect(remarks).toContainEqual(expect.stringMatching(/^image is not translated: .*image\.registry/));
  });

  it.each([
    ['a secret in plain text', /^env\.DRONE_RUNNER_ENVIRON is a secret/],
    ['a variable without effect', /^env\.DRONE_RUNNER_MAX_PROCS is not translated/],
    [
      'a value that would loosen the chart',
      /^securityContext is not translated: the chart has a restricted one/,
    ],
  ])('says what becomes of %s', (_what, remark) => {
    expect(translated(OLD).remarks.filter((text) => remark.test(text))).toHaveLength(1);
  });

  it('of a value that nobody knows it says that it is left out, but not of an empty one', () => {
    expect(translated('foo: 1\nbar: {}').remarks).toEqual([expect.stringMatching(/^foo is not translated/)]);
  });

  it('runs builds in "default" where the old values name no namespace, as the previous runner did', () => {
    expect(translated('env: {}').values['jobs']?.['namespace']).toBe('default');
  });

  it('reads and writes words as Helm does: a text that looks like a switch stays a text', () => {
    const { values } = translateValues('env: { DRONE_RUNNER_NAME: "on", DRONE_TMATE_ENABLED: yes }');

    expect(values).toContain('DRONE_RUNNER_NAME: "on"');
    expect(values).toContain('DRONE_TMATE_ENABLED: "true"');
    expect(values).toContain('HANGAR_HARDENING: "off"');
  });

  it.each(['- a', 'text', ''])('refuses what is no map: %j', (text) => {
    expect(() => translateValues(text)).toThrow('not a map of values');
  });
});
