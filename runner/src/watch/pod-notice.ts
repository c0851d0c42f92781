import { parseSpanMs } from '@hangar/shared/span';
import type { CoreV1Event } from '@kubernetes/client-node';

/** What an Event tells about a Pod, in words for the author of its pipeline. */
export interface PodNotice {
  /** The same thing told again has the same. */
  readonly key: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The container that it concerns; empty: the whole Pod. */
  readonly container: string;
  /** Something goes on that may take a while. */
  readonly lasts: boolean;
}

type Told = Pick<PodNotice, 'key' | 'text' | 'lasts'>;

/** A message may hold a whole program's output. */
const LONGEST_TEXT = 300;
const MIB = 2 ** 20;

/** Reasons (Events of kubelet, Cluster Autoscaler and Karpenter) that say why a Pod waits, and how that is told. */
const WAITS: ReadonlyMap<string, string> = new Map([
  ['FailedMount', 'waiting for a volume'],
  ['FailedAttachVolume', 'waiting for a volume'],
  ['FailedCreatePodSandBox', 'waiting for the node to make the Pod'],
  ['TriggeredScaleUp', 'waiting for a node'],
  ['Nominated', 'waiting for a node'],
]);

/** The notice in an Event of a Pod; undefined for what says nothing that the author need know, or that the Pod's status tells too. Pure. */
export function noticeOf(event: CoreV1Event): PodNotice | undefined {
  const reported = toldBy(event.reason ?? '', event.message ?? '');
  if (!reported) return undefined;
  const [, container = ''] = /\{(.+)\}$/.exec(event.involvedObject.fieldPath ?? '') ?? [];
  return { ...reported, container, atMs: timeOf(event) };
}

function toldBy(reason: string, message: string): Told | undefined {
  if (reason === 'Pulling') return pulling(message);
  if (reason === 'Pulled') return pulled(message);
  const waits = WAITS.get(reason);
  if (waits === undefined) return undefined;
  const text = `${waits}: ${message.replace(/\s+/g, ' ').trim()}`.slice(0, LONGEST_TEXT);
  return { key: text, text, lasts: true };
}

/** `Pulling image "NAME"`. */
function pulling(message: string): Told | undefined {
  const [, image] = /^Pulling image "([^"]+)"/.exec(message) ?? [];
  if (image === undefined) return undefined;
  return { key: `pulling ${image}`, text: `pulling image ${image}`, lasts: true };
}

/** `Successfully pulled image "NAME" in 3.245s (3.245s including waiting). Image size: 88000000 bytes.` An image that was there already is not worth a word. */
function pulled(message: string): Told | undefined {
  const [, image, took = ''] = /^Successfully pulled image "([^"]+)" in (\S+)/.exec(message) ?? [];
  if (image === undefined) return undefined;
  const [, bytes] = /Image size: (\d+) bytes/.exec(message) ?? [];
  const size = bytes === undefined ? '' : ` (${Math.max(1, Math.round(Number(bytes) / MIB))} MiB)`;
  return { key: `pulled ${image}`, text: `pulled image ${image} in ${spanOf(took)}${size}`, lasts: false };
}

/** A span as Go prints it, such as `845ms` or `1m2.5s`; what is none is told as it stands. */
function spanOf(took: string): string {
  const spanMs = parseSpanMs(took);
  if (spanMs === undefined) return took;
  const seconds = spanMs / 1000;
  return `${seconds < 100 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** Events of the old API stamp seconds, those of the new one `eventTime`. */
function timeOf({ firstTimestamp, eventTime, metadata }: CoreV1Event): number {
  const at = firstTimestamp ?? eventTime ?? metadata.creationTimestamp;
  const ms = at ? new Date(at).getTime() : 0;
  return Number.isNaN(ms) ? 0 : ms;
}
