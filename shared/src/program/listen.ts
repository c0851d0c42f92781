import type { Logger } from '../logger.ts';

/** A listen address. */
export interface ListenAddress {
  /** Empty: all addresses. */
  readonly host: string;
  readonly port: number;
}

/** A server that can listen: a Fastify application. */
interface Listener {
  listen(at: ListenAddress): Promise<string>;
}

/**
 * Starts listening and returns the address; logs the error and returns undefined if that fails.
 *
 * @param setting the name of the setting with the address
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

/** The error of a machine without IPv6. */
const isNoIpv6 = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EAFNOSUPPORT' || error.code === 'EADDRNOTAVAIL');
