import type { Clock } from '@hangar/shared/clock';
import type { ClusterAccess } from '../../suites/flows/test-system.ts';
import type { RealCluster } from '../../parts/real/facts.ts';
import { type BenchWorld, openWorld, type WorldOptions } from './bench-world.ts';

/** Where benches run: the real cluster, and what they leave to be tidied. */
export class Track {
  readonly clock: Clock;
  readonly cluster: RealCluster;
  readonly ground: ClusterAccess;
  /** Fewer repetitions. */
  readonly quick: boolean;
  readonly say: (text: string) => void;
  readonly #endings: (() => Promise<void>)[] = [];
  #worlds = 0;

  constructor(parts: Pick<Track, 'clock' | 'cluster' | 'ground' | 'quick' | 'say'>) {
    this.clock = parts.clock;
    this.cluster = parts.cluster;
    this.ground = parts.ground;
    this.quick = parts.quick;
    this.say = parts.say;
  }

  /** How often something is repeated. */
  times(usual: number, quick: number): number {
    return this.quick ? quick : usual;
  }

  /** A practice server and a runner, for the work; closed afterwards, whatever happens. */
  async within<T>(options: WorldOptions, work: (setup: BenchWorld) => Promise<T>): Promise<T> {
    const replica = `bench-${process.pid}-${++this.#worlds}`;
    const setup = await openWorld({ ...this, replica }, options);
    return this.tidied(
      () => work(setup),
      () => setup.close(),
    );
  }

  /** Work that leaves something behind, and what removes it: at its end, or when the track is closed in its midst. */
  async tidied<T>(work: () => Promise<T>, tidy: () => Promise<void>): Promise<T> {
    this.#endings.push(tidy);
    try {
      return await work();
    } finally {
      const left = this.#endings.indexOf(tidy);
      if (left >= 0) {
        this.#endings.splice(left, 1);
        await tidy();
      }
    }
  }

  /** Removes what work that was broken off has left, the newest first. */
  async close(): Promise<void> {
    for (let tidy = this.#endings.pop(); tidy; tidy = this.#endings.pop())
      await tidy().catch((error: unknown) => this.say(`bench: while tidying: ${String(error)}`));
  }
}
