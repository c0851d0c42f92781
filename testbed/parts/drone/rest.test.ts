import { Script } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller, rawCall } from './rpc-caller.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';

let drone: PracticeServer;
let person: RpcCaller;
let runner: RpcCaller;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's', longPollMs: 100 });
  person = new RpcCaller(drone.url, undefined);
  runner = new RpcCaller(drone.url, 's');
});

afterEach(async () => {
  await drone.close();
});

const ask = async (method: string, path: string, body?: unknown) => {
  const answer = await person.call(method, path, body);
  return {
    status: answer.status,
    body: answer.text === '' ? undefined : (JSON.parse(answer.text) as unknown),
  };
};

describe('builds over REST', () => {
  it('are created as requested, listed newest first and shown', async () => {
    const request = { yaml: YAML, event: 'promote', params: { a: 'b' }, trusted: true, timeoutMinutes: 3 };
    const first = drone.createBuild({ yaml: YAML });

    const created = await ask('POST', '/api/builds', {
      ...request,
      repo: { slug: 'acme/gear' },
      build: { message: 'hi' },
    });

    const wanted = {
      event: 'promote',
      params: { a: 'b' },
      message: 'hi',
      repo: { slug: 'acme/gear', trusted: true, timeout: 3 },
    };
    expect(created).toMatchObject({
      status: 201,
      body: { ...wanted, status: 'pending', stages: [{ name: 'default' }] },
    });
    const second = drone.builds()[0]?.id ?? 0;
    expect((await ask('GET', '/api/builds')).body).toMatchObject([{ id: second }, { id: first.id }]);
    expect((await ask('GET', `/api/builds/${second}`)).body).toMatchObject(wanted);
  });

  it.each([
    ['no YAML', { event: 'push' }, 'yaml is missing'],
    ['a YAML without pipelines', { yaml: 'kind: secret' }, 'no document with kind: pipeline'],
    ['an odd slug', { yaml: YAML, repo: { slug: 'widget' } }, 'write it as owner/name'],
    ['a repo that is no object', { yaml: YAML, repo: 'acme/widget' }, 'repo must be an object'],
    ['no JSON', 'yaml: x', 'invalid character'],
    ['a fraction as time-out', { yaml: YAML, timeoutMinutes: 1.5 }, 'build.timeoutMinutes'],
  ])('%s is refused with 400 and a reason', async (_name, body, message) => {
    expect(await ask('POST', '/api/builds', body)).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining(message) as unknown },
    });
  });

  it('are cancelled once', async () => {
    const build = drone.createBuild({ yaml: YAML });

    expect((await ask('DELETE', `/api/builds/${build.id}`)).body).toEqual({ cancelled: true });
    expect((await ask('DELETE', `/api/builds/${build.id}`)).body).toEqual({ cancelled: false });
    expect(drone.build(build.id).status).toBe('killed');
  });

  it('are waited for', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const waiting = ask('GET', `/api/builds/${build.id}?wait=30`);
    const stage = await runner.start('test');
    await runner.putStage({ ...stage, status: 'success' });

    expect((await waiting).body).toMatchObject({ status: 'success' });
  });

  it('that do not end in time are shown as they are', async () => {
    const build = drone.createBuild({ yaml: YAML });

    expect((await ask('GET', `/api/builds/${build.id}?wait=0.01`)).body).toMatchObject({ status: 'pending' });
  });
});

