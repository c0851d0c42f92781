import { connect, type Socket } from 'node:net';

/** Connections that somebody opens and never finishes a request on. */
export interface HalfOpenSockets {
  /** How many the server has not closed. */
  readonly open: number;
  close(): void;
}

/** Opens that many connections to a server at loopback and sends the first half of a request on each. */
export async function holdHalfOpenSockets(
  url: string,
  count: number,
  from = '127.0.0.1',
): Promise<HalfOpenSockets> {
  const { port } = new URL(url);
  const sockets = await Promise.all(Array.from({ length: count }, () => halfOpen(Number(port), from)));
  return {
    get open() {
      return sockets.filter(({ destroyed }) => !destroyed).length;
    },
    close: () => {
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** How a server of ours answers probes while one client holds more half-open connections than it keeps. */
export async function probesBesideHalfOpen(
  url: string,
): Promise<{ readonly statuses: readonly number[]; readonly open: number }> {
  const sockets = await holdHalfOpenSockets(url, 600);
  const statuses: number[] = [];
  for (let probe = 0; probe < 14; probe += 1) {
    const { status } = await fetch(`${url}/livez`, { headers: { connection: 'close' } });
    statuses.push(status);
  }
  const { open } = sockets;
  sockets.close();
  return { statuses, open };
}

function halfOpen(port: number, localAddress: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress }, () => {
      socket.write('GET /livez HTTP/1.1\r\nHost: ');
      resolve(socket);
    });
    // Closed by the server, which is what the tests are about.
    socket.on('error', reject).on('close', () => resolve(socket));
    socket.resume();
  });
}
