import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freeAfter, startSlowRegistry } from './slow-registry.ts';

describe('freeAfter', () => {
  it('takes a second for a second’s worth of bytes, on a line that is free', () => {
    expect(freeAfter(0, 5_000, 1_000, 1_000)).toBe(6_000);
  });

  it('queues behind what is being sent', () => {
    expect(freeAfter(6_000, 5_000, 500, 1_000)).toBe(6_500);
  });
});

describe('a slowed registry', () => {
  const content = Buffer.alloc(50_000, 'layer');
  const upstream = createServer((request, response) => {
    if (request.url === '/broken') response.destroy();
    else
      response
        .writeHead(200, { 'content-type': 'application/layer', 'x-method': request.method })
        .end(content);
  });
  let address = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    address = `127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  });
  afterAll(() => void upstream.close());

  const slowness = { bytesPerSecond: 10_000_000, latencyMs: 1 };

  it('passes on every byte and header, and records the requests', async () => {
    const slow = await startSlowRegistry({ upstream: address, ...slowness });
    try {
      const response = await fetch(`http://${slow.address}/v2/a/blobs/x`);

      expect(Buffer.from(await response.arrayBuffer())).toEqual(content);
      expect(response.headers.get('content-type')).toBe('application/layer');
      expect(slow.asked).toEqual(['/v2/a/blobs/x']);
    } finally {
      await slow.close();
    }
  });

  it('refuses what it is configured to refuse, and nothing else', async () => {
    const refuse = (path: string) => (path.includes('/manifests/') ? 429 : undefined);
    const slow = await startSlowRegistry({ upstream: address, ...slowness, refuse });
    try {
      expect((await fetch(`http://${slow.address}/v2/a/manifests/1`)).status).toBe(429);
      expect((await fetch(`http://${slow.address}/v2/a/blobs/x`)).status).toBe(200);
    } finally {
      await slow.close();
    }
  });

  it('breaks the connection when the registry does, and can be closed while it sends', async () => {
    const slow = await startSlowRegistry({ upstream: address, bytesPerSecond: 1_000, latencyMs: 1 });

    await expect(fetch(`http://${slow.address}/broken`)).rejects.toThrow();
    const sending = await fetch(`http://${slow.address}/v2/a/blobs/x`);
    await slow.close();

    await expect(sending.arrayBuffer()).rejects.toThrow();
  });
});
