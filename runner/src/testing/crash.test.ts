import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { CrashingProcess, type CrashPoint } from './crash.ts';

/** A port that records its effects, in a process that is lost at its second call. */
function lostAt(how: CrashPoint['how'], call = 2) {
  const done: string[] = [];
  let crashes = 0;
  const process = new CrashingProcess(
    { call, how },
    {
      crash: () => {
        crashes += 1;
      },
    },
  );
  const port = process.port(
    'server',
    {
      write: (what: string) => Promise.resolve(done.push(what)),
      async *watch() {
        yield await Promise.resolve('event');
      },
    },
    () => {
      throw new Error('no answer');
    },
  );
  return { done, process, port, crashes: () => crashes };
}

/** The result of a call; `never` if it does not end. */
async function endOf(call: Promise<unknown>): Promise<string> {
  let end = 'never';
  call.then(
    (value) => (end = `answered ${String(value)}`),
    (error: unknown) => (end = String(error)),
  );
  await settle();
  return end;
}

describe('a process that is lost', () => {
  it('before the effect: has no effect, and the call never ends', async () => {
    const { done, port, crashes } = lostAt('before');
    expect(await endOf(port.write('a'))).toBe('answered 1');
    expect(await endOf(port.write('b'))).toBe('never');
    expect([done, crashes()]).toEqual([['a'], 1]);
  });

  it('after the effect: has the effect, and the call never ends', async () => {
    const { done, port, crashes } = lostAt('after');
    await port.write('a');
    expect(await endOf(port.write('b'))).toBe('never');
    expect([done, crashes()]).toEqual([['a', 'b'], 1]);
  });

  it('makes no more calls, and its timers do not run', async () => {
    const { done, port, process } = lostAt('before', 1);
    const clock = new FakeClock();
    const own = process.clock(clock);
    let fired = 0;
    own.after(10, () => {
      fired += 1;
    });
    expect(await endOf(port.write('a'))).toBe('never');
    expect(await endOf(port.write('b'))).toBe('never');
    await clock.step(10);
    expect([done, fired, process.calls]).toEqual([[], 0, ['server.write']]);
  });

  it('continues if only an answer is lost: the call has its effect, and fails', async () => {
    const { done, port, crashes } = lostAt('lost');
    await port.write('a');
    expect(await endOf(port.write('b'))).toBe('Error: no answer');
    expect(await endOf(port.write('c'))).toBe('answered 3');
    expect([done, crashes()]).toEqual([['a', 'b', 'c'], 0]);
  });

  it('sees no event of a watch', async () => {
    const first = async (watch: AsyncIterable<unknown>): Promise<unknown> => {
      for await (const event of watch) return event;
      return 'the end';
    };
    expect(await endOf(first(lostAt('before').port.watch()))).toBe('answered event');
    expect(await endOf(first(lostAt('before', 1).port.watch()))).toBe('never');
    expect(await endOf(first(lostAt('after', 1).port.watch()))).toBe('never');
    expect(await endOf(first(lostAt('lost', 1).port.watch()))).toBe('Error: no answer');
  });
});
