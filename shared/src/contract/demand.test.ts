import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RunnerDemand, readDemand, type StageRequest, writeDemand } from './demand.ts';

const id = fc.nat();
const words = fc.string({ maxLength: 100 });
const timeMs = fc.option(fc.integer({ min: 0, max: 4e12 }), { nil: undefined });
const request: fc.Arbitrary<StageRequest | undefined> = fc.option(
  // One of nothing means that it is not known.
  fc.record({
    cpuMillicores: fc.integer({ min: 1, max: 1e6 }),
    memoryBytes: fc.integer({ min: 0, max: 2 ** 44 }),
  }),
  { nil: undefined },
);
const stage = {
  ...{ stageId: id, stageName: words, buildId: id, buildNumber: id, repo: words, event: words, request },
};
const waiting = fc.record({
  ...stage,
  ...{ phase: words, reason: words, sinceMs: timeMs, pod: words, adopted: fc.boolean() },
});
const ahead = fc.record({ ...stage, waitsFor: fc.array(words, { maxLength: 5 }), expectedMs: timeMs });
const NOTHING = { stages: 0, cpuMillicores: 0, memoryBytes: 0 };
const demand: fc.Arbitrary<RunnerDemand> = fc.record({
  waiting: fc.array(waiting, { maxLength: 5 }),
  ahead: fc.array(ahead, { maxLength: 5 }),
  states: fc.constant({ waiting: NOTHING, starting: NOTHING, running: NOTHING }),
});

describe('GET /demand', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(demand, (told) => {
        expect(readDemand(JSON.stringify(writeDemand(told)))).toEqual({
          waiting: told.waiting,
          ahead: told.ahead,
          lost: 0,
        });
      }),
    );
  });

  it('tells what all waiting stages ask for together', () => {
    const asking = (cpuMillicores: number) => ({
      ...{
        stageId: 1,
        stageName: 'test',
        buildId: 1,
        buildNumber: 1,
        repo: 'a/b',
        event: 'push',
        phase: 'waiting',
      },
      ...{ reason: '', sinceMs: 0, pod: '', adopted: false, request: { cpuMillicores, memoryBytes: 1024 } },
    });
    const states = { waiting: NOTHING, starting: NOTHING, running: NOTHING };

    expect(writeDemand({ waiting: [asking(500), asking(700)], ahead: [], states }).total).toEqual({
      stages: 2,
      cpuMillicores: 1200,
      memoryBytes: 2048,
    });
  });

  it('never makes its reader throw, whatever somebody answers in its place', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc
            .record({ waiting: fc.array(fc.jsonValue()), ahead: fc.jsonValue() })
            .map((body) => JSON.stringify(body)),
        ),
        (body) => void readDemand(body),
      ),
    );
  });

  it('is read with bounds: a number of stages, and letters in each field', () => {
    const many = Array.from({ length: 20_001 }, (_, stageId) => ({ stageId }));
    const body = JSON.stringify({ waiting: many, ahead: [{ stageId: 1, repo: 'x'.repeat(501) }] });

    const read = readDemand(body);

    expect([read?.waiting.length, read?.lost, read?.ahead[0]?.repo.length]).toEqual([20_000, 1, 500]);
  });
});
