import { parseSpanMs } from '@hangar/shared/span';
import type { CoreV1Event } from '@kubernetes/client-node';

/** The content of an Event of a Pod, as a message for the pipeline's author. */
export interface PodNotice {
  /** Identifies the notice: a repeated one has the same key. */
  readonly key: string;
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  /** The container that it concerns; empty: the whole Pod. */
  readonly container: string;
  /** An operation is in progress that may take a while. */
  readonly lasts: boolean;
}

type Told = Pick<PodNotice, 'key' | 'text' | 'lasts'>;

/** A message may contain the whole output of a program. */
const LONGEST_TEXT = 300;
const MIB = 2 ** 20;

/** Event reasons (of kubelet, Cluster Autoscaler and Karpenter) that explain why a Pod waits, and their texts. */
const WAITS: ReadonlyMap<string, string> = new Map([
  ['FailedMount', 'waiting for a volume'],
  ['FailedAttachVolume', 'waiting for a volume'],
  ['FailedCreatePodSandBox', 'waiting for the node to create the Pod'],
  ['TriggeredScaleUp', 'waiting for a node'],
  ['Nominated', 'waiting for a node'],
]);

/** Converts an Event of a Pod to a notice; undefined if it is irrelevant to the author, or the Pod's status contains it too. Pure. */
export function noticeOf(event: CoreV1Event): PodNotice | undefined {
  const reported = toldBy(event.reason ?? '', event.message ?? '');
  if (!reported) return undefined;
  const [, container = ''] = /\{([^{}]+)\}$/.exec(event.involvedObject.fieldPath ?? '') ?? [];
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

/**
 * `Successfully pulled image "NAME" in 3.245s (3.245s including waiting). Image size: 88000000 bytes.` An image that was present already
 * needs no notice.
 */
function pulled(message: string): Told | undefined {
  const [, image, took = ''] = /^Successfully pulled image "([^"]+)" in (\S+)/.exec(message) ?? [];
  if (image === undefined) return undefined;
  const [, bytes] = /Image size: (\d+) bytes/.exec(message) ?? [];
  const size = bytes === undefined ? '' : ` (${Math.max(1, Math.round(Number(bytes) / MIB))} MiB)`;
  return { key: `pulled ${image}`, text: `pulled image ${image} in ${spanOf(took)}${size}`, lasts: false };
}

/** A duration as Go prints it, such as `845ms` or `1m2.5s`; other text is kept unchanged. */
function spanOf(took: string): string {
  const spanMs = parseSpanMs(took);
  if (spanMs === undefined) return took;
  const seconds = spanMs / 1000;
  return `${seconds < 100 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}

/** Events of the old API have timestamps in seconds, those of the new one `eventTime`. */
function timeOf({ firstTimestamp, eventTime, metadata }: CoreV1Event): number {
  const at = firstTimestamp ?? eventTime ?? metadata.creationTimestamp;
  const ms = at ? new Date(at).getTime() : 0;
  return Number.isNaN(ms) ? 0 : ms;
}
