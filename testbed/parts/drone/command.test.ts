import { runProgram } from '@hangar/shared/program/program';
import { fakeContext } from '@hangar/shared/testing/fake-context';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PRACTICE_DRONE } from './command.ts';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller, rawCall } from './rpc-caller.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';

let drone: PracticeServer;
let printed: string;
let firstPrinted: PromiseWithResolvers<void>;
let complained: string;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 'practice', longPollMs: 5000 });
  printed = '';
  firstPrinted = Promise.withResolvers();
  complained = '';
});

afterEach(async () => {
  await drone.close();
});

const run = (words: string, stop = new AbortController().signal) =>
  runProgram(
    PRACTICE_DRONE,
    words.replace('SERVER', `--server ${drone.url}/`).split(' '),
    fakeContext(
      { 'ci.yml': YAML },
      {
        print: (text) => {
          printed += `${text}\n`;
          firstPrinted.resolve();
        },
        complain: (text) => {
          complained += text;
        },
        stopSignal: () => stop,
      },
    ),
  );

describe('the command', () => {
  it('creates a build with parameters and secrets, and shows it', async () => {
    expect(await run('build ci.yml SERVER --event custom --param who=kim=x --secret-value t=v --json')).toBe(
      0,
    );

    const build = drone.builds()[0];
    expect(JSON.parse(printed)).toMatchObject({ id: build?.id, event: 'custom', params: { who: 'kim=x' } });
    printed = '';
    expect(await run(`show ${build?.id ?? 0} SERVER`)).toBe(0);
    expect(printed).toBe(`build ${build?.id ?? 0} pending: default pending []\n`);
  });

  it.each([
    ['success', 0],
    ['failure', 1],
  ])('waits for the end of a build: %s exits with %d', async (status, code) => {
    const waiting = run('build ci.yml SERVER --wait');
    const runner = new RpcCaller(drone.url, 'practice');
    const stage = await runner.start('test');
    const [step] = stage.steps;
    await runner.upload(step?.id ?? 0, [{ pos: 0, out: 'hello\n', time: 0 }]);
    await runner.putStage({ ...stage, status });

    expect(await waiting).toBe(code);

    expect(printed).toContain(`default ${status} [test pending]`);
    printed = '';
    await run(`log ${stage.build_id} test SERVER`);
    expect(printed).toBe('hello\n');
  });

  it('cancels', async () => {
    const build = drone.createBuild({ yaml: YAML });

    expect(await run(`cancel ${build.id} SERVER`)).toBe(0);
    expect(await run(`cancel ${build.id} SERVER`)).toBe(0);

    expect(printed).toBe(`build ${build.id} is cancelled\nbuild ${build.id} has ended before\n`);
  });

  it('serves until it is stopped', async () => {
    const stop = new AbortController();
    const serving = run('serve --port 0 --secret hush', stop.signal);
    await firstPrinted.promise;
    const url = /http:\/\/\S+/.exec(printed)?.[0] ?? '';
    const headers = { 'x-drone-token': 'hush' };
    expect((await rawCall(`${url}/rpc/v2/ping`, { method: 'POST', headers })).status).toBe(200);

    stop.abort();

    expect(await serving).toBe(0);
  });

  it('helps', async () => {
    expect(await run('--help')).toBe(0);
    expect(printed).toContain('build FILE');
  });

  it.each([
    ['nothing', 'frobnicate', 2, 'There are: serve, build'],
    ['an unknown option', 'show 1 --colour', 2, '--colour'],
    ['no id', 'show SERVER', 2, 'ID is missing'],
    ['a name as id', 'show first SERVER', 2, 'give a whole number'],
    ['a parameter without value', 'build ci.yml SERVER --param who', 2, 'takes KEY=VALUE'],
    ['an unreadable file', 'build none.yml SERVER', 1, "can't read none.yml"],
    ['an unknown build', 'show 4711 SERVER', 1, 'there is no build 4711'],
    ['no server', 'show 1 --server http://127.0.0.1:1', 1, 'start one with: serve'],
  ])('%s is refused with a reason', async (_name, words, code, message) => {
    expect(await run(words)).toBe(code);
    expect(complained).toContain(message);
  });

  it('another kind of server, and a port in use, are reported', async () => {
    expect(await run(`show 1 --server ${drone.url}/elsewhere`)).toBe(1);
    expect(complained).toContain('is not a practice server');
    expect(await run(`serve --port ${drone.url.split(':').at(-1) ?? ''}`)).toBe(1);
    expect(complained).toContain('choose another --port');
  });
});
