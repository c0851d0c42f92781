import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { systemClock } from '@hangar/shared/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RequestEffect, RequestKind } from '../plan/actions.ts';
import { FaultProxy } from './proxy.ts';

/** Long enough for an answer to arrive, and the limit for answers that never do. */
const SOON_MS = 300;

describe('the proxy before a server', () => {
  let upstream: Server;
  let proxy: FaultProxy;
  /** Requests that the server has carried out. */
  let applied: string[];
  let sendEvent: (line: string) => void;

  beforeEach(async () => {
    applied = [];
    upstream = createServer((request, response) => {
      applied.push(`${request.method} ${request.url}`);
      if (request.url?.includes('watch=true')) {
        response.writeHead(200).flushHeaders();
        sendEvent = (line) => void response.write(`${line}\n`);
        return;
      }
      void request
        .toArray()
        .then((body) => response.end(`received ${Buffer.concat(body as Buffer[]).toString()}`));
    });
    await once(upstream.listen(0, '127.0.0.1'), 'listening');
    const { port } = upstream.address() as AddressInfo;
    proxy = new FaultProxy(systemClock(), 'kubernetes', { url: `http://127.0.0.1:${port}` });
    await proxy.listen();
  });
  afterEach(async () => {
    await proxy.close();
    upstream.closeAllConnections();
    upstream.close();
  });

  const post = (body = 'hello') => fetch(`${proxy.url}/things`, { method: 'POST', body });
  const order = (effect: RequestEffect, of: RequestKind = 'all', left = 1) =>
    proxy.addRule({ effect, of, left });
  const isAnswered = (answer: Promise<unknown>): Promise<boolean> =>
    Promise.race([
      answer.then(() => true),
      systemClock()
        .sleep(SOON_MS)
        .then(() => false),
    ]);

  it('forwards requests and answers', async () => {
    const answer = await post();
    expect([answer.status, await answer.text()]).toEqual([200, 'received hello']);
  });

  it.each([
    ['as a forward proxy', { method: 'GET', path: 'http://drone.test/there' }],
    ['by CONNECT', { method: 'CONNECT', path: 'drone.test:80' }],
  ])('is reached for an address that it does not have, %s', async (_, target) => {
    const { hostname, port } = new URL(proxy.url);
    const sent = request({ hostname, port, ...target }).end();
    if (target.method === 'CONNECT') {
      const [, socket] = (await once(sent, 'connect')) as [unknown, Socket];
      socket.write('GET /there HTTP/1.1\r\nhost: drone.test\r\nconnection: close\r\n\r\n');
      expect(Buffer.concat(await socket.toArray()).toString()).toContain('received ');
    } else {
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      expect(Buffer.concat(await answer.toArray()).toString()).toBe('received ');
    }
    expect(applied).toEqual(['GET /there']);
  });

  it('answers before the effect, once', async () => {
    order({ kind: 'answer', status: 429, when: 'before' });
    const answer = await post();
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '1']);
    expect(await answer.json()).toMatchObject({ kind: 'Status', reason: 'TooManyRequests' });
    expect(applied).toEqual([]);
    expect((await post()).status).toBe(200);
  });

  it('answers after the effect', async () => {
    order({ kind: 'answer', status: 500, when: 'after' });
    expect((await post()).status).toBe(500);
    expect(applied).toEqual(['POST /things']);
  });

  it('cuts before and after the effect', async () => {
    order({ kind: 'cut', when: 'before' });
    await expect(post()).rejects.toThrow();
    expect(applied).toEqual([]);
    order({ kind: 'cut', when: 'after' });
    await expect(post()).rejects.toThrow();
    expect(applied).toEqual(['POST /things']);
  });

  it('gives half an answer', async () => {
    order({ kind: 'half-answer' });
    const answer = await post();
    await expect(answer.text()).rejects.toThrow();
  });

  it('affects only requests of its class, until it is removed', async () => {
    const callOff = order({ kind: 'answer', status: 403, when: 'before' }, 'reads', 2);
    expect((await post()).status).toBe(200);
    expect((await fetch(proxy.url)).status).toBe(403);
    callOff();
    expect((await fetch(proxy.url)).status).toBe(200);
  });

  it('refuses connections, and breaks open ones, until the outage ends', async () => {
    await post();
    const end = proxy.beginOutage('refused');
    await expect(post()).rejects.toThrow();
    end();
    expect((await post()).status).toBe(200);
  });

  it('is silent until the outage ends; another outage that began meanwhile continues', async () => {
    const [end, endOther] = [proxy.beginOutage('silent'), proxy.beginOutage('silent')];
    const first = post().catch(() => 'broken');
    expect(await isAnswered(first)).toBe(false);
    end();
    expect(await first).toBe('broken');
    const second = post().catch(() => 'broken');
    expect(await isAnswered(second)).toBe(false);
    endOther();
    expect(await second).toBe('broken');
    expect(applied).toEqual([]);
  });

  describe('of a watch', () => {
    const watch = async () => {
      const { body } = await fetch(`${proxy.url}/things?watch=true`);
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader();
      return { next: async () => (await reader?.read())?.value };
    };

    it('forwards events, and drops them for a silent watch', async () => {
      const { next } = await watch();
      sendEvent('1');
      expect(await next()).toBe('1\n');
      proxy.setWatchEffect('silent');
      proxy.setWatchEffect(undefined);
      sendEvent('2');
      expect(await isAnswered(next())).toBe(false);
    });

    it('breaks a watch', async () => {
      const { next } = await watch();
      proxy.setWatchEffect('dropped');
      await expect(next()).rejects.toThrow();
    });

    it('lets one event overtake another', async () => {
      const { next } = await watch();
      proxy.setWatchEffect('reordered');
      sendEvent('1');
      sendEvent('2');
      let events = '';
      while (events.length < 4) events += await next();
      expect(events).toBe('2\n1\n');
    });

    it('forwards events late, in their order', async () => {
      const { next } = await watch();
      proxy.setWatchEffect('late');
      sendEvent('1');
      const first = next();
      expect(await isAnswered(first)).toBe(false);
      expect(await first).toBe('1\n');
    });
  });
});
