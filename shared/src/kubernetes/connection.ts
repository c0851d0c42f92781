import type { Agent as HttpsAgent, RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

/** Where the API server is, and how we show who we are. */
export interface Connection {
  /** Without a trailing slash. */
  readonly server: string;
  /** The namespace of the context, or of our own Pod. */
  readonly namespace: string;
  readonly dispatcher: Dispatcher;
  /** Authorization and the like; asked before each request, since tokens are renewed. */
  headers(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

type Credentials = RequestOptions & { agent?: HttpsAgent };

/**
 * Connects by a kubeconfig file, or as the Pod that we are.
 *
 * @param kubeconfig path of a file, `'default'` for what kubectl would take, undefined for in-cluster credentials
 * @throws when the file can't be read or holds no current context
 */
export async function connectKubernetes(kubeconfig: string | undefined): Promise<Connection> {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else if (kubeconfig === 'default') config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  return connectionOf(config);
}

/** The same from the text of a kubeconfig. */
export async function connectByText(kubeconfig: string): Promise<Connection> {
  const config = new KubeConfig();
  config.loadFromString(kubeconfig);
  return connectionOf(config);
}

async function connectionOf(config: KubeConfig): Promise<Connection> {
  const cluster = config.getCurrentCluster();
  if (!cluster)
    throw new Error('the kubeconfig has no current context: set one with "kubectl config use-context"');
  const first = await credentials(config);
  const context = config.getContextObject(config.getCurrentContext());
  const dispatcher = new Agent({
    // An aborted HTTP/2 stream can send Node 24.21 into an endless native loop (measured): HTTP/1.1 only.
    allowH2: false,
    connect: {
      ...pick(first, 'ca', 'cert', 'key', 'passphrase', 'servername'),
      rejectUnauthorized: !(cluster.skipTLSVerify || first.rejectUnauthorized === false),
    },
    bodyTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 30_000,
  });
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context?.namespace ?? 'default',
    dispatcher,
    headers: async () => headersOf(await credentials(config)),
    close: () => dispatcher.destroy(),
  };
}

async function credentials(config: KubeConfig): Promise<Credentials> {
  const options: Credentials = {};
  await config.applyToHTTPSOptions(options);
  options.agent?.destroy();
  return options;
}

function headersOf(options: Credentials): Record<string, string> {
  const entries = Object.entries(options.headers ?? {});
  const headers = Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
  if (options.auth) headers['Authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  return headers;
}

function pick(options: Credentials, ...keys: readonly (keyof Credentials)[]): Record<string, unknown> {
  return Object.fromEntries(keys.flatMap((key) => (options[key] === undefined ? [] : [[key, options[key]]])));
}
