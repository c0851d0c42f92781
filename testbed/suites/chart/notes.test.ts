import { translateValues } from '@hangar/runner/helm-values';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { ownLayout } from '../../parts/real/facts.ts';
import { CHART, type ChartValues, Helm, LEAST, laidOver } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

/** What `helm install` says after it has installed this; a dry run that asks no cluster. */
async function notes(values: ChartValues): Promise<string> {
  const install = ['install', 'hangar', CHART, '-n', 'ci', '--dry-run=client'];
  const text = await helm.run(install, laidOver(LEAST, values));
  return text.slice(text.indexOf('NOTES:'));
}

const TITLE = 'Less restricted than the defaults of the chart';
const config = (values: ChartValues): ChartValues => ({ runner: { config: values } });

describe('the notes of the chart', () => {
  it('say nothing of its defaults, also not of caches, which another setting turns on', async () => {
    const said = await notes({});
    expect(said).not.toContain(TITLE);
    expect(said).not.toContain('Open to untrusted pipelines');
  });

  it('name each value of an upgrade that is more open, and what it lets builds do', async () => {
    const { values } = translateValues('env: { DRONE_RPC_HOST: drone.acme.test }');
    const said = await notes(parse(values) as ChartValues);
    expect(said).toContain(TITLE);
    for (const what of [
      'HANGAR_HARDENING is not restricted',
      'HANGAR_PRIVATE_REGISTRIES is *',
      'DRONE_TMATE_ENABLED:',
      'jobs.networkPolicy.enabled is false',
    ])
      expect(said).toContain(`\n  - ${what}`);
    expect(said).toContain('HANGAR_UNTRUSTED_HOST_ACCESS');
  });

  it.each<[string, ChartValues, string]>([
    ['no hardening, as a switch', config({ HANGAR_HARDENING: false }), 'HANGAR_HARDENING is not restricted'],
    ['the default of the program', config({ HANGAR_HARDENING: null }), 'HANGAR_HARDENING is not restricted'],
    ['debug sessions', config({ DRONE_TMATE_ENABLED: null }), 'DRONE_TMATE_ENABLED:'],
    [
      'any registry among others',
      config({ HANGAR_PRIVATE_REGISTRIES: ['r', '*'] }),
      'HANGAR_PRIVATE_REGISTRIES is *',
    ],
    [
      'no blocked address',
      { jobs: { networkPolicy: { blockedCidrs: [] } } },
      'jobs.networkPolicy.blockedCidrs is empty',
    ],
  ])('name %s alone', async (_, values, what) => {
    expect([...(await notes(values)).matchAll(/^ {2}- (.*)$/gm)].map(([, line]) => line)).toEqual([
      expect.stringMatching(new RegExp(`^${RegExp.escape(what)}`)),
    ]);
  });

  it.each<[string, ChartValues]>([
    ['a registry by its name', config({ HANGAR_PRIVATE_REGISTRIES: ['registry.acme.test'] })],
    ['no debug sessions, as a text', config({ DRONE_TMATE_ENABLED: 'false' })],
  ])('near miss: do not name %s', async (_, values) => {
    expect(await notes(values)).not.toContain(TITLE);
  });
});

describe('the notes about the autoscaler', () => {
  it('forward the port of its Service, whatever its number is', async () => {
    expect(await notes({ autoscaler: { service: { port: 80 } } })).toContain(
      'service/hangar-autoscaler 3001:http',
    );
  });

  const ACTS = { HANGAR_AUTOSCALER_MAX_NODES: 9 };
  it.each<[string, ChartValues]>([
    ['as a word', { config: { ...ACTS, HANGAR_AUTOSCALER_ACT: 'on' } }],
    ['as a switch, which an unquoted "on" is in YAML', { config: { ...ACTS, HANGAR_AUTOSCALER_ACT: true } }],
    ['as a variable', { config: ACTS, extraEnv: [{ name: 'HANGAR_AUTOSCALER_ACT', value: 'on' }] }],
    ['perhaps, in a ConfigMap', { config: ACTS, envFrom: [{ configMapRef: { name: 'a' } }] }],
  ])('do not state that it changes nothing if it acts, %s', async (_, autoscaler) => {
    expect(await notes({ autoscaler })).not.toContain('changes nothing');
  });

  it('near miss: state it otherwise', async () => {
    expect(await notes({ autoscaler: { config: { HANGAR_AUTOSCALER_ACT: false } } })).toContain(
      'changes nothing',
    );
  });
});

describe('the notes about variables that the chart cannot read', () => {
  it('name each on which objects of the chart depend', async () => {
    const said = await notes({ runner: { envFrom: [{ configMapRef: { name: 'old' } }] } });
    for (const name of ['DRONE_NAMESPACE_DEFAULT', 'DRONE_SERVER_PORT']) expect(said).toContain(name);
  });
});
