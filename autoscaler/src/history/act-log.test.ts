import { type Logger, silentLogger } from '@hangar/shared/logger';
import { describe, expect, it } from 'vitest';
import { actViewOf, giveOrders } from '../act/actor.ts';
import { decide } from '../decide/decide.ts';
import { AutoscalerMetrics } from '../metrics/autoscaler-metrics.ts';
import { MANY_PODS_OPTIONS, manyPodsSnapshot } from '../testing/many-pods.ts';
import { ActLog } from './act-log.ts';
import type { DecisionEntry } from './ledger.ts';
import { Ring } from './ring.ts';

const snapshot = manyPodsSnapshot([], 20);
const recommendation = decide(snapshot, MANY_PODS_OPTIONS);
const actView = actViewOf(snapshot, recommendation, { nodes: [], emptyAt: new Map() }, []);

/** Orders to an actor that fails, after `fail`, and their record. */
function anActLog(fail: () => void) {
  const errors: string[] = [];
  const log: Logger = { ...silentLogger, error: (_fields, text) => void errors.push(text) };
  const decisions = new Ring<DecisionEntry>(10);
  const act = () => {
    fail();
    return Promise.reject(new Error('the API server is away'));
  };
  const actLog = new ActLog(new AutoscalerMetrics('1', 0), decisions, () => undefined);
  const give = async (stop: AbortSignal) =>
    actLog.record(recommendation, await giveOrders({ log, actor: { act } }, recommendation, actView, stop));
  return { give, decisions, errors };
}

describe('an actor that fails', () => {
  it('is recorded in the decision and in the log', async () => {
    const { give, decisions, errors } = anActLog(() => undefined);
    await give(new AbortController().signal);

    expect(decisions.last).toMatchObject({ outcome: 'failed', note: 'the API server is away' });
    expect(errors).toHaveLength(1);
  });

  it('because the service ends is no trouble, and no decision', async () => {
    const stop = new AbortController();
    const { give, decisions, errors } = anActLog(() => stop.abort());

    await expect(give(stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
    expect([decisions.last, errors]).toEqual([undefined, []]);
  });
});
