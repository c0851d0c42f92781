import { seededRandom } from '@hangar/autoscaler/simulate/random';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectRealCluster } from '../../parts/real/facts.ts';
import { FakePool } from './fake-pool.ts';
import {
  container,
  MIX_NODE_COUNT,
  MIX_POD_COUNT,
  type MixPod,
  mixOf,
  PLACEMENT_FEATURES,
  type PlacementFeature,
  PlacementFeatures,
  type PodMix,
  podSpec,
  simulation,
} from './parity-mix.ts';

const MIXES = 220;
/** Mixes that are tried side by side, each on nodes of its own: most of the time is spent in waiting for the API. */
const LANES = 2;
/** The minimum number of mixes in which each feature must decide something. */
const LEAST_MIXES_OF_EACH = 20;
/** 50 s on two idle cores. */
const PATIENCE_MS = 480_000;
/** One Pod in a hundred: the scheduler's view may be a moment late. More would be a rule that we have wrong. */
const MOST_AGAIN = Math.floor((MIXES * MIX_POD_COUNT) / 100);

interface Try {
  readonly name: string;
  /** Undefined: the scheduler found none. */
  readonly bound: string | undefined;
  readonly differs: boolean;
}

/** The results of all mixes. */
interface Outcome {
  /** Differences as text. */
  readonly found: string[];
  /** Pods that were tried again. */
  again: number;
  readonly mixesWith: Map<PlacementFeature, number>;
}

/** Nodes of its own, on which one mix after the other is tried. */
class Lane {
  readonly #pool: FakePool;
  #outcome: Outcome = { found: [], again: 0, mixesWith: new Map() };
  #pods = 0;

  private constructor(pool: FakePool) {
    this.#pool = pool;
  }

  static async open(name: string): Promise<Lane> {
    const pool = await FakePool.open(await connectRealCluster(), name);
    const room = { cpu: '4', memory: '8Gi', pods: 110 };
    await Promise.all(Array.from({ length: MIX_NODE_COUNT }, (_, index) => pool.addNode(`n${index}`, room)));
    await pool.nodesReady();
    return new Lane(pool);
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  /** Nodes and what runs on them, as in the mix; resolves when the scheduler has observed all of it. */
  async #prepare(mix: PodMix): Promise<readonly string[]> {
    const label = `mix-${this.#pods++}`;
    for (const { name, cpu, memoryMiB, pods: count, zone, taints } of mix.nodes) {
      const allocatable = { cpu: `${cpu}m`, memory: `${memoryMiB}Mi`, pods: String(count) };
      const target = this.#pool.nodeTarget(name);
      await this.#pool.cluster.patch(
        { ...target, subresource: 'status' },
        { status: { allocatable } },
        'merge',
        this.#pool.signal,
      );
      const metadata = { labels: { zone, probe: label } };
      await this.#pool.cluster.patch(
        target,
        { metadata, spec: { taints: [this.#pool.fence, ...taints] } },
        'merge',
        this.#pool.signal,
      );
    }
    const before = mix.nodes.flatMap(({ name, before: all }) => all.map((one) => [name, one] as const));
    const names = await Promise.all(
      before.map(async ([node, one]) => {
        const name = `d${this.#pods++}`;
        await this.#pool.createPod(name, {
          containers: [container('c', one)],
          nodeName: this.#pool.nodeName(node),
        });
        return name;
      }),
    );
    return [...names, await this.#probe(label, mix)];
  }

