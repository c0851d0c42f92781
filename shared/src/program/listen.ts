import type { Logger } from '../logger.ts';

/** Where to listen. */
export interface ListenAddress {
  /** Empty: all addresses. */
  readonly host: string;
  readonly port: number;
}

/** What can listen: a Fastify application. */
interface Listener {
  listen(at: ListenAddress): Promise<string>;
}

/**
 * Listens, and gives the address; undefined when that can't be done, which is logged.
 *
 * @param setting the name of the setting that chose the address
 */
export async function listen(
  app: Listener,
  at: ListenAddress,
  { log, setting }: { readonly log: Logger; readonly setting: string },
): Promise<string | undefined> {
  try {
    return await app.listen({ ...at, host: at.host || '::' }).catch((error: unknown) => {
      if (at.host !== '' || !isNoIpv6(error)) throw error;
      return app.listen({ ...at, host: '0.0.0.0' });
    });
  } catch (error) {
    log.error({ err: error, ...at }, `cannot listen: is ${setting} taken?`);
    return undefined;
  }
}

/** A machine without IPv6. */
const isNoIpv6 = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
