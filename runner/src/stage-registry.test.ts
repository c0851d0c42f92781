import { describe, expect, it } from 'vitest';
import { NO_LOAD } from './admit/admit.ts';
import { type RegisteredStage, StageRegistry } from './stage-registry.ts';

const entry = (stageId: number): RegisteredStage => ({
  stageId,
  buildId: 41,
  buildNumber: 12,
  repo: 'acme/widget',
  stageName: 'default',
  event: 'push',
  phase: 'preparing',
  sinceMs: 0,
  reason: '',
  pod: '',
  adopted: false,
  asks: NO_LOAD,
});

describe('the registry of stages', () => {
  it('takes a stage once', () => {
    const registry = new StageRegistry();
    expect([registry.enter(entry(1)), registry.enter(entry(1)), registry.has(1), registry.has(2)]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(registry.entries).toHaveLength(1);
  });

  it('tells changes to who listens, and none that is none', () => {
    const registry = new StageRegistry();
    let reported = 0;
    const unlisten = registry.listen(() => {
      reported += 1;
    });
    registry.enter(entry(1));
    registry.enter(entry(1));
    registry.update(1, { phase: 'running' });
    registry.update(2, { phase: 'running' });
    registry.leave(1);
    registry.leave(1);
    expect(reported).toBe(3);
    unlisten();
    registry.enter(entry(3));
    expect(reported).toBe(3);
  });

  it('remembers which Pods were dealt with until they are gone, and since when', () => {
    const registry = new StageRegistry();
    registry.finish('uid', 1_000);
    registry.finish(undefined, 1_000);
    expect([
      registry.hasLanded('uid'),
      registry.isOverdue('uid', 301_000),
      registry.isOverdue('uid', 301_001),
    ]).toEqual([true, false, true]);
    expect(registry.isOverdue('another', 999_999)).toBe(false);
    registry.forget('uid');
    expect(registry.hasLanded('uid')).toBe(false);
  });

  it('does not grow with Pods whose end was told before they were dealt with', () => {
    const registry = new StageRegistry();
    for (let n = 0; n <= 10_000; n++) registry.finish(`uid-${n}`, n);
    expect([
      registry.hasLanded('uid-0'),
      registry.hasLanded('uid-1'),
      registry.hasLanded('uid-10000'),
    ]).toEqual([false, true, true]);
  });

  it('is quiet when nothing is in hand, not even last lines', async () => {
    const registry = new StageRegistry();
    let reported = 0;
    registry.listen(() => {
      reported += 1;
    });
    let end = (): void => undefined;
    registry.linger(
      new Promise<void>((resolve) => {
        end = resolve;
      }),
    );
    registry.enter(entry(1));
    registry.leave(1);
    expect([registry.isQuiet, reported]).toEqual([false, 2]);
    end();
    await Promise.resolve();
    await Promise.resolve();
    expect([registry.isQuiet, reported]).toEqual([true, 3]);
  });
});
