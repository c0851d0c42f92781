import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent } from 'undici';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { FakeClock, settle } from '../testing/fake-clock.ts';
import { isKubernetesError, KubernetesError, RESOURCE } from './cluster.ts';
import type { Connection } from './connection.ts';
import { type ApiCall, HttpCluster } from './http-cluster.ts';

type Handler = (request: IncomingMessage & { text: string }, response: ServerResponse) => void;

const opened: { server: Server; dispatcher: Agent }[] = [];
afterEach(async () => {
  for (const { server, dispatcher } of opened.splice(0)) {
    await dispatcher.destroy();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** An API server on loopback with prepared responses, and a client connected to it. */
async function serve(
  handler: Handler,
  headers: Connection['headers'] = () => Promise.resolve({ Authorization: 'Bearer t' }),
) {
  const asked: { method: string; url: string; headers: IncomingMessage['headers']; text: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, text });
      handler(Object.assign(request, { text }), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dispatcher = new Agent();
  opened.push({ server, dispatcher });
  const { port } = server.address() as AddressInfo;
  const clock = new FakeClock();
  const calls: [ApiCall['verb'], number][] = [];
  const connection: Connection = {
    server: `http://127.0.0.1:${port}`,
    namespace: 'ci',
    dispatcher,
    headers,
    close: () => dispatcher.destroy(),
  };
  const cluster = new HttpCluster(clock, connection, {
    after: ({ verb }, status) => calls.push([verb, status]),
  });
  return { cluster, clock, asked, calls, server };
}

const json =
  (value: unknown, status = 200, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    void response.writeHead(status, headers).end(JSON.stringify(value));

const never = new AbortController().signal;
const pods = { resource: RESOURCE.pods, namespace: 'ci' };
const pod = { ...pods, name: 'p' };

/** A signal that counts its listeners. */
function counted(): { stop: AbortController; listeners: () => number } {
  const stop = new AbortController();
  let count = 0;
  const add = stop.signal.addEventListener.bind(stop.signal);
  const remove = stop.signal.removeEventListener.bind(stop.signal);
  vi.spyOn(stop.signal, 'addEventListener').mockImplementation((...args: Parameters<typeof add>) => {
    count += 1;
    add(...args);
  });
  vi.spyOn(stop.signal, 'removeEventListener').mockImplementation((...args: Parameters<typeof remove>) => {
    count -= 1;
    remove(...args);
  });
  return { stop, listeners: () => count };
}

async function failureOf(work: Promise<unknown>): Promise<KubernetesError> {
  const error = await work.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof KubernetesError) return error;
  throw new Error(`no KubernetesError: ${String(error)}`);
}

async function textsOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('requests', () => {
  it.each<[string, (cluster: HttpCluster) => Promise<unknown>, string, unknown]>([
    ['a GET', (c) => c.get(pod, never), 'GET /api/v1/namespaces/ci/pods/p', undefined],
    [
      'a creation outside of namespaces',
      (c) => c.create({ resource: RESOURCE.namespaces }, { metadata: { name: 'n' } }, never),
      'POST /api/v1/namespaces',
      { metadata: { name: 'n' } },
    ],
    [
      'a subresource',
      (c) => c.patch({ ...pod, subresource: 'status' }, { a: 1 }, 'merge', never),
      'PATCH /api/v1/namespaces/ci/pods/p/status',
      { a: 1 },
    ],
    [
      'a conditional removal',
      (c) => c.remove(pod, { gracePeriodSeconds: 0, uid: 'u', resourceVersion: '7' }, never),
      'DELETE /api/v1/namespaces/ci/pods/p',
      {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        gracePeriodSeconds: 0,
        preconditions: { uid: 'u', resourceVersion: '7' },
      },
    ],
    [
      'a plain removal',
      (c) => c.remove(pod, {}, never),
      'DELETE /api/v1/namespaces/ci/pods/p',
      { apiVersion: 'v1', kind: 'DeleteOptions' },
    ],
  ])('%s', async (_, call, want, body) => {
    const { cluster, asked } = await serve(json({ kind: 'Pod' }));
    await call(cluster);
    expect(asked).toMatchObject([{ headers: { authorization: 'Bearer t', accept: 'application/json' } }]);
    expect(`${asked[0]?.method} ${asked[0]?.url}`).toBe(want);
    expect(asked[0]?.text ? JSON.parse(asked[0].text) : undefined).toEqual(body);
  });

  it.each([
    ['merge', 'application/merge-patch+json'],
    ['strategic', 'application/strategic-merge-patch+json'],
  ] as const)('a %s patch with its media type', async (how, type) => {
    const { cluster, asked } = await serve(json({}));
    await cluster.patch(pod, {}, how, never);
    expect(asked[0]?.headers['content-type']).toBe(type);
  });

  it('lists page by page and merges the pages', async () => {
    const { cluster, asked } = await serve((request, response) => {
      const second = request.url?.includes('continue=more');
      const metadata = second ? { resourceVersion: '9' } : { resourceVersion: '9', continue: 'more' };
      response.end(JSON.stringify({ items: [{ metadata: { name: second ? 'b' : 'a' } }], metadata }));
    });
    const { items, resourceVersion } = await cluster.list(pods, { labelSelector: 'a=b' }, never);
    expect(items.map((one) => one.metadata?.name)).toEqual(['a', 'b']);
    expect(resourceVersion).toBe('9');
    expect(asked[0]?.url).toBe('/api/v1/namespaces/ci/pods?labelSelector=a%3Db&limit=500');
  });

  it('a list without a version counts as from the beginning', async () => {
    const { cluster } = await serve(json({ items: [] }));
    expect(await cluster.list(pods, {}, never)).toEqual({ items: [], resourceVersion: '0' });
  });
});

describe('error responses', () => {
  it('have the message of the server', async () => {
    const status = { kind: 'Status', reason: 'Forbidden', message: 'pods "p" is forbidden', code: 403 };
    const { cluster, calls } = await serve(json(status, 403));
    const error = await failureOf(cluster.get(pod, never));
    expect(error).toMatchObject({
      status: 403,
      reason: 'Forbidden',
      message: 'pods "p" is forbidden',
      transient: false,
    });
    expect(calls).toEqual([['get', 403]]);
  });

  it.each([
    ['in seconds', '3', 3_000],
    ['as a date', new Date(1_768_383_000_000 + 5_000).toUTCString(), 5_000],
    ['in an invalid form', 'soon', undefined],
  ])('carry the requested delay, %s', async (_, value, want) => {
    const { cluster } = await serve(json({}, 429, { 'Retry-After': value }));
    const error = await failureOf(cluster.get(pod, never));
    expect(error).toMatchObject({ status: 429, transient: true, retryAfterMs: want });
  });

  it.each([
    [
      'a proxy’s page, its beginning only',
      `<html>${'x'.repeat(5_000)}`,
      502,
      (text: string) => text.length === 500,
    ],
    ['nothing', '', 503, (text: string) => text === 'Service Unavailable'],
    ['JSON that is no object', '7', 500, (text: string) => text === '7'],
    ['a redirect, which is not followed', '', 302, (text: string) => text === 'Found'],
  ])('are read from %s', async (_, body, status, fits) => {
    const { cluster, asked } = await serve(
      (_request, response) => void response.writeHead(status, { location: '/login' }).end(body),
    );
    const error = await failureOf(cluster.get(pod, never));
    expect([error.status, error.reason, fits(error.message)]).toEqual([status, '', true]);
    expect(asked).toHaveLength(1);
  });

  it.each([
    ['that is absent', 404, {}, 'absent'],
    ['whose uid is another', 409, { uid: 'u' }, 'absent'],
    ['that changed meanwhile', 409, { resourceVersion: '7' }, 'absent'],
  ] as const)('deleting an object %s counts as done', async (_, status, deletion, want) => {
    const { cluster } = await serve(json({}, status));
    expect(await cluster.remove(pod, deletion, never)).toBe(want);
  });

  it('deleting without precondition does not count as done on a conflict', async () => {
    const { cluster } = await serve(json({}, 409));
    expect((await failureOf(cluster.remove(pod, {}, never))).status).toBe(409);
  });
});

describe('no response', () => {
  it('within 30 s counts as lost, and may be retried', async () => {
    const { cluster, clock, asked, calls } = await serve(() => undefined);
    const outcome = failureOf(cluster.create(pods, { metadata: {} }, never));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await clock.step(30_000);
    expect(await outcome).toMatchObject({ status: 0, reason: 'Timeout', transient: true });
    expect(calls).toEqual([['create', 0]]);
  });

  it('a partial response counts as none', async () => {
    const { cluster, clock, asked } = await serve(
      (_, response) => void response.writeHead(200).write('{"kind":'),
    );
    const outcome = failureOf(cluster.get(pod, never));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    // The clock may be advanced before the headers of the response arrived: either limit is a time-out.
    const stepping = vi.waitFor(async () => {
      await clock.step(30_000);
      expect(clock.pending).toBe(0);
    });
    expect(await outcome).toMatchObject({ status: 0 });
    await stepping;
  });

  it('for a cut connection, and for a body that is not JSON', async () => {
    const cut = await serve((request) => void request.socket.destroy());
    expect(await failureOf(cut.cluster.get(pod, never))).toMatchObject({ status: 0, reason: 'NoAnswer' });
    const odd = await serve((_, response) => void response.end('<html>'));
    expect(await failureOf(odd.cluster.get(pod, never))).toMatchObject({ status: 0, reason: 'NoAnswer' });
  });

  it('for credentials that never arrive', async () => {
    const { cluster, clock, asked } = await serve(json({}), () => new Promise(() => undefined));
    const outcome = failureOf(cluster.get(pod, never));
    await clock.step(30_000);
    expect(await outcome).toMatchObject({ status: 0, reason: 'Timeout' });
    expect(asked).toEqual([]);
  });
});

describe('an aborted call', () => {
  it('rejects with the reason of its signal, and is not counted as unanswered', async () => {
    const { cluster, asked, calls } = await serve(() => undefined);
    const { stop, listeners } = counted();
    const call = cluster.get(pod, stop.signal);
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    expect(calls).toEqual([]);
    expect(listeners()).toBeLessThanOrEqual(0);
  });

  it('is not sent if the signal is already aborted', async () => {
    const { cluster, asked } = await serve(json({}));
    await expect(cluster.get(pod, AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(asked).toEqual([]);
  });

  it('is delayed by rate limiting, under its own signal', async () => {
    const { asked, server } = await serve(json({}));
    const { port } = server.address() as AddressInfo;
    const dispatcher = new Agent();
    const connection = {
      server: `http://127.0.0.1:${port}`,
      namespace: '',
      dispatcher,
      headers: () => Promise.resolve({}),
      close: () => dispatcher.destroy(),
    };
    let go = (): void => undefined;
    const before = () =>
      new Promise<void>((resolve) => {
        go = resolve;
      });
    const held = new HttpCluster(new FakeClock(), connection, { before });
    const call = held.get(pod, never);
    expect(asked).toEqual([]);
    go();
    await call;
    expect(asked).toHaveLength(1);
    await dispatcher.destroy();
  });
});

describe('a response that lasts', () => {
  it('has a connection of another pool than calls, which would go through all of them', async () => {
    const { asked, server } = await serve(json({}));
    const { port } = server.address() as AddressInfo;
    const [dispatcher, streams] = [new Agent(), new Agent()];
    const pools: string[] = [];
    dispatcher.on('connect', () => pools.push('calls'));
    streams.on('connect', () => pools.push('streams'));
    const url = `http://127.0.0.1:${port}`;
    const headers = (): Promise<Record<string, string>> => Promise.resolve({});
    const connection = {
      server: url,
      namespace: '',
      dispatcher,
      streams,
      headers,
      close: () => Promise.resolve(),
    };
    const cluster = new HttpCluster(new FakeClock(), connection);
    const log = { namespace: 'ci', pod: 'p', container: 'c' };
    for await (const _ of await cluster.log({ ...log, follow: true }, never));
    for await (const _ of await cluster.log({ ...log, follow: false }, never));
    await cluster.get(pod, never);
    expect([asked.length, [...new Set(pools)]]).toEqual([3, ['streams', 'calls']]);
    await Promise.all([dispatcher.destroy(), streams.destroy()]);
  });
});

describe('no listener is left on a signal that exists as long as the process', () => {
  it.each<[string, Handler, (cluster: HttpCluster, signal: AbortSignal) => Promise<unknown>]>([
    ['an answer', json({ items: [] }), (c, signal) => c.list(pods, {}, signal)],
    ['a refusal', json({}, 403), (c, signal) => c.get(pod, signal).catch(() => undefined)],
    [
      'a cut',
      (request) => void request.socket.destroy(),
      (c, signal) => c.get(pod, signal).catch(() => undefined),
    ],
    [
      'a log to its end',
      (_, response) => void response.end('line\n'),
      async (c, signal) =>
        textsOf(await c.log({ namespace: 'ci', pod: 'p', container: 'c', follow: true }, signal)),
    ],
    [
      'a log that is left early',
      (_, response) => void response.write('line\n'),
      async (c, signal) => {
        for await (const _ of await c.log(
          { namespace: 'ci', pod: 'p', container: 'c', follow: true },
          signal,
        ))
          return;
      },
    ],
    [
      'a watch that is left early',
      (_, response) => void response.write('{"type":"BOOKMARK","object":{}}\n'),
      async (c, signal) => {
        for await (const _ of c.watch(pods, { resourceVersion: '1', silenceMs: 1_000 }, signal)) return;
      },
    ],
    [
      'a watch that is refused',
      json({}, 410),
      async (c, signal) => {
        const watch = c.watch(pods, { resourceVersion: '1', silenceMs: 1_000 }, signal);
        await watch[Symbol.asyncIterator]()
          .next()
          .catch(() => undefined);
      },
    ],
  ])('after %s', async (_, handler, call) => {
    const { cluster, clock } = await serve(handler);
    const { stop, listeners } = counted();
    await call(cluster, stop.signal);
    expect(listeners()).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe('a watch', () => {
  it('requests bookmarks from its version, and returns event after event', async () => {
    const events = ['ADDED', 'BOOKMARK'].map(
      (type) => `${JSON.stringify({ type, object: { metadata: {} } })}\n`,
    );
    const { cluster, asked } = await serve((_, response) => void response.end(events.join('')));
    const types: string[] = [];
    for await (const event of cluster.watch(
      pods,
      { resourceVersion: '7', labelSelector: 'a=b', silenceMs: 1_000 },
      never,
    ))
      types.push(event.type);
    expect(types).toEqual(['ADDED', 'BOOKMARK']);
    expect(Object.fromEntries(new URL(asked[0]?.url ?? '', 'http://x').searchParams)).toEqual({
      labelSelector: 'a=b',
      resourceVersion: '7',
      watch: 'true',
      allowWatchBookmarks: 'true',
      timeoutSeconds: '290',
    });
  });

  it('is cut when it is silent for too long, though its connection is open', async () => {
    const { cluster, clock } = await serve(
      (_, response) => void response.write('{"type":"BOOKMARK","object":{}}\n'),
    );
    const watch = cluster
      .watch(pods, { resourceVersion: '7', silenceMs: 60_000 }, never)
      [Symbol.asyncIterator]();
    await watch.next();
    const outcome = failureOf(watch.next());
    await clock.step(60_000);
    expect(await outcome).toMatchObject({ status: 0, reason: 'Silence' });
  });

  it('rejects with the reason of its signal', async () => {
    const { cluster } = await serve(
      (_, response) => void response.write('{"type":"BOOKMARK","object":{}}\n'),
    );
    const stop = new AbortController();
    const watch = cluster
      .watch(pods, { resourceVersion: '7', silenceMs: 60_000 }, stop.signal)
      [Symbol.asyncIterator]();
    await watch.next();
    const outcome = watch.next();
    stop.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
  });
});

describe('a log', () => {
  const request = {
    namespace: 'ci',
    pod: 'p',
    container: 'c',
    follow: true,
    sinceTime: '2026-01-14T09:30:00Z',
    previous: true,
  };

  it('is returned as bytes, with timestamps', async () => {
    const { cluster, asked } = await serve((_, response) => void response.end('a line\n'));
    expect(await textsOf(await cluster.log(request, never))).toBe('a line\n');
    expect(asked[0]?.url).toBe(
      '/api/v1/namespaces/ci/pods/p/log?container=c&timestamps=true&sinceTime=2026-01-14T09%3A30%3A00Z&follow=true&previous=true',
    );
  });

  it('rejects as no response when the stream is cut, and with the signal’s reason when aborted', async () => {
    const { cluster } = await serve((asking, response) => {
      response.write('a line\n');
      setImmediate(() => asking.socket.destroy());
    });
    const error = await failureOf(cluster.log(request, never).then(textsOf));
    expect(error).toMatchObject({ status: 0, reason: 'NoAnswer' });
    const standing = await serve((_, response) => void response.write('a line\n'));
    const stop = new AbortController();
    const log = (await standing.cluster.log(request, stop.signal))[Symbol.asyncIterator]();
    await log.next();
    const outcome = log.next();
    stop.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
  });

  it.each(['aborted', 'cut'])(
    'that is %s before anybody reads it rejects when it is read, and ends no process',
    async (how) => {
      const answered = Promise.withResolvers<ServerResponse>();
      const standing = await serve((_, response) => {
        response.writeHead(200).write('a line\n');
        answered.resolve(response);
      });
      const stop = new AbortController();
      const log = await standing.cluster.log(request, stop.signal);
      const { socket } = await answered.promise;
      if (how === 'cut') socket?.destroy();
      else stop.abort(new Error('the Pod is gone'));
      if (socket) await once(socket, 'close');
      await settle();
      await expect(textsOf(log)).rejects.toThrow(how === 'cut' ? 'no answer' : 'the Pod is gone');
    },
  );

  it('rejects if it does not exist yet', async () => {
    const { cluster } = await serve(json({ message: 'container is waiting to start' }, 400));
    expect(isKubernetesError(await failureOf(cluster.log(request, never)), 400)).toBe(true);
  });
});
