import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { httpMetricsSource, tokenIn } from './metrics-http.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** A target that returns the authorization header that it received. */
async function aTarget(token?: Parameters<typeof httpMetricsSource>[0]) {
  const server = createServer((request, reply) => reply.end(request.headers.authorization ?? 'none'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const source = httpMetricsSource(token);
  ends.push(() => new Promise((resolve) => server.close(resolve)));
  ends.push(() => source.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
  return async () => (await source.get(url, AbortSignal.timeout(10_000))).body;
}

describe('targets over HTTP', () => {
  it('that never end are cut off near 4 MiB, and their connection is closed', async () => {
    let sentBytes = 0;
    const closed = Promise.withResolvers<void>();
    const server = createServer((_request, reply) => {
      const send = (): void => {
        while (!reply.destroyed && sentBytes < 2 ** 28) {
          sentBytes += 2 ** 16;
          if (!reply.write(Buffer.alloc(2 ** 16, 'a'))) return;
        }
      };
      reply.on('drain', send).on('close', closed.resolve);
      send();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const source = httpMetricsSource();
    ends.push(() => new Promise((resolve) => server.close(resolve)));
    ends.push(() => source.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;

    await expect(source.get(url, AbortSignal.timeout(30_000))).rejects.toThrow(
      'the response is larger than 4 MiB: the rest is not read',
    );
    await closed.promise;
    // What is on its way in the buffers of two sockets comes on top.
    expect(sentBytes).toBeLessThan(32 * 2 ** 20);
  });

  it('receive no token unless one is configured', async () => {
    expect(await (await aTarget())()).toBe('none');
    expect(await (await aTarget(() => tokenIn('')))()).toBe('none');
    expect(await (await aTarget(() => 'secret'))()).toBe('Bearer secret');
  });

  it('receive the current token of the file, and no request when the file is missing', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hangar-token-'));
    ends.push(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'token');
    const ask = await aTarget(() => tokenIn(file));
    await expect(ask()).rejects.toThrow('ENOENT');
    writeFileSync(file, 'first\n');
    expect(await ask()).toBe('Bearer first');
    writeFileSync(file, 'second');
    expect(await ask()).toBe('Bearer second');
  });
});
