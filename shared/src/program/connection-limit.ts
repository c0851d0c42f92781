import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** Expected clients are a few people, Prometheus and probes; the limit protects memory from misbehaving clients. */
const MOST_CONNECTIONS = 500;
/**
 * Requests of one connection; the last answer asks the client to close it. Whoever sends many at once and reads nothing would hold all the
 * answers in memory.
 */
const MOST_REQUESTS = 4;

/** The open connections of one server, oldest first, by the address of the client. */
class OpenConnections {
  readonly #byAddress = new Map<string, Set<Socket>>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const own = this.#byAddress.get(address) ?? new Set<Socket>();
    this.#byAddress.set(address, own.add(socket));
    this.#count += 1;
    socket.once('close', () => this.#remove(address, socket));
  }

  /** Closes the oldest connection of the address that has most of them. */
  closeOne(): void {
    const [most] = [...this.#byAddress].sort(([, one], [, other]) => other.size - one.size);
    const [oldest] = most?.[1] ?? [];
    if (most === undefined || oldest === undefined) return;
    this.#remove(most[0], oldest);
    oldest.destroy();
  }

  #remove(address: string, socket: Socket): void {
    const own = this.#byAddress.get(address);
    if (own?.delete(socket) !== true) return;
    this.#count -= 1;
    if (own.size === 0) this.#byAddress.delete(address);
  }
}

/**
 * Limits the open connections of a server without ever refusing a new one: a client that holds many sockets and sends nothing loses
 * its own oldest ones, so that probes, Prometheus and people are still answered. A connection has few answers, so that one that is never read
 * holds little memory.
 */
export function limitConnections(server: Server, most = MOST_CONNECTIONS): void {
  const open = new OpenConnections();
  server.maxRequestsPerSocket = MOST_REQUESTS;
  // Not at once: the server still writes a refusal of each request that it has read, which would be an error.
  server.on('dropRequest', (_request, socket) => setImmediate(() => socket.destroy()));
  server.on('connection', (socket) => {
    open.add(socket);
    if (open.count > most) open.closeOne();
  });
}
