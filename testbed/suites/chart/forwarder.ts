import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { cluster } from '../../parts/real/plan/layout.ts';

/** A port of the Pods' bridge that leads to a port on loopback: what Pods of a test can reach of this machine. */
export interface Forwarder {
  /** On the bridge's own address. */
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

const PATIENCE_MS = 30_000;

async function listening(server: Server): Promise<void> {
  // The bridge comes with the first Pod.
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    server.listen(0, cluster.gateway);
    try {
      await once(server, 'listening');
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
    }
    await pause(200);
  }
}

/** Opens one. @throws when the bridge is not there within half a minute: some Pod must have run */
export async function forward(toPort: number): Promise<Forwarder> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(toPort, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await listening(server);
  const { port } = server.address() as AddressInfo;
  return {
    host: cluster.gateway,
    port,
    close: async () => {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
