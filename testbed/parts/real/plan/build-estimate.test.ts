import { describe, expect, it } from 'vitest';
import { buildEstimate } from './build-estimate.ts';
import { partNamed, parts } from './parts.ts';

const [etcd, kubernetes, kwok] = [partNamed('etcd'), partNamed('kubernetes'), partNamed('kwok')];

describe('how long a build takes', () => {
  it('is what it takes on two cores where nothing was built yet', () => {
    expect(buildEstimate([etcd, kubernetes], [], parts)).toEqual({
      seconds: etcd.twoCoresSeconds + kubernetes.twoCoresSeconds,
      basis: 'measurements on two cores',
    });
  });

  it('is based on what other parts took here: twice as long as on two cores, or half', () => {
    const builtIn = (times: number) => [
      { part: etcd.name, seconds: etcd.twoCoresSeconds * times },
      { part: kwok.name, seconds: kwok.twoCoresSeconds * times },
    ];

    expect(buildEstimate([kubernetes], builtIn(2), parts)).toEqual({
      seconds: kubernetes.twoCoresSeconds * 2,
      basis: 'what was built here before',
    });
    expect(buildEstimate([kubernetes], builtIn(0.5), parts).seconds).toBe(kubernetes.twoCoresSeconds / 2);
  });

  it('weights what was built here by its duration: a short one has little weight', () => {
    const records = [
      { part: kubernetes.name, seconds: kubernetes.twoCoresSeconds },
      { part: etcd.name, seconds: etcd.twoCoresSeconds * 10 },
    ];
    const { seconds } = buildEstimate([kwok], records, parts);

    expect(seconds).toBeGreaterThan(kwok.twoCoresSeconds);
    expect(seconds).toBeLessThan(kwok.twoCoresSeconds * 2);
  });

  it('is nothing for nothing', () => {
    expect(buildEstimate([], [], parts).seconds).toBe(0);
  });
});
