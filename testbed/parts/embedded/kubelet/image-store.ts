import type { Clock } from '@hangar/shared/clock';
import type { ContainerSlot } from './container-slot.ts';
import { imageNameFault } from './image-name.ts';
import { type FakeImages, fakeImageOf, pullErrorOf } from './images.ts';
import type { KubeletTiming } from './timing.ts';

export type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

export type PullOutcome =
  | { readonly is: 'present' }
  | { readonly is: 'failed'; readonly reason: string; readonly message: string; readonly waitMs: number };

const IMAGE_BYTES = 1_000_000;
/** The wait shown between tries grows to ten times the first. */
const MOST_DOUBLINGS = 10;

/** The images that a node pretends to hold; pulls take the time they are told to. */
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

  /** Makes an image present as the pull policy says, with the kubelet's events. */
  async pull(slot: ContainerSlot, tell: Tell): Promise<PullOutcome> {
    const { image, imagePullPolicy } = slot.container;
    const fault = imageNameFault(image);
    if (fault !== undefined) return this.unnamed(fault, tell);
    const error = pullErrorOf(image, this.images);
    if (this.present.has(image) && imagePullPolicy !== 'Always' && error === undefined) {
      tell('Normal', 'Pulled', `Container image "${image}" already present on machine`);
      return { is: 'present' };
    }
    if (imagePullPolicy === 'Never' && error !== undefined) return this.never(image, tell);
    if (slot.pullFailures > 0 && slot.waiting.reason === 'ErrImagePull') return this.backOff(slot, tell);
    return this.fetch(slot, error, tell);
  }

  private async fetch(slot: ContainerSlot, error: string | undefined, tell: Tell): Promise<PullOutcome> {
    const { image } = slot.container;
    tell('Normal', 'Pulling', `Pulling image "${image}"`);
    const tookMs = this.present.has(image) ? 0 : (fakeImageOf(image, this.images)?.pullMs ?? 0);
    if (tookMs > 0) await this.clock.sleep(tookMs);
    if (error !== undefined || !this.isRunnable(slot)) return this.failed(slot, error, tell);
    this.present.add(image);
    slot.pullFailures = 0;
    const took = tookMs < 1000 ? `${tookMs}ms` : `${tookMs / 1000}s`;
    tell(
      'Normal',
      'Pulled',
      `Successfully pulled image "${image}" in ${took} (${took} including waiting). Image size: ${IMAGE_BYTES} bytes.`,
    );
    return { is: 'present' };
  }

  /** An image without a command must be one whose work is known: anything else counts as not to be found. */
  private isRunnable({ container }: ContainerSlot): boolean {
    if (container.command !== undefined && container.command.length > 0) return true;
    if (/placeholder|hangar-gate/.test(container.image)) return true;
    return fakeImageOf(container.image, this.images)?.script !== undefined;
  }

  private failed(slot: ContainerSlot, error: string | undefined, tell: Tell): PullOutcome {
    const { image } = slot.container;
    const cause =
      error ??
      `failed to pull and unpack image "${image}": the embedded cluster knows no command for it: give the container a command, or tell startEmbeddedCluster({ images }) what it does`;
    const message = `rpc error: code = NotFound desc = ${cause}`;
    slot.pullFailures += 1;
    tell('Warning', 'Failed', `Failed to pull image "${image}": ${message}`);
    return { is: 'failed', reason: 'ErrImagePull', message, waitMs: this.timing.backoffMs / 2 };
  }

  private backOff(slot: ContainerSlot, tell: Tell): PullOutcome {
    const { image } = slot.container;
    const message = `Back-off pulling image "${image}"`;
    tell('Normal', 'BackOff', message);
    const doublings = Math.min(2 ** (slot.pullFailures - 1), MOST_DOUBLINGS);
    const before = slot.waiting.message ?? '';
    return {
      is: 'failed',
      reason: 'ImagePullBackOff',
      message: `${message}: ErrImagePull: ${before}`,
      waitMs: this.timing.backoffMs * doublings,
    };
  }

  private unnamed(message: string, tell: Tell): PullOutcome {
    tell('Warning', 'InspectFailed', message);
    return { is: 'failed', reason: 'InvalidImageName', message, waitMs: this.timing.backoffMs };
  }

  private never(image: string, tell: Tell): PullOutcome {
    const message = `Container image "${image}" is not present with pull policy of Never`;
    tell('Warning', 'ErrImageNeverPull', message);
    return { is: 'failed', reason: 'ErrImageNeverPull', message, waitMs: this.timing.backoffMs };
  }
}
