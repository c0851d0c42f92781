import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { gateBinary } from './testing/binary.ts';
import { type Ending, Gate, TestPod, type TestStep, until } from './testing/pod.ts';
import { siftedOf } from './testing/sifted.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

async function run(...steps: TestStep[]): Promise<Ending> {
  pod = new TestPod(steps);
  pod.startAll();
  await pod.endings();
  return pod.ending(1);
}

const note = 'echo "$HANGAR_STEP_ATTEMPT" >> "$ROOT/order"';
const retry = (attempts: number, more = {}) => ({ own: { retry: { attempts, backoffMs: 10, ...more } } });

describe('a step with retry', () => {
  it('runs again until it succeeds, with its marks once', async () => {
    const { stdout, stderr, code } = await run({
      sh: 'echo "attempt $HANGAR_STEP_ATTEMPT"; [ "$HANGAR_STEP_ATTEMPT" = 3 ]',
      ...retry(4, { backoffMs: 40 }),
    });

    expect([code, pod.exits()]).toEqual([0, ['ran 0']]);
    expect([stdout, stderr].map((stream) => stream.match(/\u001ehangar/g))).toEqual([
      ['\u001ehangar', '\u001ehangar'],
      ['\u001ehangar', '\u001ehangar'],
    ]);
    expect(siftedOf([stdout, stderr])).toEqual({
      text: `attempt 1
attempt 2
attempt 3
hangar: attempt 1 of 4 failed with exit code 1; the next one starts in 40ms
hangar: attempt 2 of 4 failed with exit code 1; the next one starts in 80ms
`,
      kinds: ['start', 'end 0', 'close'],
    });
  });

  it('has the code of its last attempt when all are used', async () => {
    const { stderr } = await run({ sh: `${note}; exit $((10 + HANGAR_STEP_ATTEMPT))`, ...retry(2) });

    expect([pod.exits(), pod.order()]).toEqual([['ran 12'], ['1', '2']]);
    expect(stderr).not.toContain('attempt 2 of 2');
  });

  it('has the start of its first attempt and the end of its last', async () => {
    const { stdout } = await run({ sh: `${note}; exit 1`, ...retry(2, { backoffMs: 300 }) });

    const [, , startMs, endMs] = pod.message(1).trim().split(' ');
    expect(stdout).toMatch(new RegExp(`start at=${startMs} [^]* end code=1 at=${endMs} `));
    expect(Number(endMs) - Number(startMs)).toBeGreaterThanOrEqual(300);
  });

  it.each([
    ['a success', 0, undefined, 1],
    ['78, which ends the pipeline', 78, undefined, 1],
    ['78, even if it is in the list', 78, [78], 1],
    ['a code that is not in the list', 2, [1, 75], 1],
    ['any code without a list', 2, undefined, 2],
    ['a code of the list', 75, [1, 75], 2],
  ])('%s (exit code %i, list %j): attempts %i', async (_, code, exitCodes, attempts) => {
    await run({ sh: `${note}; exit ${code}`, ...retry(2, { exitCodes }) });

    expect([pod.exits(), pod.order()]).toEqual([[`ran ${code}`], ['1', '2'].slice(0, attempts)]);
  });

  it.each([
    ['any failure', undefined, 'ran 0'],
    ['124', [124], 'ran 0'],
    ['another code', [1], 'timed-out 124'],
  ])('repeats an attempt that exceeded its timeout if the list has %s', async (_, exitCodes, want) => {
    const sh = `${note}; [ "$HANGAR_STEP_ATTEMPT" = 2 ] || exec sleep 1000`;
    await run({ sh, own: { timeoutMs: 700, retry: { attempts: 2, backoffMs: 10, exitCodes } } });

    expect(pod.exits()).toEqual([want]);
  });

  it('repeats the start of a program that is missing', async () => {
    const { stderr } = await run({ argv: ['no-such-program'], ...retry(2) });

    expect(pod.exits()).toEqual(['ran 127']);
    expect(stderr.match(/cannot run no-such-program/g)).toHaveLength(2);
  });

  it('always has the number of its attempt, and no other step has one', async () => {
    const print = 'echo "attempt ${HANGAR_STEP_ATTEMPT-unset}"';
    const { stdout } = await run(
      { sh: print, env: { HANGAR_STEP_ATTEMPT: 'mine' }, ...retry(2) },
      { sh: print },
    );

    expect([stdout, (await pod.ending(2)).stdout].map((text) => /attempt \w+/.exec(text)?.[0])).toEqual([
      'attempt 1',
      'attempt unset',
    ]);
  });

  it('keeps the status values of its start', async () => {
    const sh = `
      echo "$DRONE_STAGE_STATUS" >> "$ROOT/order"
      while [ ! -e "$ROOT/hangar/state/2/exit" ]; do sleep 0.02; done
      exit 1`;
    await run({ sh, ...retry(2) }, { sh: 'while [ ! -s "$ROOT/order" ]; do sleep 0.02; done; exit 1' });

    expect(pod.order()).toEqual(['success', 'success']);
  });

  it('in the background: is repeated while its dependants run, and no longer', async () => {
    const sh = `${note}; exit 1`;
    const waits = 'while [ "$(wc -l < "$ROOT/order")" -lt 3 ]; do sleep 0.02; done';
    await run(
      { role: 'background', sh, own: { retry: { attempts: 10, backoffMs: 200 } } },
      { after: [1], sh: waits },
    );

    expect(pod.exits()).toEqual(['ran 1', 'ran 0']);
    expect(pod.order().length).toBeLessThan(10);
  });
});

