import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { aBuild, aDetail, aStage } from '../compile/testing/a-pipeline.ts';
import { anEntry, changed, left } from '../metrics/testing/an-entry.ts';
import type { DroneStage } from '../pipeline/drone.ts';
import { StagesAhead } from './stages-ahead.ts';

const NO_PODS: ReadonlySet<number> = new Set();

const aChild = (id: number, name: string, dependsOn: string[], change: Partial<DroneStage> = {}) =>
  aStage({ id, name, dependsOn, status: 'waiting_on_dependencies', machine: '', labels: {}, ...change });
const lead = aStage({ id: 1, name: 'test', status: 'pending', labels: {} });

function begin(labels: Record<string, string> = {}) {
  const clock = new FakeClock();
  const ahead = new StagesAhead(clock, labels);
  const learn = (...stages: DroneStage[]) =>
    ahead.learn(aDetail({ build: aBuild({ id: 10, number: 7, event: 'push', stages }) }));
  const entry = (stageId: number, stageName: string, change = {}) =>
    anEntry({ stageId, stageName, repo: aDetail().repo.slug, sinceMs: clock.now(), ...change });
  const names = (pods = NO_PODS) => ahead.list(pods).map(({ stageName }) => stageName);
  return { clock, ahead, learn, entry, names };
}

describe('stages ahead', () => {
  it('are those of the build that wait for others, each once, after repeated details too', () => {
    const { ahead, learn } = begin();
    const all = [lead, aChild(2, 'deploy', ['test']), aChild(3, 'notify', ['deploy', 'test'])];
    learn(...all);
    learn(...all);

    expect(ahead.list(NO_PODS)).toMatchObject([
      { stageId: 2, stageName: 'deploy', buildId: 10, buildNumber: 7, waitsFor: ['test'] },
      { stageId: 3, stageName: 'notify', waitsFor: ['deploy', 'test'] },
    ]);
  });

  it.each([
    ['one that is already offered', { status: 'pending' as const }],
    ['one that waits for an approval', { status: 'blocked' as const }],
    ['one that has ended', { status: 'skipped' as const }],
    ['one of another type of runner', { type: 'docker' }],
    ['one for runners with labels', { labels: { pool: 'large' } }],
  ])('are not %s', (_sentence, change) => {
    const { learn, names } = begin();
    learn(lead, aChild(2, 'deploy', ['test'], change));

    expect(names()).toEqual([]);
  });

  it('are those with exactly the labels of this runner', () => {
    const { learn, names } = begin({ pool: 'large' });
    learn(lead, aChild(2, 'mine', ['test'], { labels: { pool: 'large' } }), aChild(3, 'plain', ['test']));

    expect(names()).toEqual(['mine']);
  });

  it('exclude those that this replica or another one has', () => {
    const { ahead, learn, entry, names } = begin();
    learn(lead, aChild(2, 'mine', ['test']), aChild(3, 'theirs', ['test']), aChild(4, 'last', ['mine']));
    for (const one of [entry(1, 'test'), entry(2, 'mine')]) ahead.registryChanged(changed(one));

    expect(names(new Set([3]))).toEqual(['last']);
    for (const one of [entry(1, 'test'), entry(2, 'mine')]) ahead.registryChanged(left(one));
    expect(names()).toEqual(['last']);
  });

  it('no longer wait for stages that have ended', () => {
    const { ahead, learn, entry } = begin();
    const done = aStage({ id: 5, name: 'lint', status: 'success', labels: {} });
    learn(lead, done, aChild(2, 'deploy', ['test', 'lint', 'nowhere']));
    ahead.registryChanged(changed(entry(1, 'test')));
    expect(ahead.list(NO_PODS)[0]?.waitsFor).toEqual(['test']);

    ahead.registryChanged(left(entry(1, 'test')));
    expect(ahead.list(NO_PODS)[0]?.waitsFor).toEqual([]);
  });

  it('are removed a minute after the last stage of their build was in progress, not while one is', async () => {
    const { clock, ahead, learn, entry, names } = begin();
    learn(lead, aChild(2, 'deploy', ['test']));
    ahead.registryChanged(changed(entry(1, 'test')));
    await clock.step(3_600_000);
    expect(names()).toEqual(['deploy']);

    ahead.registryChanged(left(entry(1, 'test')));
    await clock.step(60_000);
    expect(names()).toEqual(['deploy']);
    await clock.step(1);
    expect(names()).toEqual([]);
  });

  it('are removed after a day, even if a stage is in progress', async () => {
    const { clock, ahead, learn, entry, names } = begin();
    learn(lead, aChild(2, 'deploy', ['test']));
    ahead.registryChanged(changed(entry(1, 'test')));
    await clock.step(25 * 3_600_000);

    expect(names()).toEqual([]);
  });

  it('have a limit for the number of builds', () => {
    const { ahead } = begin();
    for (let id = 1; id <= 3_000; id++) {
      const child = aChild(id * 10, 'deploy', ['test']);
      ahead.learn(aDetail({ build: aBuild({ id, stages: [lead, child] }) }));
    }

    expect(ahead.list(NO_PODS)).toHaveLength(2_000);
  });
});

describe('the expected start and request of a stage', () => {
  /** With earlier builds: `test` took 60 s, `deploy` 20 s. */
  async function withHistory() {
    const env = begin();
    const { clock, ahead, entry } = env;
    for (const [id, name, ms] of [
      [101, 'test', 60_000],
      [102, 'deploy', 20_000],
    ] as const) {
      const run = entry(id, name, { asks: { ...entry(1, '').asks, cpuMillicores: id } });
      ahead.registryChanged(changed(run));
      await clock.step(ms);
      ahead.registryChanged(left(run));
    }
    return env;
  }

  it('is unknown without earlier runs', () => {
    const { ahead, learn, entry } = begin();
    learn(lead, aChild(2, 'deploy', ['test']));
    ahead.registryChanged(changed(entry(1, 'test')));

    expect(ahead.list(NO_PODS)).toMatchObject([{ expectedMs: undefined, request: undefined }]);
  });

  it('is calculated from the medians, along the dependencies', async () => {
    const { clock, ahead, learn, entry } = await withHistory();
    learn(lead, aChild(2, 'deploy', ['test']), aChild(3, 'notify', ['deploy']));
    ahead.registryChanged(changed(entry(1, 'test')));
    const beganMs = clock.now();
    await clock.step(10_000);

    expect(ahead.list(NO_PODS)).toMatchObject([
      { stageName: 'deploy', expectedMs: beganMs + 60_000, request: { cpuMillicores: 102 } },
      { stageName: 'notify', expectedMs: beganMs + 80_000, request: undefined },
    ]);
  });

  it('is never in the past: a stage that takes longer than before is expected to end now', async () => {
    const { clock, ahead, learn, entry } = await withHistory();
    learn(lead, aChild(2, 'deploy', ['test']));
    ahead.registryChanged(changed(entry(1, 'test')));
    await clock.step(500_000);

    expect(ahead.list(NO_PODS)[0]?.expectedMs).toBe(clock.now());
  });

  it('is unknown if another replica has a stage that it waits for, or if stages wait for each other', async () => {
    const { ahead, learn } = await withHistory();
    learn(lead, aChild(2, 'deploy', ['test']));
    expect(ahead.list(new Set([1]))[0]?.expectedMs).toBeUndefined();

    learn(aChild(4, 'test', ['deploy']), aChild(5, 'deploy', ['test']));
    expect(ahead.list(NO_PODS).map(({ expectedMs }) => expectedMs)).toEqual([undefined, undefined]);
  });
});
