import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type PracticeServer, startPracticeServer } from './practice-server.ts';
import { RpcCaller } from './rpc-caller.ts';

vi.setConfig({ testTimeout: 30_000 });

const YAML = 'kind: pipeline\ntype: kubernetes\n';

let drone: PracticeServer;
let runner: RpcCaller;

beforeEach(async () => {
  drone = await startPracticeServer({ secret: 's3cret', longPollMs: 30 });
  runner = new RpcCaller(drone.url, 's3cret');
});

afterEach(async () => {
  await drone.close();
});

describe('token and paths (drone-rpc §8.1)', () => {
  const rows: [string, string | undefined, [string, string], [number, string]][] = [
    ['the right token opens ping', 's3cret', ['POST', '/rpc/v2/ping'], [200, '']],
    ['a token that differs by case is 401, empty', 'S3cret', ['POST', '/rpc/v2/ping'], [401, '']],
    ['no token is 401', undefined, ['POST', '/rpc/v2/ping'], [401, '']],
    ['an unknown path with a wrong token is 401 too', 'wrong', ['POST', '/rpc/v2/pong'], [401, '']],
    [
      'an unknown path with the right token is 404',
      's3cret',
      ['POST', '/rpc/v2/pong'],
      [404, '404 page not found\n'],
    ],
    [
      'a trailing slash is an unknown path',
      's3cret',
      ['POST', '/rpc/v2/ping/'],
      [404, '404 page not found\n'],
    ],
    ['a known path with a wrong method is 405', 's3cret', ['GET', '/rpc/v2/ping'], [405, '']],
    ['join is not there', 's3cret', ['POST', '/rpc/v2/nodes/runner-1'], [404, '404 page not found\n']],
    ['but the literal placeholder is', 's3cret', ['POST', '/rpc/v2/nodes/:machine'], [200, '']],
  ];
  it.each(rows)('%s', async (_name, token, [method, path], expected) => {
    const answer = await new RpcCaller(drone.url, token).call(method, path);

    expect([answer.status, answer.text]).toEqual(expected);
  });

  it.each([
    ['a doubled slash', 'POST', '//rpc/v2/ping'],
    ['a wrong prefix', 'POST', '/drone/rpc/v2/ping'],
    ['any other method', 'PUT', '/nowhere'],
    ['the root', 'GET', '/'],
  ])('%s gets the web page with 200, without a token', async (_name, method, path) => {
    const answer = await new RpcCaller(drone.url, undefined).call(method, path);

    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toContain('text/html');
    expect(answer.text).toContain('<!DOCTYPE html>');
  });

  it('a server without a secret refuses everybody with 403', async () => {
    const open = await startPracticeServer({ secret: '' });

    const answer = await new RpcCaller(open.url, '').call('POST', '/rpc/v2/ping');

    expect(answer.status).toBe(403);
    await open.close();
  });
});

describe('bodies (drone-rpc §8.2)', () => {
  it('JSON is sent as text/plain with a final newline and no-cache headers', async () => {
    drone.createBuild({ yaml: YAML });

    const offer = await runner.poll();

    expect(offer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(offer.text).toMatch(/^\{.*\}\n$/);
    expect(offer.headers['cache-control']).toContain('no-cache');
  });

  it('empty optional members are left out, the others are zero', async () => {
    drone.createBuild({ yaml: YAML });

    const offer: unknown = JSON.parse((await runner.poll()).text);

    expect(Object.keys(offer as object)).toEqual([
      ...['id', 'repo_id', 'build_id', 'number', 'name', 'kind', 'type', 'status', 'errignore', 'exit_code'],
      ...['os', 'arch', 'started', 'stopped', 'created', 'updated', 'version', 'on_success', 'on_failure'],
    ]);
  });

  it('an empty success has length 0 and no type', async () => {
    const answer = await runner.call('POST', '/rpc/v2/ping');

    expect(answer.headers['content-length']).toBe('0');
    expect(answer.headers['content-type']).toBeUndefined();
  });

  it('errors are the bare text', async () => {
    const answer = await runner.detail(4711);

    expect([answer.status, answer.text]).toEqual([500, 'sql: no rows in result set']);
  });
});

describe('long polls (drone-rpc §8.3)', () => {
  it('a poll and a watch without news end with 204 and no body', async () => {
    const build = drone.createBuild({ yaml: YAML, stages: [{ type: 'docker' }] });

    const answers = await Promise.all([runner.poll(), runner.watch(build.id)]);

    expect(answers.map((answer) => [answer.status, answer.text])).toEqual([
      [204, ''],
      [204, ''],
    ]);
    expect(answers[0]?.headers['content-length']).toBeUndefined();
  });

  it('a poll is answered at once when a stage arrives while it waits', async () => {
    const patient = await startPracticeServer({ secret: 's3cret', longPollMs: 60_000 });
    const poll = new RpcCaller(patient.url, 's3cret').poll();
    await patient.waitUntil('a poll', {}, () => patient.waitingPolls === 1);

    patient.createBuild({ yaml: YAML });

    expect((await poll).status).toBe(200);
    await patient.close();
  });
});

describe('what the decoder takes (drone-rpc §8.15)', () => {
  const started = (value: string) => `{"id":1,"build_id":1,"status":"running","started":${value}}`;
  it.each([
    ['a fraction', started('1768383006.5'), 500],
    ['an integer written as a fraction', started('1768383006.0'), 500],
    ['an exponent', started('1e9'), 500],
    ['a number in quotes', started('"1768383006"'), 500],
    ['no JSON at all', 'status=running', 500],
    ['nothing', '', 500],
  ])('%s in a stage update is refused with 500 and changes nothing', async (_name, body, status) => {
    const build = drone.createBuild({ yaml: YAML });

    const answer = await runner.call('PUT', '/rpc/v2/stage/1', body);

    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(/^(json: cannot unmarshal|invalid character|EOF)/);
    expect(drone.stage(build.id).version).toBe(1);
  });

  it('names in any case, unknown and null members are taken', async () => {
    const build = drone.createBuild({ yaml: YAML });
    const stage = await runner.take();
    const body = {
      ID: stage.id,
      Build_Id: build.id,
      STATUS: 'running',
      version: 2,
      error: null,
      colour: 'red',
    };

    const answer = await runner.putStage(body);

    expect(answer.status).toBe(200);
    expect(drone.stage(build.id)).toMatchObject({ status: 'running', error: '', version: 3 });
  });

  it('an unreadable id counts as 0, which nothing has', async () => {
    const answer = await runner.call('GET', '/rpc/v2/stage/abc');

    expect([answer.status, answer.text]).toEqual([500, 'sql: no rows in result set']);
  });
});
