import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { holdHalfOpenSockets } from '../testing/half-open-sockets.ts';
import { limitConnections } from './connection-limit.ts';

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function aServer(most: number, answered = (): void => undefined): Promise<string> {
  const server = createServer((_request, reply) => {
    answered();
    reply.end('ok');
  });
  limitConnections(server, most);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ends.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function held(url: string, count: number, from?: string) {
  const sockets = await holdHalfOpenSockets(url, count, from);
  ends.push(() => sockets.close());
  return sockets;
}

/** An answer on a connection that stays open. */
async function keptAlive(url: string, from: string) {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), localAddress: from });
  ends.push(() => socket.destroy());
  const ask = (): Promise<string> =>
    new Promise((resolve, reject) => {
      socket.once('data', (data) => resolve(String(data).slice(0, 15))).once('error', reject);
      socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    });
  await ask();
  return { ask, socket };
}

const answers = async (url: string): Promise<string> =>
  (await fetch(url, { headers: { connection: 'close' } })).text();

describe('a server with a limit of connections', () => {
  it('answers new clients while somebody holds all connections, and closes the oldest of those', async () => {
    const url = await aServer(20);
    const sockets = await held(url, 20);
    for (let probe = 0; probe < 14; probe += 1) expect(await answers(url)).toBe('ok');
    expect(sockets.open).toBeLessThanOrEqual(19);
  });

  it('takes them from the address that has most, so that one client costs no other its connection', async () => {
    const url = await aServer(20);
    const other = await keptAlive(url, '127.0.0.2');
    await held(url, 60, '127.0.0.3');
    expect(await other.ask()).toBe('HTTP/1.1 200 OK');
    expect(other.socket.destroyed).toBe(false);
  });

  it('near miss: closes none up to the limit', async () => {
    const url = await aServer(21);
    const sockets = await held(url, 20);
    expect(await answers(url)).toBe('ok');
    expect(sockets.open).toBe(20);
  });

  it('closes a connection on which more requests are sent at once than it may have, and answers the next one', async () => {
    let count = 0;
    const url = await aServer(20, () => (count += 1));
    const socket = connect(Number(new URL(url).port), '127.0.0.1').resume();
    const closed = new Promise<void>((resolve) => socket.on('error', () => undefined).once('close', resolve));
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500));
    await closed;

    expect(count).toBe(4);
    expect(await answers(url)).toBe('ok');
  });

  it('near miss: asks a client to close its connection with the fourth answer', async () => {
    const { ask, socket } = await keptAlive(await aServer(20), '127.0.0.2');
    await ask();
    await ask();
    const fourth = new Promise<string>((resolve) => socket.once('data', (data) => resolve(String(data))));

    expect(await ask()).toBe('HTTP/1.1 200 OK');
    expect(await fourth).toContain('Connection: close');
  });
});
