import { createSecureContext } from 'node:tls';
import type { buildConnector, Dispatcher } from 'undici';
import { EnvHttpProxyAgent } from 'undici';

/** Where the way out leads, as the operator set it (`http_proxy`, `https_proxy`, `no_proxy`). Empty = none. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  readonly no: string;
}

/** No proxy at all. */
export const DIRECT: Proxies = { http: '', https: '', no: '' };

/**
 * A pool of connections for one purpose. HTTP/2 is off: aborting an HTTP/2 stream sent Node into an endless native loop
 * (measured). Time-outs of undici are off too, since every caller sets its own by the clock. As in Go, `http_proxy` says
 * nothing about https addresses (undici would use it for both).
 *
 * @param options `url`: where the requests will go, for its scheme; `skipVerify`: accept any TLS certificate of the other side
 */
export function createAgent(options: {
  readonly url: string;
  readonly proxies?: Proxies;
  readonly skipVerify?: boolean;
  /** Makes connections that go through no proxy. */
  readonly connect?: buildConnector.connector;
}): Dispatcher {
  const proxies = options.proxies ?? DIRECT;
  const proxy = options.url.toLowerCase().startsWith('https:') ? proxies.https : proxies.http;
  const secureContext = createSecureContext();
  const tls = { allowH2: false, secureContext, rejectUnauthorized: options.skipVerify !== true };
  return new EnvHttpProxyAgent({
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: options.connect ?? tls,
    requestTls: tls,
    proxyTls: { allowH2: false },
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: proxies.no,
  });
}