describe('between two attempts', () => {
  const paused = { sh: `${note}; exit 1`, own: { retry: { attempts: 2, backoffMs: 60_000 } } };
  const pauses = (n: number) => until(() => pod.gate(n).stderr.includes('the next one starts in 1m\n'));

  it('a stop signal ends the step with the code of its last attempt', async () => {
    pod = new TestPod([paused, { after: [1], runs: 'always' }]);
    pod.startAll();
    await pauses(1);

    pod.gate(1).process.kill('SIGTERM');
    await pod.endings();

    expect([pod.exits(), pod.order()]).toEqual([['ran 1', 'stopping 0'], ['1']]);
    expect(existsSync(pod.statePath(1, 'stopping'))).toBe(true);
  });

  it('a stop signal to another gate ends the step', async () => {
    pod = new TestPod([paused, { sh: 'exec sleep 1000' }]);
    pod.startAll();
    await Promise.all([pauses(1), pod.childStarted(2)]);

    pod.gate(2).process.kill('SIGTERM');
    await pod.endings();

    expect([pod.exits(), pod.order()]).toEqual([['ran 1', 'ran 143'], ['1']]);
  });

  it('a fast failure of another step ends the step', async () => {
    const fails = 'while [ ! -e "$ROOT/off" ]; do sleep 0.02; done; exit 3';
    pod = new TestPod([paused, { sh: fails, fails: 'fast' }]);
    pod.startAll();
    await pauses(1);

    pod.gate(2).process.kill('SIGHUP');
    await pod.endings();

    expect([pod.exits(), pod.order()]).toEqual([['ran 1', 'ran 129'], ['1']]);
  });

  it('neither another failure nor a signal that is no stop keeps the next one from starting', async () => {
    const sh = `${note}; [ "$HANGAR_STEP_ATTEMPT" = 2 ]`;
    pod = new TestPod([{ sh, own: { retry: { attempts: 2, backoffMs: 1_000 } } }, { sh: 'exit 3' }]);
    pod.startAll();
    await until(() => pod.gate(1).stderr.includes('the next one starts in 1s\n'));

    pod.gate(1).process.kill('SIGHUP');
    pod.gate(1).process.kill('SIGUSR1');
    await pod.endings();

    expect([pod.exits(), pod.order()]).toEqual([
      ['ran 0', 'ran 3'],
      ['1', '2'],
    ]);
  });

  it('a stop signal during the second attempt reaches it, and no third follows', async () => {
    const sh = `
      ${note}; [ "$HANGAR_STEP_ATTEMPT" = 2 ] || exit 1
      trap 'exit 5' TERM; touch "$ROOT/on"; while :; do sleep 0.02; done`;
    pod = new TestPod([{ sh, ...retry(3) }]);
    pod.start(1);
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    await pod.endings();

    expect([pod.exits(), pod.order()]).toEqual([['ran 5'], ['1', '2']]);
  });

  it('a stop signal at any moment starts no attempt after it', async () => {
    for (let moment = 1; moment <= 4; moment += 1) {
      pod = new TestPod([{ sh: `${note}; exit 1`, own: { retry: { attempts: 1_000, backoffMs: 0 } } }]);
      pod.start(1);
      await until(() => pod.order().length >= moment);
      pod.gate(1).process.kill('SIGTERM');
      await pod.endings();

      expect(pod.exits()[0]).toMatch(/^ran (1|143)$/);
      expect(pod.order().length).toBeLessThan(1_000);
      if (moment < 4) await pod.close();
    }
  });
});

describe('the processes of an attempt', () => {
  /** Three processes that stay: in the group of the program, in a session of its own, and one whose parent has ended. */
  const leaves = `
      sh -c 'echo $$ >> "$ROOT/pids"; exec sleep 1000' &
      setsid sh -c 'echo $$ >> "$ROOT/pids"; exec sleep 1000' &
      (setsid sh -c 'sh -c "echo \\$\\$ >> $ROOT/pids; exec sleep 1000" & sleep 1000' &)
      while [ "$(wc -l < "$ROOT/pids")" -lt 3 ]; do sleep 0.02; done`;
  const looks = 'for pid in $(cat "$ROOT/pids"); do kill -0 "$pid" 2>/dev/null && echo left; done; exit 0';
  const sh = `if [ "$HANGAR_STEP_ATTEMPT" = 1 ]; then touch "$ROOT/pids"; ${leaves}\nexit 1; fi; ${looks}`;

  it('have ended before the next attempt starts', async () => {
    const { stdout } = await run({ sh, ...retry(2) });

    expect(pod.exits()).toEqual(['ran 0']);
    expect(readFileSync(`${pod.root}/pids`, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(stdout).not.toContain('left');
  });

  it('have ended too where the gate is PID 1, as in a container', async () => {
    pod = new TestPod([{ sh: `[ "$PPID" = 1 ] || exit 9; ${sh}`, ...retry(2) }]);
    const user = process.getuid?.() === 0 ? [] : ['--map-root-user'];
    const gate = [gateBinary(), '--root', pod.containerRoot(1), 'run', '1'];
    const env = { PATH: process.env['PATH'] };

    const { stdout } = await new Gate(
      spawn('unshare', [...user, '--pid', '--fork', '--kill-child', ...gate], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
      }),
    ).ending;

    expect(pod.exits()).toEqual(['ran 0']);
    expect(readFileSync(`${pod.root}/pids`, 'utf8').trim().split('\n')).toHaveLength(3);
    expect(stdout).not.toContain('left');
  });
});
