import type { JsonRecord } from '@hangar/shared/json';
import type { Pod } from '../api/pod.ts';
import type { EmbeddedCluster, PodName } from '../cluster.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonRecord;
}

export type TestClient = ReturnType<typeof clientOf>;

/** One request with the token of the cluster. */
export const ask = (
  { url, token }: EmbeddedCluster,
  path: string,
  init: { method?: string; body?: string; headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Response> =>
  fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } });

/** A plain HTTP client of an embedded cluster, for its own tests. */
export function clientOf(cluster: EmbeddedCluster) {
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
  ): Promise<ApiAnswer> => {
    const headers = body === undefined ? {} : { 'content-type': type };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const response = await ask(cluster, path, { method, ...sent, headers });
    return { status: response.status, body: (await response.json()) as JsonRecord };
  };
  return {
    get: (path: string) => send('GET', path),
    text: async (path: string) => (await ask(cluster, path)).text(),
    post: (path: string, body: unknown) => send('POST', path, body),
    put: (path: string, body: unknown) => send('PUT', path, body),
    patch: (path: string, body: unknown, type: 'merge' | 'strategic-merge' | 'json' = 'merge') =>
      send('PATCH', path, body, `application/${type}-patch+json`),
    delete: (path: string, body?: unknown) => send('DELETE', path, body),
  };
}

export const PODS_PATH = '/api/v1/namespaces/default/pods';

/** Resolves with a Pod as soon as it is as wanted; looks at every change, never sleeps. */
export function podWhen(
  cluster: EmbeddedCluster,
  name: string | PodName,
  wanted: (pod: Pod) => boolean,
): Promise<Pod> {
  const which = typeof name === 'string' ? { name } : name;
  return when(cluster, () => {
    const pod = cluster.pod(which);
    return pod !== undefined && wanted(pod) ? pod : undefined;
  });
}

/** Resolves with the result of `look`, called again at every change of any object. */
export function when<Found>(cluster: EmbeddedCluster, look: () => Found | undefined): Promise<Found> {
  return new Promise((resolve) => {
    const check = (): void => {
      const found = look();
      if (found === undefined) return;
      unsubscribe();
      resolve(found);
    };
    const unsubscribe = cluster.api.store.subscribe(check);
    check();
  });
}

/** A Pod of shell commands, one a container, that is not restarted. */
export function shellPod(name: string, ...scripts: string[]): { metadata: JsonRecord; spec: JsonRecord } {
  return {
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      containers: scripts.map((script, index) => ({
        name: `step-${index + 1}`,
        image: 'alpine:3',
        command: ['/bin/sh', '-c', script],
      })),
    },
  };
}

export interface RawWatchEvent {
  readonly type: string;
  readonly object: JsonRecord & { readonly metadata: JsonRecord };
}

/** An open watch whose events are taken one after another. */
export class WatchReader {
  private readonly events: AsyncIterator<RawWatchEvent, undefined>;
  private readonly controller: AbortController;

  constructor(events: AsyncIterator<RawWatchEvent, undefined>, controller: AbortController) {
    this.events = events;
    this.controller = controller;
  }

  /** The next event; undefined when the watch has ended. */
  async next(): Promise<RawWatchEvent | undefined> {
    return (await this.events.next()).value;
  }

  close(): void {
    this.controller.abort();
  }
}

export async function openWatch(cluster: EmbeddedCluster, path: string): Promise<WatchReader> {
  const controller = new AbortController();
  const response = await ask(cluster, path, { signal: controller.signal });
  return new WatchReader(eventsOf(response), controller);
}

async function* eventsOf(response: Response): AsyncGenerator<RawWatchEvent, undefined> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as RawWatchEvent;
  }
  return undefined;
}
