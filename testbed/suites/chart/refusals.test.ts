import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { CHART, type ChartValues, Helm, LEAST, laidOver } from './helm.ts';

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

const attempt = (values: ChartValues) =>
  helm.attempt(['template', 'hangar', CHART, '-n', 'ci'], laidOver(LEAST, values));

/** A value at this path. */
const at = (path: string, value: unknown): ChartValues =>
  path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), value) as ChartValues;

describe('a value that the API server or Prometheus would refuse in the middle of an install', () => {
  it.each<[string, unknown, unknown]>([
    ['image.pullPolicy', 'Sometimes', 'Never'],
    ['runner.image.digest', 'abc', `sha256:${'0'.repeat(64)}`],
    ['runner.service.port', 70_000, 65_535],
    ['runner.service.ipFamilies', ['IPv5'], ['IPv6']],
    ['runner.serviceAccount.name', 'A_b', 'a.b'],
    ['runner.ingress.path', 'abc', '/abc'],
    ['autoscaler.persistence.size', 'much', '1.5Gi'],
    ['autoscaler.rbac.objectNamespaces', ['A_B'], ['a-b']],
    ['jobs.namespace', 'Foo', 'drone-'],
    ['jobs.namespace', 'builds-', 'builds'],
    ['jobs.otherNamespaces', ['a b'], ['b']],
    ['jobs.networkPolicy.blockedCidrs', ['169.254.169.254'], ['169.254.169.254/32', 'fd00:ec2::254/128']],
    ['monitoring.namespace', 'A_B', 'monitoring'],
    ['monitoring.interval', '30', '1m30s'],
    ['monitoring.scrapeTimeout', 'soon', '9s'],
  ])('%s: %j is refused with its path, and %j is accepted', async (path, bad, good) => {
    const { exitCode, stderr } = await attempt(at(path, bad));
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(`at '/${path.replaceAll('.', '/')}`);
    expect((await attempt(at(path, good))).stderr).toBe('');
  });
});
