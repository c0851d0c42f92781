import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { cluster } from '../real/plan/layout.ts';
import { until } from '../until.ts';

/** A port of the Pods' bridge that leads to a port on loopback: what Pods of a test can reach of this machine. */
export interface Forwarder {
  /** On the bridge's own address. */
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Opens one. @throws when the bridge is not there within half a minute: some Pod must have run */
export async function forward(toPort: number): Promise<Forwarder> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    open.add(near);
    near.on('close', () => open.delete(near));
    // Either end takes the other with it, whatever ended it.
    const far = connect(toPort, '127.0.0.1');
    pipeline(near, far, near, () => undefined);
  });
  // The bridge is created with the first Pod.
  await until("the Pods' bridge", 30_000, async () => {
    await once(server.listen(0, cluster.gateway), 'listening');
    return true;
  });
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
