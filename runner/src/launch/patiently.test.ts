import { type Logger, silentLogger } from '@hangar/shared/logger';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { noAnswer, refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { patiently } from './patiently.ts';

/** A call that fails with each of these errors in order, without end with the last one if `forEver` is set. */
function begin(
  errors: readonly Error[],
  { forEver = false, ...call }: { forEver?: boolean; passes?: (error: unknown) => boolean } = {},
) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const shown: string[] = [];
  const warned: string[] = [];
  const log: Logger = { ...silentLogger, warn: (_about: unknown, text = '') => void warned.push(text) };
  const left = [...errors];
  let tries = 0;
  let result: unknown;
  const work = (): Promise<string> => {
    tries += 1;
    const error = forEver && left.length === 1 ? left[0] : left.shift();
    return error ? Promise.reject(error) : Promise.resolve('done');
  };
  const wait = { noted: (reason: string) => void shown.push(reason), over: () => void shown.push('over') };
  const parts = { clock, log, wait };
  void patiently(parts, { what: 'create the Pod', ...call }, stop.signal, work).then(
    (value) => (result = value),
    (error: unknown) => (result = error),
  );
  return { clock, stop, shown, warned, tries: () => tries, result: () => result };
}

describe('a call of the Kubernetes API that a stage can’t go on without', () => {
  it.each([
    ['no response', noAnswer()],
    ['a failing server', refusal(500, 'InternalError')],
    ['a rejected token', refusal(401, 'Unauthorized')],
  ])('is repeated without end, at most 30 s apart: %s', async (_, error) => {
    const { clock, tries, result } = begin([error], { forEver: true });
    await clock.step(24 * 3_600_000);
    expect(result()).toBeUndefined();
    expect(tries()).toBeGreaterThan(24 * 120 - 10);
  });

  it('succeeds after the failure', async () => {
    const { clock, result } = begin([noAnswer(), refusal(401, 'Unauthorized'), refusal(503, 'Unavailable')]);
    await clock.step(200 + 400 + 800);
    expect(result()).toBe('done');
  });

  it('waits five minutes for a missing permission, as an upgrade may be replacing the Role', async () => {
    const { clock, result } = begin([refusal(403, 'Forbidden', 'cannot create pods')], { forEver: true });
    await clock.step(299_000);
    expect(result()).toBeUndefined();
    await clock.step(31_000);
    expect(result()).toMatchObject({
      code: 'right-missing',
      blame: 'operator',
      message: 'the runner is not allowed to create the Pod: cannot create pods',
    });
  });

  it('continues when the permission is restored, and starts a new period the next time', async () => {
    const { clock, result } = begin([refusal(403, 'Forbidden'), noAnswer(), refusal(403, 'Forbidden')]);
    await clock.step(200 + 400 + 800);
    expect(result()).toBe('done');
  });

  it.each([
    ['an error that a retry can’t fix', refusal(422, 'Invalid')],
    ['an object that is gone', refusal(404, 'NotFound')],
    ['something unknown', new TypeError('odd')],
  ])('ends at once with %s', async (_, error) => {
    const { tries, result } = begin([error]);
    await settle();
    expect([result(), tries()]).toEqual([error, 1]);
  });

  it('is repeated after further errors that the caller names', async () => {
    const { clock, result } = begin([refusal(409, 'Conflict')], { passes: () => true });
    await clock.step(200);
    expect(result()).toBe('done');
  });

  it('shows each reason for the wait once, and the end of the wait; a single failure is not shown', async () => {
    const brief = begin([noAnswer()]);
    await brief.clock.step(1_000);
    expect(brief.shown).toEqual([]);
    const { clock, shown, warned } = begin([
      noAnswer(),
      noAnswer(),
      noAnswer(),
      refusal(401, 'Unauthorized'),
    ]);
    await clock.step(60_000);
    const text = 'waiting for the Kubernetes API, to create the Pod:';
    expect(warned).toEqual([`${text} no answer`, `${text} Unauthorized`]);
    expect(shown).toEqual([...warned, 'over']);
  });

  it('ends with the reason of its signal, also during a pause', async () => {
    const { clock, stop, result } = begin([refusal(403, 'Forbidden')], { forEver: true });
    await clock.step(1_000);
    const reason = new Error('cancelled');
    stop.abort(reason);
    await settle();
    expect(result()).toBe(reason);
    expect(clock.pending).toBe(0);
  });
});
