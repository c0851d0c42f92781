/** The parts of a boot, in their order: a machine is created, its kubelet becomes ready, and the images of the first build are pulled. */
export type BootPhase = 'machine' | 'kubelet' | 'image';

/** How long a phase usually takes. */
export interface UsualPhase {
  readonly phase: BootPhase;
  /** The median; of `image` the part that builds on other nodes do not take. */
  readonly seconds: number;
  /** How many boots it was taken from. */
  readonly boots: number;
}
