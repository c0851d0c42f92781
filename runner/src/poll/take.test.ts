import { silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { CancelWatches } from '../cancel/cancel-watches.ts';
import type { DroneStage, StageDetail } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import type { StageParts } from '../stage/stage-parts.ts';
import { StageRegistry } from '../stage-registry.ts';
import { carryOn, take } from './take.ts';

const offer = { id: 63, buildId: 41, name: 'default', version: 1, machine: '' } as DroneStage;
const intent = { stageId: 63, buildId: 41, machine: 'r1' };
const refused = (status: number): CiServerError => new CiServerError('accept', status, 'trouble');

/**
 * The dependencies for the start of the processing. A build that was cancelled before has the shortest processing: it is finished as
 * killed, which shows that the processing began.
 */
function begin(server: Partial<CiServer> = {}, recorded: readonly number[] = []) {
  const clock = new FakeClock();
  const reports: string[] = [];
  const finished: DroneStage[] = [];
  const handOver = new AbortController();
  const detailOf = (stage: Partial<DroneStage>): StageDetail =>
    ({
      stage: { ...offer, version: 2, ...stage },
      build: { id: 41, status: 'killed' },
      repo: {},
    }) as StageDetail;
  const detail = (stage: Partial<DroneStage>) => () => Promise.resolve(detailOf(stage));
  const ciServer: Partial<CiServer> = {
    accept: () => Promise.resolve({ kind: 'accepted', stage: { version: 2 } }),
    detail: detail({ machine: 'r1', status: 'pending' }),
    watch: () => new Promise(() => undefined),
    updateStage: (stage) => {
      finished.push(stage);
      return Promise.resolve({ kind: 'updated', value: stage });
    },
    ...server,
  };
  const registry = new StageRegistry();
  const parts = {
    clock,
    ciServer: ciServer as CiServer,
    log: silentLogger,
    registry,
    events: { buildSeen: () => undefined, failedEarly: () => undefined },
    cancelWatches: new CancelWatches({ clock, ciServer: ciServer as CiServer, log: silentLogger }),
    retentionMs: Number.POSITIVE_INFINITY,
    keepFailedPods: 1,
    lease: {
      lost: new AbortController().signal,
      has: (stageId: number) => recorded.includes(stageId),
      preparing: () => Promise.resolve(),
      deathsOf: () => 0,
      intend: (one: typeof intent) => Promise.resolve(void reports.push(`intend ${one.stageId}`)),
      settle: (stageId: number) => void reports.push(`settle ${stageId}`),
    },
  } as unknown as StageParts;
  const go = () => take(parts, offer, { machine: 'r1', handOver: handOver.signal });
  const goOn = () => carryOn(parts, intent, handOver.signal);
  return { clock, parts, registry, reports, finished, handOver, go, goOn, detail };
}

describe('taking an offer', () => {
  it('records the intent, accepts the stage, and processes it', async () => {
    const { go, reports, finished, registry } = begin();
    expect(await go()).toBe('taken');
    expect(reports[0]).toBe('intend 63');
    await settle();
    expect(finished).toMatchObject([{ id: 63, machine: 'r1', version: 2, status: 'killed' }]);
    expect([reports, registry.entries]).toEqual([['intend 63', 'settle 63'], []]);
  });

  it('does not take a stage that this process already has', async () => {
    const { go, reports } = begin({ accept: () => new Promise(() => undefined) });
    void go();
    expect(await go()).toBe('not-taken');
    expect(reports).toEqual(['intend 63']);
  });

  it.each([
    ['another runner was faster', () => Promise.resolve({ kind: 'lost' } as const)],
    ['the server rejects the accept', () => Promise.reject(refused(500))],
  ])('keeps nothing when %s', async (_, accept) => {
    const { go, reports, registry, finished } = begin({ accept });
    expect(await go()).toBe('not-taken');
    expect([reports, registry.entries, finished]).toEqual([['intend 63', 'settle 63'], [], []]);
  });

  it('does not take a stage that its record has for another replica, whose name would be lost', async () => {
    const { go, reports } = begin({ accept: () => Promise.reject(refused(500)) }, [63]);
    expect([await go(), reports]).toEqual(['not-taken', []]);
    expect(await begin({}, [64]).go()).toBe('taken');
  });

  it('does not accept a stage that can’t be recorded first', async () => {
    const { go, parts, registry, finished } = begin();
    Object.assign(parts.lease, { intend: () => Promise.reject(new Error('no answer')) });
    expect(await go()).toBe('not-taken');
    await settle();
    expect([registry.entries, finished]).toEqual([[], []]);
  });

  it('retries until it has an answer if the response to the accept was lost and the details fail', async () => {
    let failures = 2;
    const env = begin({
      accept: () =>
        failures-- > 0
          ? Promise.reject(new CiServerError('detail', 500, 'the Git host is away'))
          : Promise.resolve({ kind: 'accepted', stage: { version: 2 } }),
    });
    expect(await env.go()).toBe('taken');
    await settle();
    expect([env.registry.has(63), env.reports]).toEqual([true, ['intend 63']]);
    await env.clock.step(60_000);
    expect(env.finished).toHaveLength(1);
    expect(env.reports).toEqual(['intend 63', 'settle 63']);
  });

  it('leaves a stage to others if the accept itself was rejected', async () => {
    const env = begin({ accept: () => Promise.reject(refused(400)) });
    expect(await env.go()).toBe('not-taken');
    expect([env.registry.has(63), env.reports]).toEqual([false, ['intend 63', 'settle 63']]);
  });

  /** The accept is in flight when the hand-over begins. */
  async function inFlight() {
    const answer = Promise.withResolvers<{ kind: 'lost' }>();
    const lost = new AbortController();
    const env = begin({
      accept: (_id, _machine, signal) => {
        signal.addEventListener('abort', () => answer.reject(signal.reason as Error));
        return answer.promise;
      },
    });
    Object.assign(env.parts.lease, { lost: lost.signal });
    const taken = env.go();
    await settle();
    env.handOver.abort(new Error('hand-over'));
    await env.clock.step(1_999);
    return { ...env, taken, answer, lost };
  }

  it('waits two seconds for an accept that is in flight at a hand-over, then leaves the intent to the next replica (known issue 14)', async () => {
    const { taken, clock, reports, registry } = await inFlight();
    expect(registry.has(63)).toBe(true);
    await clock.step(1);
    expect(await taken).toBe('not-taken');
    expect([reports, registry.entries, clock.pending]).toEqual([['intend 63'], [], 0]);
  });

  it('uses an answer that comes within these two seconds: the next replica has nothing to find out', async () => {
    const { taken, answer, clock, reports } = await inFlight();
    answer.resolve({ kind: 'lost' });
    expect([await taken, reports, clock.pending]).toEqual(['not-taken', ['intend 63', 'settle 63'], 0]);
  });

  it('does not wait for it once the Lease is lost, since others may accept the stage then', async () => {
    const { taken, lost, reports } = await inFlight();
    lost.abort();
    expect([await taken, reports]).toEqual(['not-taken', ['intend 63']]);
  });
});

describe('continuing from an intent (known issues 13 and 18)', () => {
  const lost = () => Promise.resolve({ kind: 'lost' } as const);

  it.each<[string, Partial<CiServer>]>([
    ['that was not accepted yet', {}],
    ['that was accepted under that name', { accept: lost }],
  ])('processes a stage %s', async (_, server) => {
    const { goOn, finished, reports } = begin(server);
    await goOn();
    await settle();
    expect(finished).toMatchObject([{ id: 63, buildId: 41, machine: 'r1', status: 'killed' }]);
    expect(reports).toEqual(['settle 63']);
  });

  it.each<[string, Partial<DroneStage>]>([
    ['is another runner’s', { machine: 'other', status: 'pending' }],
    ['has ended', { machine: 'r1', status: 'success' }],
  ])('drops a stage that %s', async (_, stage) => {
    const { goOn, parts, detail, finished, reports, registry } = begin({ accept: lost });
    Object.assign(parts.ciServer, { detail: detail(stage) });
    await goOn();
    expect([finished, reports, registry.entries]).toEqual([[], ['settle 63'], []]);
  });

  it.each<[string, Partial<DroneStage>, readonly object[]]>([
    ['has ended meanwhile', { status: 'success' }, []],
    ['was cancelled meanwhile', { status: 'killed' }, []],
    ['runs, without a Pod', { status: 'running' }, [{ status: 'error' }]],
  ])(
    'reads the state of a stage that was accepted with a lost response, and %s (chaos F3)',
    async (_, stage, want) => {
      const { goOn, finished, reports } = begin({
        accept: () =>
          Promise.resolve({ kind: 'accepted', stage: { ...offer, machine: 'r1', version: 4, ...stage } }),
      });
      await goOn();
      expect(finished).toMatchObject(want);
      expect([finished.length, reports]).toEqual([want.length, ['settle 63']]);
    },
  );

  it('ends a stage that was started and has no Pod, as no other process would', async () => {
    const { goOn, parts, detail, finished } = begin({ accept: lost });
    Object.assign(parts.ciServer, { detail: detail({ machine: 'r1', status: 'running', version: 3 }) });
    await goOn();
    expect(finished).toMatchObject([{ id: 63, version: 3, status: 'error' }]);
    expect(finished[0]?.error).toContain('restart the build');
  });

  it('retries until the owner is known, as no other process would (issue 11, 1.6)', async () => {
    let requests = 0;
    let isAway = true;
    const { clock, goOn, finished, reports, detail } = begin({
      accept: lost,
      detail: (stageId, signal) => {
        requests += 1;
        return isAway ? Promise.reject(refused(500)) : known(stageId, signal);
      },
    });
    const known = detail({ machine: 'other', status: 'pending' }) as CiServer['detail'];
    const gone = goOn();
    await clock.step(3_600_000);
    expect([requests > 120, finished, reports]).toEqual([true, [], []]);
    isAway = false;
    await clock.step(30_000);
    await gone;
    expect([finished, reports]).toEqual([[], ['settle 63']]);
  });

  it('drops a stage after the server has not known it for five minutes while it answers pings', async () => {
    let pings = 0;
    const missing = new CiServerError('accept', 500, 'sql: no rows in result set', { missing: true });
    const { clock, goOn, reports } = begin({
      accept: () => Promise.reject(missing),
      ping: () => (++pings === 3 ? Promise.reject(refused(500)) : Promise.resolve()),
    });
    const gone = goOn();
    await clock.step(300_000);
    expect(reports).toEqual([]);
    await clock.step(60_000);
    await gone;
    expect(reports).toEqual(['settle 63']);
  });

  it('leaves a stage alone that this process already has', async () => {
    const { goOn, reports } = begin({ accept: () => new Promise(() => undefined) });
    void goOn();
    await goOn();
    expect(reports).toEqual([]);
  });

  it('leaves the intent in place when it is stopped', async () => {
    const { clock, goOn, reports, registry, handOver } = begin({ accept: () => Promise.reject(refused(0)) });
    const gone = goOn();
    await settle();
    handOver.abort(new Error('hand-over'));
    await gone;
    expect([reports, registry.entries, clock.pending]).toEqual([[], [], 0]);
  });
});
