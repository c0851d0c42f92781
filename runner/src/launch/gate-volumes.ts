import { BoundedMap } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import { GATE_VOLUME, INIT_CONTAINER } from '../pipeline/compiled.ts';

/** After this time image volumes are tried again: what failed may have been the registry, or a node that is gone. */
const OFF_MS = 3_600_000;
const MOST_KINDS = 1_000;

/** The dependencies of {@link GateVolumes}. */
export interface GateVolumesParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** `HANGAR_GATE_VOLUME`. */
  readonly setting: 'auto' | 'image' | 'init';
  /** Whether the Events of that namespace's Pods are watched: a node that doesn't support image volumes may report it nowhere else. */
  readonly hasEvents: (namespace: string) => boolean;
}

/**
 * Decides for each new Pod whether the gate's image is a volume in place of an init container, and remembers on which kinds of nodes that
 * has failed. A kind is what the Pod requires of its node, since the nodes themselves need not be readable.
 */
export class GateVolumes {
  readonly #parts: GateVolumesParts;
  readonly #offUntilMs = new BoundedMap<string, number>(MOST_KINDS);

  constructor(parts: GateVolumesParts) {
    this.#parts = parts;
  }

  /** The same with other parts, and nothing remembered. */
  with(parts: Partial<GateVolumesParts>): GateVolumes {
    return new GateVolumes({ ...this.#parts, ...parts });
  }

  /** Whether a Pod that can't start with the volume is made again with an init container. */
  get isAutomatic(): boolean {
    return this.#parts.setting === 'auto';
  }

  /** The Pod with the gate's image as a volume; undefined if it is to keep its init container. */
  byVolume(pod: V1Pod): V1Pod | undefined {
    if (!this.isAutomatic || !this.#parts.hasEvents(pod.metadata?.namespace ?? '')) return undefined;
    const untilMs = this.#offUntilMs.get(kindOf(pod)) ?? 0;
    return this.#parts.clock.monotonicMs() < untilMs ? undefined : withVolume(pod);
  }

  /** Pods with the same requirements of their node get an init container for a while. */
  failed(pod: V1Pod, reason: string): void {
    const { clock, log } = this.#parts;
    const kind = kindOf(pod);
    const isKnown = (this.#offUntilMs.get(kind) ?? 0) > clock.monotonicMs();
    this.#offUntilMs.set(kind, clock.monotonicMs() + OFF_MS);
    if (isKnown) return;
    const { nodeSelector = {} } = pod.spec ?? {};
    log.warn(
      { nodeSelector, reason },
      'the image of the gate cannot be mounted as a volume: for an hour, Pods with this node selector get an init container (HANGAR_GATE_VOLUME)',
    );
  }
}

/** What a Pod, as compiled, requires of its node, as text: admission plugins may add to it. */
function kindOf({ spec }: V1Pod): string {
  const { nodeSelector = {}, affinity } = spec ?? {};
  return JSON.stringify([Object.entries(nodeSelector).sort(), affinity?.nodeAffinity]);
}

/** Replaces the init container that copies the gate by a volume of its image. Pure. */
function withVolume(pod: V1Pod): V1Pod | undefined {
  const { spec } = pod;
  const init = spec?.initContainers?.find(({ name }) => name === INIT_CONTAINER);
  if (!spec || !init?.image) return undefined;
  const { initContainers = [], ...rest } = spec;
  const others = initContainers.filter((one) => one !== init);
  const image = { reference: init.image, pullPolicy: 'IfNotPresent' };
  const volumes = spec.volumes?.map((one) => (one.name === GATE_VOLUME ? { name: GATE_VOLUME, image } : one));
  return {
    ...pod,
    spec: {
      ...rest,
      ...(others.length > 0 ? { initContainers: others } : {}),
      ...(volumes ? { volumes } : {}),
    },
  };
}
