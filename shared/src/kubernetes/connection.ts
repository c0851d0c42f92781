import type { Agent as HttpsAgent, RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';

/** Address of the API server, and the credentials for it. */
export interface Connection {
  /** Without a trailing slash. */
  readonly server: string;
  /** The namespace of the context, or of this process's Pod. */
  readonly namespace: string;
  readonly dispatcher: Dispatcher;
  /** For watches and logs that are followed. With a thousand of them in one pool, each call would go through all their connections. */
  readonly streams?: Dispatcher;
  /** Authorization and other headers; requested before each call, since tokens are renewed. */
  headers(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

type Credentials = RequestOptions & { agent?: HttpsAgent };

/**
 * Connects with a kubeconfig file, or with the Pod's service account.
 *
 * @param kubeconfig path of a file, `'default'` for kubectl's default, undefined for in-cluster credentials
 * @throws if the file can't be read or has no current context
 */
export async function connectKubernetes(kubeconfig: string | undefined): Promise<Connection> {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else if (kubeconfig === 'default') loadDefault(config);
  else config.loadFromFile(kubeconfig);
  return connectionOf(config);
}

/** The name of the context that the library makes up where it found no kubeconfig; its server is an arbitrary local address. */
const NOTHING_FOUND = 'loaded-context';

function loadDefault(config: KubeConfig): void {
  config.loadFromDefault();
  if (config.getCurrentContext() === NOTHING_FOUND)
    throw new Error('no kubeconfig was found: KUBECONFIG is not set, and ~/.kube/config does not exist');
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
  const options: Agent.Options = {
    // An aborted HTTP/2 stream can send Node 24.21 into an endless native loop (measured): HTTP/1.1 only.
    allowH2: false,
    connect: {
      // Without one for all, each connection would parse the certificates, and keep them.
      secureContext: createSecureContext(pick(first, 'ca', 'cert', 'key', 'passphrase')),
      ...pick(first, 'servername'),
      rejectUnauthorized: !(cluster.skipTLSVerify || first.rejectUnauthorized === false),
    },
    bodyTimeout: 0,
    headersTimeout: 0,
    keepAliveTimeout: 30_000,
  };
  const [dispatcher, streams] = [new Agent(options), new Agent(options)];
  return {
    server: cluster.server.replace(/\/+$/, ''),
    namespace: context?.namespace ?? 'default',
    dispatcher,
    streams,
    headers: async () => headersOf(await credentials(config)),
    close: async () => void (await Promise.all([dispatcher.destroy(), streams.destroy()])),
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