describe('logs over REST', () => {
  it('are live, then stored; by name or id', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const [step] = (await runner.start('a/b c')).steps;
    if (step === undefined) throw new Error('no step');
    const path = `/api/builds/${build.id}/steps/a%2Fb%20c/log`;
    expect((await ask('GET', path)).body).toEqual({ source: 'none', lines: [] });
    await runner.step(step, { status: 'running' });
    await runner.batch(step.id, [{ pos: 0, out: 'x\n', time: 0 }]);
    expect((await ask('GET', path)).body).toMatchObject({ source: 'live', lines: [{ out: 'x\n' }] });
    await runner.upload(step.id, [{ pos: 0, out: 'x\n', time: 0 }]);

    expect(
      (await ask('GET', `/api/builds/${build.id}/steps/${step.id}/log?stage=default`)).body,
    ).toMatchObject({
      source: 'stored',
      lines: [{ out: 'x\n' }],
    });
  });

  it.each([
    ['an unknown step', (id: number) => `/api/builds/${id}/steps/none/log`],
    ['an unknown build', () => '/api/builds/4711'],
    ['no number', () => '/api/builds/first'],
    ['another path', (id: number) => `/api/builds/${id}/cards`],
    ['another resource', () => '/api/user'],
    ['a broken escape', () => '/api/%zz'],
  ])('%s is 404 with a reason', async (_name, path) => {
    const build = drone.createBuild({ yaml: YAML });

    expect(await ask('GET', path(build.id))).toMatchObject({
      status: 404,
      body: { message: expect.any(String) as unknown },
    });
  });
});

describe('restart over REST', () => {
  it('drops the streams and keeps the data', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const [step] = (await runner.start('test')).steps;
    await runner.step(step ?? ({} as never), { status: 'running' });

    expect((await ask('POST', '/api/restart')).status).toBe(204);

    await drone.waitUntil('the stream to be gone', {}, () => drone.liveLog(build.id, 'test') === undefined);
    expect(drone.step(build.id, 'test')?.status).toBe('running');
  });
});

describe('the page', () => {
  it('is self-contained and draws text as text', async () => {
    const page = await person.call('GET', '/');

    expect(page.text).not.toMatch(/innerHTML|https?:\/\/(?!www\.w3\.org\/2000\/svg)/);
    expect(page.headers['content-security-policy']).toContain("default-src 'none'");
  });

  it('has a script that can be read', async () => {
    const page = await person.call('GET', '/');
    const [, script = ''] = /<script>(.*)<\/script>/s.exec(page.text) ?? [];

    expect(script).toContain('refresh');
    expect(() => new Script(script)).not.toThrow();
  });

  it('may change things, pages of other sites may not', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const cancelFrom = (origin: string) =>
      rawCall(`${drone.url}/api/builds/${build.id}`, { method: 'DELETE', headers: { origin } });

    expect((await cancelFrom('https://evil.test')).status).toBe(403);
    expect(drone.build(build.id).status).toBe('pending');
    expect((await cancelFrom(drone.url)).status).toBe(200);
  });
});

describe('bounds', () => {
  it('the oldest finished builds are forgotten, open ones never', async () => {
    const small = await startPracticeServer({ secret: 's', maxBuilds: 2 });
    const ids = [1, 2, 3].map(() => small.createBuild({ yaml: YAML }).id);
    expect(small.builds()).toHaveLength(3);
    small.cancel(ids[1] ?? 0);

    const last = small.createBuild({ yaml: YAML }).id;

    expect(small.builds().map((build) => build.id)).toEqual([last, ids[2], ids[0]]);
    await small.close();
  });

  it('recorded calls are the newest ones', async () => {
    const small = await startPracticeServer({ secret: 's', maxCalls: 3 });
    const caller = new RpcCaller(small.url, 's');
    for (const path of ['a', 'b', 'c', 'd']) await caller.call('POST', `/rpc/v2/${path}`);

    expect(small.calls.all.map((call) => call.path)).toEqual(['/rpc/v2/b', '/rpc/v2/c', '/rpc/v2/d']);
    await small.close();
  });

  it('a body beyond the limit is refused, and the server continues', async () => {
    const small = await startPracticeServer({ secret: 's', maxBodyBytes: 10 });
    const caller = new RpcCaller(small.url, 's');

    await expect(caller.call('POST', '/rpc/v2/stage', 'x'.repeat(11))).resolves.toMatchObject({
      status: 500,
    });

    expect((await caller.call('POST', '/rpc/v2/ping')).status).toBe(200);
    await small.close();
  });
});
