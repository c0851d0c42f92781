import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { lives, TestPod, type TestStep, until } from './testing/pod.ts';
import { siftedOf } from './testing/sifted.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

/** A port on which nothing listens at present. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

async function outcome(steps: TestStep[]): Promise<string[]> {
  pod = new TestPod(steps);
  pod.startAll();
  await pod.endings();
  return pod.exits();
}

/** A service whose program is JavaScript, in which `root` is the folder of the Pod. */
const service = (script: string, ready: object): TestStep => ({
  role: 'background',
  argv: [process.execPath, '-e', `const root = process.env.ROOT, fs = require('fs'); ${script}`],
  own: { ready: { timeoutMs: 30_000, ...ready } },
});
const shell = (sh: string, ready: object = {}): TestStep => ({
  role: 'background',
  sh,
  own: { ready: { exec: ['/bin/sh', '-c', '[ -e "$ROOT/ready" ]'], timeoutMs: 30_000, ...ready } },
});
const hangs = 'touch "$ROOT/on"; exec sleep 1000';
const log = `fs.appendFileSync(root + '/order', 'ready\\n')`;

describe('a service with a readiness check', () => {
  it.each(['127.0.0.1', '::1'])('by tcp: steps wait until it listens on %s', async (address) => {
    const port = await freePort();
    const listen = `require('net').createServer().listen(${port}, '${address}', () => ${log})`;
    pod = new TestPod([
      service(
        `fs.writeFileSync(root + '/on', ''); setInterval(() => fs.existsSync(root + '/open') && !globalThis.x && (globalThis.x = ${listen}), 10)`,
        { tcp: port },
      ),
      { after: [1], sh: 'echo step >> "$ROOT/order"' },
      { sh: 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done; sleep 0.3; touch "$ROOT/seen" "$ROOT/open"' },
    ]);
    pod.startAll();
    await pod.file('seen');
    expect([existsSync(pod.statePath(1, 'probing')), existsSync(pod.statePath(1, 'child'))]).toEqual([
      true,
      false,
    ]);

    const [first] = await pod.endings();

    expect([pod.exits(), pod.order()]).toEqual([
      ['ran 143', 'ran 0', 'ran 0'],
      ['ready', 'step'],
    ]);
    expect(siftedOf([first?.stdout ?? '', first?.stderr ?? ''])).toEqual({
      text: '',
      kinds: ['start', 'ready', 'end 143', 'close'],
    });
  });

  it.each([200, 302, 399])('by http: steps wait until it answers with %i', async (status) => {
    const port = await freePort();
    const answers = `
      let n = 0;
      require('http').createServer((request, response) => {
        fs.appendFileSync(root + '/order', request.url + '\\n');
        response.writeHead(++n < 3 ? 503 : ${status}, { location: '/elsewhere' });
        response.end('x'.repeat(1e6));
      }).listen(${port}, '127.0.0.1')`;

    const exits = await outcome([
      service(answers, { http: { port, path: '/healthz?full=1' } }),
      { after: [1], sh: 'echo step >> "$ROOT/order"' },
    ]);

    expect(exits).toEqual(['ran 143', 'ran 0']);
    expect(pod.order()).toEqual([...Array<string>(3).fill('/healthz?full=1'), 'step']);
  });

  it.each([400, 503, 199])('by http: is not ready while it answers with %i', async (status) => {
    const port = await freePort();
    const answers = `require('net').createServer((socket) => socket.end('HTTP/1.1 ${status} X\\r\\n\\r\\n')).listen(${port}, '127.0.0.1')`;

    const exits = await outcome([
      service(answers, { http: { port, path: '/' }, timeoutMs: 1_500 }),
      { after: [1] },
    ]);

    expect(exits).toEqual(['unready 124', 'failed-before 0']);
  });

  it('by a program: steps wait until it succeeds, in the environment of the service, and its output is discarded', async () => {
    const check = 'echo noise; echo noise >&2; [ "$A" = 1 ] && [ -e "$ROOT/ready" ]';
    const exits = await outcome([
      {
        ...shell('sleep 0.3; echo ready >> "$ROOT/order"; touch "$ROOT/ready"; exec sleep 1000', {
          exec: ['sh', '-c', check],
        }),
        env: { A: '1' },
      },
      { after: [1], sh: 'echo step >> "$ROOT/order"' },
    ]);

    expect([exits, pod.order()]).toEqual([
      ['ran 143', 'ran 0'],
      ['ready', 'step'],
    ]);
    const { stdout, stderr } = await pod.ending(1);
    expect(stdout + stderr).not.toContain('noise');
  });

  it('that fails after it was ready has no effect on others', async () => {
    const exits = await outcome([
      shell('touch "$ROOT/ready"; while [ ! -e "$ROOT/off" ]; do sleep 0.02; done; exit 1'),
      {
        after: [1],
        sh: 'touch "$ROOT/off"; while [ ! -e "$ROOT/hangar/state/1/exit" ]; do sleep 0.02; done',
      },
      { after: [2] },
    ]);

    expect(exits).toEqual(['ran 1', 'ran 0', 'ran 0']);
    expect((await pod.ending(1)).stderr).not.toContain('before it was ready');
  });
});

describe('a service that does not become ready', () => {
  const dependants: TestStep[] = [
    { after: [1] },
    { after: [1], runs: 'on-failure', sh: 'echo "failed: $DRONE_FAILED_STEPS"' },
  ];

  it('in time is stopped, and has failed', async () => {
    const exits = await outcome([{ name: 'db', ...shell(hangs, { timeoutMs: 300 }) }, ...dependants]);

    expect(exits).toEqual(['unready 124', 'failed-before 0', 'ran 0']);
    const { stdout, stderr, code } = await pod.ending(1);
    expect(siftedOf([stdout, stderr])).toEqual({
      text: 'hangar: the service was not ready within 300ms\n',
      kinds: ['start', 'end 124 unready', 'close'],
    });
    expect([code, pod.message(1).split(' ')[0], (await pod.ending(3)).stdout]).toEqual([
      124,
      'unready',
      expect.stringContaining('failed: db\n'),
    ]);
  });

  it('in time is killed if it ignores its stop signal, and does not become ready meanwhile', async () => {
    const ignores = 'trap \'touch "$ROOT/ready"\' TERM; while :; do sleep 0.02; done';
    const step = shell(ignores);

    const exits = await outcome([
      { ...step, own: { ready: { exec: ['test', '-e', 'ready'], timeoutMs: 300 }, stopGraceMs: 1_000 } },
      { after: [1] },
    ]);

    expect(exits).toEqual(['unready 124', 'failed-before 0']);
    expect(existsSync(pod.statePath(1, 'child'))).toBe(false);
  });

  it.each([
    [3, 'unready 3'],
    [0, 'unready 1'],
    [78, 'unready 78'],
  ])('because it ended with %i before has failed', async (code, want) => {
    const exits = await outcome([shell(`exit ${code}`), ...dependants]);

    expect(exits).toEqual([want, 'failed-before 0', 'ran 0']);
    expect((await pod.ending(1)).stderr).toContain(
      `hangar: the service ended with exit code ${code} before it was ready\n`,
    );
  });

  it('because its program is missing has failed', async () => {
    const exits = await outcome([{ ...shell(''), argv: ['no-such-program'] }, ...dependants]);

    expect(exits).toEqual(['unready 127', 'failed-before 0', 'ran 0']);
  });

  it('because the program of the check is missing shows why, once', async () => {
    const exits = await outcome([shell(hangs, { exec: ['no-such-check'], timeoutMs: 600 }), { after: [1] }]);

    expect(exits).toEqual(['unready 124', 'failed-before 0']);
    expect((await pod.ending(1)).stderr.match(/readiness check no-such-check: not found/g)).toHaveLength(1);
  });

  it('because its gate was killed has failed', async () => {
    pod = new TestPod([shell(hangs), ...dependants]);
    pod.startAll();
    await pod.file('on');

    pod.gate(1).process.kill('SIGKILL');
    await pod.endings();

    expect(pod.exits()).toEqual(['none', 'failed-before 0', 'ran 0']);
  });

  it('ends its check with all processes of it', async () => {
    const check = 'echo $$ >> "$ROOT/pids"; sleep 1000 & echo $! >> "$ROOT/pids"; touch "$ROOT/both"; wait';
    await outcome([
      shell('while [ ! -e "$ROOT/both" ]; do sleep 0.02; done; exit 3', { exec: ['sh', '-c', check] }),
      { after: [1] },
    ]);

    const pids = readFileSync(`${pod.root}/pids`, 'utf8').trim().split('\n').map(Number);
    await until(() => !pids.some(lives));
    expect([pod.exits()[0], pids.length]).toEqual(['unready 3', 2]);
  });
});

describe('a service that is stopped before it is ready', () => {
  it('by a signal has not failed, and no step starts', async () => {
    pod = new TestPod([shell(hangs), { after: [1], runs: 'always' }]);
    pod.startAll();
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    await pod.endings();

    expect(pod.exits()).toEqual(['ran 143', 'stopping 0']);
    expect((await pod.ending(1)).stderr).not.toContain('ready');
  });

  it('by a signal while a check hangs ends with its check', async () => {
    const check = 'echo $$ > "$ROOT/pid"; touch "$ROOT/checks"; exec sleep 1000';
    pod = new TestPod([shell(hangs, { exec: ['sh', '-c', check] }), { after: [1], runs: 'always' }]);
    pod.startAll();
    await pod.file('checks');

    pod.gate(1).process.kill('SIGTERM');
    await pod.endings();

    await until(() => !lives(Number(readFileSync(`${pod.root}/pid`, 'utf8'))));
    expect(pod.exits()).toEqual(['ran 143', 'stopping 0']);
  });

  it('by a signal has not failed, even if its time passes before it ends', async () => {
    const slow = `trap 'sleep 2.5; exit 5' TERM; touch "$ROOT/on"; while :; do sleep 0.02; done`;
    const waits = 'while [ ! -e "$ROOT/hangar/state/1/exit" ]; do sleep 0.02; done';
    pod = new TestPod([shell(slow, { timeoutMs: 2_000 }), { sh: waits }]);
    pod.startAll();
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    await pod.endings();

    expect(pod.exits()).toEqual(['ran 5', 'ran 0']);
  });

  it('because no ordinary step is left has not failed', async () => {
    const exits = await outcome([shell(hangs), { sh: 'while [ ! -e "$ROOT/on" ]; do sleep 0.02; done' }]);

    expect(exits).toEqual(['ran 143', 'ran 0']);
    expect((await pod.ending(1)).stderr).not.toContain('ready');
  });
});

describe('the readiness check', () => {
  it('does not exist for an ordinary step, which is waited for until it ends', async () => {
    const exits = await outcome([{ ...shell('exit 3', { timeoutMs: 100 }), role: 'step' }, { after: [1] }]);

    expect(exits).toEqual(['ran 3', 'failed-before 0']);
  });

  it('of a service makes timeout and retry ineffective', async () => {
    const own = { ...shell('').own, timeoutMs: 100, retry: { attempts: 3, backoffMs: 0 } };
    const exits = await outcome([
      { role: 'background', sh: 'echo run >> "$ROOT/order"; sleep 0.4; exit 3', own },
      { after: [1] },
    ]);

    expect([exits, pod.order()]).toEqual([['unready 3', 'failed-before 0'], ['run']]);
  });

  it.each([
    ['no kind', {}],
    ['two kinds', { tcp: 80, exec: ['true'] }],
    ['a port that is none', { tcp: 65_536 }],
    ['a path that changes the request', { http: { port: 80, path: '/ HTTP/1.0\r\nX: 1' } }],
    ['no time', { tcp: 80, timeoutMs: 0 }],
  ])('with %s is a failure of the gate', async (_, ready) => {
    pod = new TestPod([{ role: 'background', own: { ready: { timeoutMs: 1_000, ...ready } } }]);

    const { code, stderr } = await pod.start(1).ending;

    expect([code, stderr]).toEqual([214, expect.stringMatching(/^hangar gate: .*step\.json: ready/)]);
  });
});
