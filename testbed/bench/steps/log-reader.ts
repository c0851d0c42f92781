import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { PodTape, SeenEnd, TapedPod } from './pod-tape.ts';
import { readWritten, type Written } from './stamps.ts';

/** Whose logs are read: containers of one Pod that ended with that image. */
export interface Reading {
  readonly tape: PodTape;
  readonly isIts: (taped: TapedPod) => boolean;
  readonly image: string;
  readonly containers: number;
}

const PATIENCE_MS = 180_000;

/**
 * Reads the log of each container as soon as the watch shows its end, since the Pod may go at any moment, and gives first and last
 * line in the order of the containers. Rejects when one can't be read.
 */
export async function writtenBy(
  by: { readonly admin: Cluster; readonly namespace: string },
  { tape, isIts, image, containers }: Reading,
): Promise<readonly Written[]> {
  const reads = new Map<string, Promise<Written>>();
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const limit = setTimeout(
    () => reject(new Error(`the ends of ${containers} containers were not seen`)),
    PATIENCE_MS,
  );
  const unlisten = tape.listen((taped, ended) => {
    if (!ended || !isIts(taped) || ended.image !== image || reads.has(ended.container)) return;
    const read = readOne(by, taped, ended);
    read.catch(reject);
    reads.set(ended.container, read);
    if (reads.size === containers) resolve(undefined);
  });
  try {
    await promise;
    const names = [...reads.keys()].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
    return await Promise.all(names.map((name) => reads.get(name) ?? Promise.reject(new Error(name))));
  } finally {
    clearTimeout(limit);
    unlisten();
  }
}

async function readOne(
  by: { readonly admin: Cluster; readonly namespace: string },
  { pod }: TapedPod,
  { container }: SeenEnd,
): Promise<Written> {
  const request = { namespace: by.namespace, pod: pod.metadata?.name ?? '', container, follow: false };
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of await by.admin.log(request, AbortSignal.timeout(30_000)))
    text += decoder.decode(chunk, { stream: true });
  const written = readWritten(text);
  if (written === undefined) throw new Error(`the log of ${container} is empty: ${text.slice(0, 200)}`);
  return written;
}