  /** A Pod that only the node written last takes: once it is bound, the scheduler has seen every write before. */
  async #probe(label: string, mix: PodMix): Promise<string> {
    const name = `probe${this.#pods++}`;
    const hostname = this.#pool.nodeName(mix.nodes.at(-1)?.name ?? '');
    const affinity = { matchFields: [{ key: 'metadata.name', operator: 'In', values: [hostname] }] };
    await this.#pool.createPod(name, {
      nodeSelector: { probe: label },
      tolerations: [{ operator: 'Exists' }],
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [affinity] } },
      },
    });
    await this.#pool.watched('the scheduler to see the nodes', () =>
      this.#pool.pods.some(({ metadata, spec }) => metadata?.name === name && spec?.nodeName === hostname),
    );
    return name;
  }

  async #tryPod(pod: MixPod, best: readonly string[]): Promise<Try> {
    const name = `p${this.#pods++}`;
    await this.#pool.createPod(name, podSpec(pod));
    const bound = (await this.#pool.decided(name))?.slice(this.#pool.namespace.length + 1);
    return { name, bound, differs: bound === undefined ? best.length > 0 : !best.includes(bound) };
  }

  /**
   * The Pod once more, with everything else as it was: the scheduler's view may be a moment late, and chance decides among equals, so
   * what differs once in three is no difference, and what differs again is one.
   */
  async #insist(pod: MixPod, best: readonly string[], first: Try): Promise<Try> {
    if (!first.differs) return first;
    this.#outcome.again += 1;
    let last = first;
    for (let again = 0; again < 2; again += 1) {
      await this.#pool.removePods([last.name]);
      last = await this.#tryPod(pod, best);
      if (last.differs) return last;
    }
    return last;
  }

  /** Runs one mix, Pod after Pod, and adds its result. */
  async play(nth: number, outcome: Outcome): Promise<void> {
    this.#outcome = outcome;
    const mix = mixOf(seededRandom(nth));
    const [sim, features] = [simulation(mix), new PlacementFeatures(mix)];
    const made = [...(await this.#prepare(mix))];
    const probe = { pod: sim.plain({ cpu: 0, memoryMiB: 0 }), node: mix.nodes.at(-1)?.name ?? '' };
    sim.bind(sim.classOf(probe.pod), probe.node);
    features.placed(probe.pod, probe.node);
    for (const pod of mix.pods) {
      features.arrives(pod);
      const classId = sim.classOf(pod);
      const best = sim.best(classId);
      const { name, bound, differs } = await this.#insist(pod, best, await this.#tryPod(pod, best));
      if (differs) this.#differs(nth, pod, { bound, best });
      if (bound === undefined) await this.#pool.removePods([name]);
      else {
        made.push(name);
        sim.bind(classId, bound);
        features.placed(pod, bound);
      }
    }
    await this.#pool.removePods(made);
    const { mixesWith } = this.#outcome;
    for (const one of features.seen) mixesWith.set(one, (mixesWith.get(one) ?? 0) + 1);
  }

  #differs(
    nth: number,
    pod: MixPod,
    { bound = 'no node', best }: { bound: string | undefined; best: readonly string[] },
  ): void {
    const wanted = best.join(' or ') || 'none';
    this.#outcome.found.push(`mix ${nth}: ${JSON.stringify(pod)} is on ${bound}, expected ${wanted}`);
  }
}

describe('the simulated scheduler', () => {
  const lanes: Lane[] = [];

  beforeAll(async () => {
    for (let nth = 0; nth < LANES; nth += 1) lanes.push(await Lane.open(`parity${nth}`));
  });
  afterAll(async () => {
    for (const lane of lanes) await lane.close();
  });

  it(
    `chooses as the real one does, in ${MIXES} random mixes`,
    async () => {
      const outcome: Outcome = { found: [], again: 0, mixesWith: new Map() };
      let next = 0;
      await Promise.all(
        lanes.map(async (lane) => {
          while (next < MIXES) {
            next += 1;
            await lane.play(next - 1, outcome);
          }
        }),
      );
      const mixesWith = PLACEMENT_FEATURES.map((feature): [PlacementFeature, number] => [
        feature,
        outcome.mixesWith.get(feature) ?? 0,
      ]);
      console.info(
        `scheduler parity: ${MIXES} mixes of ${MIX_POD_COUNT} Pods on ${MIX_NODE_COUNT} nodes, ${outcome.again} Pods tried again`,
      );
      console.info(mixesWith.map(([feature, mixes]) => `${feature} ${mixes}`).join(', '));

      expect(outcome.found).toEqual([]);
      expect(mixesWith.filter(([, mixes]) => mixes < LEAST_MIXES_OF_EACH)).toEqual([]);
      expect(outcome.again).toBeLessThanOrEqual(MOST_AGAIN);
    },
    PATIENCE_MS,
  );
});
