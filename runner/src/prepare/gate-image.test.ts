import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { FakeCluster, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import type { ImageAnswer } from '../ports/image-lookup.ts';
import { chooseGate, type GateFacts, gateCandidates, ownImage } from './gate-image.ts';

const FACTS: GateFacts = { chosen: '', own: '', version: '0.1.0' };
const OWN = 'registry.acme.test/ci/hangar-runner:0.1.0';
const BESIDE = 'registry.acme.test/ci/hangar-gate:0.1.0';

const THERE = { kind: 'found', config: { entrypoint: ['/placeholder'], cmd: [] } } as unknown as ImageAnswer;
const ABSENT: ImageAnswer = { kind: 'unknown', why: '404', isAbsent: true };
const UNKNOWN: ImageAnswer = { kind: 'unknown', why: 'no answer' };

const choose = async (facts: Partial<GateFacts>, answers: Readonly<Record<string, ImageAnswer>> = {}) => {
  const asked: string[] = [];
  const choice = await chooseGate({ ...FACTS, ...facts }, (image) => {
    asked.push(image);
    return Promise.resolve(answers[image] ?? UNKNOWN);
  });
  return { choice, asked };
};

describe('images that may hold the gate', () => {
  it.each([
    [OWN, [BESIDE, OWN]],
    ['hangar-runner:1', ['docker.io/library/hangar-gate:1', 'hangar-runner:1']],
    ['registry.acme.test/my-runner:1', ['registry.acme.test/my-runner:1']],
    ['registry.acme.test/not-hangar-runner:1', ['registry.acme.test/not-hangar-runner:1']],
    [`hangar-runner@sha256:${'a'.repeat(64)}`, [`hangar-runner@sha256:${'a'.repeat(64)}`]],
    ['', ['hangar-gate:0.1.0']],
  ])('of a runner from "%s" are %j', (own, images) => {
    expect(gateCandidates({ ...FACTS, own }).map(({ image }) => image)).toEqual(images);
  });

  it('are only the one that the setting names', () => {
    expect(gateCandidates({ ...FACTS, own: OWN, chosen: 'mine:1' }).map(({ image }) => image)).toEqual([
      'mine:1',
    ]);
  });
});

describe('the choice of the gate’s image', () => {
  it('is the small one beside the runner, if the registry has it', async () => {
    expect((await choose({ own: OWN }, { [BESIDE]: THERE })).choice).toEqual({
      kind: 'chosen',
      image: BESIDE,
      warnings: [],
    });
  });

  it.each([
    ['lacks it', ABSENT],
    ['does not answer', UNKNOWN],
  ])(
    'is the runner’s own image if the registry %s, with a line on what the small one saves',
    async (_what, answer) => {
      const { choice } = await choose({ own: OWN }, { [BESIDE]: answer });

      expect(choice).toMatchObject({
        image: OWN,
        warnings: [expect.stringContaining('push hangar-gate next to')],
      });
    },
  );

  it('that a registry surely lacks is no choice, and the problem names the setting', async () => {
    const { choice } = await choose({ chosen: 'mine:1', own: OWN }, { 'mine:1': ABSENT });

    expect(choice).toEqual({
      kind: 'missing',
      problem: expect.stringMatching(/^HANGAR_GATE_IMAGE: mine:1 .*does not exist/) as string,
    });
  });

  it('that nobody can tell about is used, with a warning', async () => {
    const { choice } = await choose({ chosen: 'mine:1' });

    expect(choice).toMatchObject({ image: 'mine:1', warnings: [expect.stringContaining('no answer')] });
  });
});

describe('the runner’s own image', () => {
  const pod = { namespace: 'drone', name: 'runner-1' };
  const { signal } = new AbortController();
  const clusterWith = (...names: readonly string[]) => {
    const cluster = new FakeCluster();
    const containers = names.map((name) => ({ name, image: `${name}:1` }));
    cluster.put({ resource: RESOURCE.pods, ...pod }, { metadata: {}, spec: { containers } });
    return cluster;
  };

  it.each([
    [['drone-runner-kube'], 'drone-runner-kube:1'],
    [['proxy', 'drone-runner-kube'], 'drone-runner-kube:1'],
    [['main', 'proxy'], 'main:1'],
  ])('in a Pod with the containers %j is %s', async (names, image) => {
    expect(await ownImage(clusterWith(...names), pod, signal)).toBe(image);
  });

  it('is not known where the Pod may not be read, or outside of a Pod', async () => {
    const cluster = clusterWith('runner');
    cluster.fail('get', 'pods', refusal(403, 'Forbidden'));
    expect(await ownImage(cluster, pod, signal)).toBe('');
    expect(await ownImage(cluster, { namespace: '', name: '' }, signal)).toBe('');
  });
});
