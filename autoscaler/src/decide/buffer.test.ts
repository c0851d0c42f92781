import { describe, expect, it } from 'vitest';
import { LiveForecast } from '../forecast/live-forecast.ts';
import { MANY_PODS_OPTIONS, manyPodsSnapshot, onePod } from '../testing/many-pods.ts';
import { decide } from './decide.ts';

const OPTIONS = { z: 2, floor: 5, quantile: 0.9, forecast: true };

describe('LiveForecast', () => {
  it('keeps observations only until it has learned from them, however long it runs', () => {
    const forecast = new LiveForecast(190, OPTIONS, 10);
    for (let tick = 0; tick < 2000; tick += 1) {
      for (let push = 0; push < 5; push += 1) forecast.arrived(tick * 10);
      forecast.ended({ name: '', seconds: 600 });
      expect(forecast.unread).toBe(6);
      forecast.look({ nowSeconds: tick * 10, running: [], waitingTotal: 0 });
      expect(forecast.unread).toBe(0);
    }
  });

  it('does not grow without bound when it is never queried', () => {
    const forecast = new LiveForecast(190, OPTIONS, 10);
    for (let nth = 0; nth < 300_000; nth += 1) {
      forecast.arrived(nth);
      forecast.ended({ name: '', seconds: 1 });
    }

    expect(forecast.unread).toBe(200_000);
  });

  it('learns from each arrival once', () => {
    const askedAgain = new LiveForecast(190, OPTIONS, 10);
    const once = new LiveForecast(190, OPTIONS, 10);
    const moment = (nowSeconds: number) => ({ nowSeconds, running: [], waitingTotal: 3 });
    const last = 4 * 86_400;
    for (let at = 0; at < last; at += 600)
      for (const forecast of [askedAgain, once]) {
        forecast.arrived(at);
        forecast.look(moment(at));
        if (forecast === askedAgain) forecast.look(moment(at));
      }
    const difference = askedAgain.look(moment(last)).pods - once.look(moment(last)).pods;

    expect(Math.abs(difference)).toBeLessThan(1);
  });
});

describe('a buffer', () => {
  const bound = (count: number) =>
    Array.from({ length: count }, (_, nth) => onePod(`p${nth}`, { node: `n${nth}` }));
  const decided = (forecast: { pods: number; keepPods: number; isForecast: boolean }) =>
    decide(manyPodsSnapshot(bound(10), 20, { forecast, perSecond: 0 }), MANY_PODS_OPTIONS);
  const wanted = (pods: number, keepPods: number) =>
    decided({ pods, keepPods, isForecast: true }).pools[0]?.desiredNodes;

  it('keeps empty nodes whose room is worth keeping, and orders none for it', () => {
    // Ten nodes with one build each have room for twenty more; ten empty ones for thirty.
    expect(wanted(20, 20)).toBe(10);
    expect(wanted(20, 29)).toBe(13);
    expect(wanted(20, 1000)).toBe(20);
    expect(wanted(29, 20)).toBe(13);
  });

  it('names its source: the forecast, the rule, or the rule corrected by observed waits', () => {
    const rule = 2 * Math.sqrt(10) + 5;

    expect(decided({ pods: 9, keepPods: 9, isForecast: true }).buffer).toMatchObject({
      pods: 9,
      by: 'forecast',
    });
    expect(decided({ pods: rule, keepPods: 0, isForecast: false }).buffer.because).not.toContain('waited');
    const corrected = decided({ pods: rule + 2, keepPods: 0, isForecast: false }).buffer;
    expect(corrected).toMatchObject({ pods: rule + 2, by: 'rule' });
    expect(corrected.because).toContain(
      'and 2.0 more since builds recently waited longer than the objective',
    );
  });

  it('grows when builds wait longer than the objective, also where the rule is used', () => {
    const after = (seconds: number): number => {
      const forecast = new LiveForecast(190, OPTIONS, 10);
      for (let nth = 0; nth < 5000; nth += 1) forecast.waited(seconds);
      return forecast.look({ nowSeconds: 0, running: [], waitingTotal: 100 }).pods;
    };

    expect(after(60)).toBeGreaterThan(after(0));
  });
});
