import { silentLogger } from '@hangar/shared/logger';
import { settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { OwnLease } from '../lease/own-lease.ts';
import { ANNOTATION, RECORD_VERSION } from '../pipeline/compiled.ts';
import { compiledOf, POD, TestStage } from '../stage/testing/test-stage.ts';
import { Adopter } from './adopter.ts';

describe('the Pod of a newer version of the runner', () => {
  it('is left alone, though it has our name, with one line in the log', async () => {
    const world = new TestStage();
    onTestFinished(() => world.close());
    const { metadata, ...pod } = compiledOf().pod;
    const annotations = {
      ...metadata?.annotations,
      [ANNOTATION.owner]: 'ci/me',
      [ANNOTATION.server]: 'https://drone.acme.test',
      [ANNOTATION.recordVersion]: String(RECORD_VERSION + 1),
    };
    world.cluster.put(POD, { ...pod, metadata: { ...metadata, annotations } });
    await world.podWatch.follow('ci', world.handOver.signal);
    const warned: string[] = [];
    const resumed: string[] = [];
    const lease: Partial<OwnLease> = { owner: 'ci/me', server: 'https://drone.acme.test', intents: [] };
    const adopter = new Adopter({
      ...world.parts,
      log: { ...silentLogger, warn: (_about: unknown, text = '') => void warned.push(text) },
      lease: lease as OwnLease,
      leaseNamespace: 'ci',
      resume: ({ metadata: found }) => void resumed.push(found?.name ?? ''),
      carryOn: () => undefined,
    });
    const former = { intents: [], namespaces: [], ownNamespaces: [], isLost: false };
    for (let time = 0; time < 2; time++) await adopter.adoptOwn(former, world.handOver.signal);
    await settle();
    expect([resumed, world.cluster.count('patch', 'pods')]).toEqual([[], 0]);
    expect(warned).toEqual(['a Pod of a newer version of the runner is ignored']);
  });
});
