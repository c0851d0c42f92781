import type { Clock } from '@hangar/shared/clock';
import type { ContainerSlot } from './container-slot.ts';
import { imageNameError } from './image-name.ts';
import { type FakeImages, fakeImageOf, pullErrorOf } from './images.ts';
import type { KubeletTiming } from './timing.ts';

/** Records an event about a container. */
export type RecordEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** Why an image is not there, and how long to wait before the next try. */
export interface PullFailure {
  readonly reason: string;
  readonly message: string;
  readonly waitMs: number;
}

const IMAGE_BYTES = 1_000_000;
/** The wait shown between tries grows to ten times the first. */
const MOST_DOUBLINGS = 10;

/** The simulated images of a node; pulls take the configured time. */
export class ImageStore {
  private readonly clock: Clock;
  private readonly images: FakeImages;
  private readonly timing: KubeletTiming;
  private readonly present = new Set<string>();

  constructor(clock: Clock, images: FakeImages, timing: KubeletTiming) {
    this.clock = clock;
    this.images = images;
    this.timing = timing;
  }

  /** Makes an image present according to the pull policy, with the kubelet's events; undefined when it is there. */
  async pull(slot: ContainerSlot, record: RecordEvent): Promise<PullFailure | undefined> {
    const { image, imagePullPolicy } = slot.container;
    const unreadable = imageNameError(image);
    if (unreadable !== undefined) return this.refuse('InvalidImageName', unreadable, record);
    const error = pullErrorOf(image, this.images);
    if (this.present.has(image) && imagePullPolicy !== 'Always' && error === undefined) {
      record('Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return undefined;
    }
    if (imagePullPolicy === 'Never' && error !== undefined) {
      const message = `Container image "${image}" is not present with pull policy of Never`;
      return this.refuse('ErrImageNeverPull', message, record);
    }
    if (slot.pullFailures > 0 && slot.waiting.reason === 'ErrImagePull') return this.backOff(slot, record);
    return this.fetch(slot, error, record);
  }

  private async fetch(
    slot: ContainerSlot,
    error: string | undefined,
    record: RecordEvent,
  ): Promise<PullFailure | undefined> {
    const { image } = slot.container;
    record('Normal', 'Pulling', `Pulling image "${image}"`);
    const tookMs = this.present.has(image) ? 0 : (fakeImageOf(image, this.images)?.pullMs ?? 0);
    if (tookMs > 0) await this.clock.sleep(tookMs);
    if (error !== undefined || !this.isRunnable(slot)) return this.failed(slot, error, record);
    this.present.add(image);
    slot.pullFailures = 0;
    const took = tookMs < 1000 ? `${tookMs}ms` : `${tookMs / 1000}s`;
    const message = `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${IMAGE_BYTES} bytes.`;
    record('Normal', 'Pulled', message);
    return undefined;
  }

  /** An image without a command must be one whose work is known: anything else counts as not to be found. */
  private isRunnable({ container }: ContainerSlot): boolean {
    if (container.command !== undefined && container.command.length > 0) return true;
    if (/placeholder|hangar-gate/.test(container.image)) return true;
    return fakeImageOf(container.image, this.images)?.script !== undefined;
  }

  private failed(slot: ContainerSlot, error: string | undefined, record: RecordEvent): PullFailure {
    const { image } = slot.container;
    const cause =
      error ??
      `failed to pull and unpack image "${image}": the embedded cluster knows no command for it: give the container a command, or tell startEmbeddedCluster({ images }) what it does`;
    const message = `rpc error: code = NotFound desc = ${cause}`;
    slot.pullFailures += 1;
    record('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
    return { reason: 'ErrImagePull', message, waitMs: this.timing.backoffMs / 2 };
  }

  private backOff(slot: ContainerSlot, record: RecordEvent): PullFailure {
    const { image } = slot.container;
    const message = `Back-off pulling image "${image}"`;
    record('Normal', 'BackOff', message);
    const doublings = Math.min(2 ** (slot.pullFailures - 1), MOST_DOUBLINGS);
    const before = slot.waiting.message ?? '';
    return {
      reason: 'ImagePullBackOff',
      message: `${message}: ErrImagePull: ${before}`,
      waitMs: this.timing.backoffMs * doublings,
    };
  }

  private refuse(reason: string, message: string, record: RecordEvent): PullFailure {
    record('Warning', reason === 'InvalidImageName' ? 'InspectFailed' : reason, message);
    return { reason, message, waitMs: this.timing.backoffMs };
  }
}
