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
