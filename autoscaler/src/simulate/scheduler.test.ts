import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeSpec } from '../capacity/node-spec.ts';
import { admitsPod, type NodeTraits, softTaints } from '../capacity/scheduling.ts';
import { GIB, MIB } from '../capacity/shape.ts';
import type { PodClass, ScoringStrategy } from './class-scores.ts';
import { seededRandom } from './random.ts';
import { SimScheduler, UNPLACED } from './scheduler.ts';

const soft = (key: string) => ({ key, effect: 'PreferNoSchedule' }) as const;
const node = (cpu: number, gib: number, more: Partial<NodeSpec> = {}): NodeSpec => ({
  allocatable: { cpuMillicores: cpu * 1000, memoryBytes: gib * GIB, pods: 110 },
  ...more,
});
const pod = (cpuMillicores: number, mib: number): PodClass => ({
  request: { cpuMillicores, memoryBytes: mib * MIB },
});
const scheduler = (strategy: ScoringStrategy = 'least', seed = 1) =>
  new SimScheduler({ random: seededRandom(seed), strategy });

describe('Scheduler: filters', () => {
  it('places Pods until CPU is used up, and not one more', () => {
    const one = scheduler();
    one.addNode(node(4, 64));
    const small = one.addClass(pod(1000, 100));

    expect(Array.from({ length: 5 }, () => one.place(small))).toEqual([0, 0, 0, 0, UNPLACED]);
  });

  it.each([
    { bound: 'memory', spec: node(64, 2), request: pod(100, 1024), fit: 2 },
    {
      bound: 'number of Pods',
      spec: { allocatable: { cpuMillicores: 64_000, memoryBytes: 64 * GIB, pods: 3 } },
      request: pod(1, 1),
      fit: 3,
    },
    {
      bound: 'DaemonSets',
      spec: node(4, 64, { daemonSets: { cpuMillicores: 1500, memoryBytes: 0, pods: 2 } }),
      request: pod(1000, 1),
      fit: 2,
    },
  ])('is bound by $bound', ({ spec, request, fit }) => {
    const one = scheduler();
    one.addNode(spec);
    const id = one.addClass(request);

    const placed = Array.from({ length: fit + 2 }, () => one.place(id)).filter((slot) => slot !== UNPLACED);

    expect(placed).toHaveLength(fit);
  });

  it('frees the room of a Pod that ends, and forgets a node that was removed', () => {
    const one = scheduler();
    one.addNode(node(1, 4));
    const id = one.addClass(pod(1000, 1));
    one.place(id);
    expect(one.place(id)).toBe(UNPLACED);

    one.release(id, 0);
    expect(one.place(id)).toBe(0);

    one.release(id, 0);
    one.removeNode(0);
    expect(one.place(id)).toBe(UNPLACED);
    expect(one.addNode(node(2, 4))).toBe(0);
    expect([one.place(id), one.place(id), one.place(id)]).toEqual([0, 0, UNPLACED]);
  });
});

describe('Scheduler: scores', () => {
  it('spreads by default and packs when configured to', () => {
    const after = (strategy: ScoringStrategy): number => {
      const one = scheduler(strategy);
      one.addNode(node(4, 16));
      one.addNode(node(4, 16));
      const id = one.addClass(pod(1000, 4096));
      const first = one.place(id);
      return one.place(id) === first ? 1 : 2;
    };

    expect([after('least'), after('most')]).toEqual([2, 1]);
  });

  it('uses a node with a soft taint only when no other has room', () => {
    const one = scheduler();
    one.addNode(node(8, 32, { traits: { taints: [soft('surplus')] } }));
    one.addNode(node(1, 32));
    const id = one.addClass(pod(1000, 1));

    expect([one.place(id), one.place(id)]).toEqual([1, 0]);
  });

  it('prefers one soft taint to two, unless the Pod tolerates both', () => {
    const one = scheduler();
    one.addNode(node(8, 32, { traits: { taints: [soft('a'), soft('b')] } }));
    one.addNode(node(4, 16, { traits: { taints: [soft('a')] } }));
    const plain = one.addClass(pod(1000, 1024));
    const tolerant = one.addClass({
      ...pod(1000, 1024),
      constraints: { tolerations: [{ operator: 'Exists' }] },
    });

    expect(one.bestSet(plain)).toEqual([1]);
    expect(one.bestSet(tolerant)).toEqual([0]);
  });

  it('picks at random among the best nodes: each is picked at times, and the same ones for the same seed', () => {
    const draw = (seed: number): readonly number[] => {
      const one = scheduler('least', seed);
      for (let count = 0; count < 4; count += 1) one.addNode(node(4, 16));
      const id = one.addClass(pod(1000, 1024));
      return Array.from({ length: 40 }, () => {
        const slot = one.place(id);
        one.release(id, slot);
        return slot;
      });
    };

    expect(new Set(draw(1))).toEqual(new Set([0, 1, 2, 3]));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('scores a Pod without a request with a default request', () => {
    const one = scheduler();
    one.addNode(node(4, 16));
    one.addNode(node(4, 16));
    const id = one.addClass({
      request: { cpuMillicores: 0, memoryBytes: 0 },
      scored: { cpuMillicores: 1000, memoryBytes: 4 * GIB },
    });
    const first = one.place(id);

    expect(one.place(id)).not.toBe(first);
  });

  it('rejects an unknown class', () => {
    expect(() => scheduler().place(0)).toThrow('addClass');
  });
});

/** The scheduler's arithmetic without caching: every node is scored anew each time. */
class PlainScheduler {
  readonly nodes: (NodeSpec & { usedCpu: number; usedMemory: number; pods: number; gone: boolean })[] = [];

  scores({ request, constraints = {} }: PodClass): readonly number[] {
    const traits = (index: number): NodeTraits => this.nodes[index]?.traits ?? {};
    const feasible = this.nodes.map((each, index) => {
      const { cpuMillicores, memoryBytes, pods } = each.allocatable;
      const fits =
        each.usedCpu + request.cpuMillicores <= cpuMillicores &&
        each.usedMemory + request.memoryBytes <= memoryBytes;
      return !each.gone && fits && each.pods < pods && admitsPod(traits(index), constraints);
    });
    const counts = this.nodes.map((_, index) =>
      feasible[index] ? softTaints(traits(index), constraints) : 0,
    );
    const most = Math.max(0, ...counts);
    return this.nodes.map((each, index) => {
      if (!feasible[index]) return -1;
      const { cpuMillicores, memoryBytes } = each.allocatable;
      const cpu = each.usedCpu + request.cpuMillicores;
      const memory = each.usedMemory + request.memoryBytes;
      const spread = Math.floor(
        (Math.floor(((cpuMillicores - cpu) * 100) / cpuMillicores) +
          Math.floor(((memoryBytes - memory) * 100) / memoryBytes)) /
          2,
      );
      const balance = Math.trunc((1 - Math.abs(cpu / cpuMillicores - memory / memoryBytes) / 2) * 100);
      const taint = most === 0 ? 100 : 100 - Math.floor((100 * (counts[index] ?? 0)) / most);
      return spread + balance + 3 * taint;
    });
  }
}

/** Applies the same operations to both schedulers. */
class SideBySide {
  readonly #fast = scheduler();
  readonly #plain = new PlainScheduler();
  readonly #kinds: readonly PodClass[];
  readonly #ids: readonly number[];
  readonly #bound: { readonly kind: number; readonly slot: number }[] = [];

  constructor(specs: readonly NodeSpec[], kinds: readonly PodClass[]) {
    for (const spec of specs) {
      this.#fast.addNode(spec);
      this.#plain.nodes.push({ ...spec, usedCpu: 0, usedMemory: 0, pods: 0, gone: false });
    }
    this.#kinds = kinds;
    this.#ids = kinds.map((kind) => this.#fast.addClass(kind));
  }

  place(pick: number): void {
    const kind = pick % this.#kinds.length;
    const scores = this.#plain.scores(this.#kinds[kind] ?? pod(1, 1));
    const best = Math.max(...scores);
    const want = best < 0 ? [] : scores.flatMap((score, slot) => (score === best ? [slot] : []));
    expect(this.#fast.bestSet(this.#ids[kind] ?? 0)).toEqual(want);
    const slot = this.#fast.place(this.#ids[kind] ?? 0);
    expect(want.length === 0 ? [UNPLACED] : want).toContain(slot);
    if (slot === UNPLACED) return;
    this.#bound.push({ kind, slot });
    this.#book(kind, slot, 1);
  }

  release(pick: number): void {
    const [ended] = this.#bound.splice(pick % Math.max(1, this.#bound.length), 1);
    if (ended === undefined) return;
    this.#fast.release(this.#ids[ended.kind] ?? 0, ended.slot);
    this.#book(ended.kind, ended.slot, -1);
  }

  retaint(pick: number, traits: NodeTraits): void {
    const slot = pick % this.#plain.nodes.length;
    this.#fast.setTraits(slot, traits);
    const node = this.#plain.nodes[slot];
    if (node !== undefined) this.#plain.nodes[slot] = { ...node, traits };
  }

  remove(pick: number): void {
    const slot = pick % this.#plain.nodes.length;
    const node = this.#plain.nodes[slot];
    if (node === undefined || node.gone || node.pods > 0) return;
    this.#fast.removeNode(slot);
    node.gone = true;
  }

  #book(kind: number, slot: number, sign: 1 | -1): void {
    const [podClass, node] = [this.#kinds[kind], this.#plain.nodes[slot]];
    if (podClass === undefined || node === undefined) throw new Error('no such class or node');
    node.usedCpu += sign * podClass.request.cpuMillicores;
    node.usedMemory += sign * podClass.request.memoryBytes;
    node.pods += sign;
  }
}

describe('Scheduler: against the uncached arithmetic', () => {
  const traits = fc.record({
    labels: fc.constantFrom({ pool: 'a' }, { pool: 'b' }, {}),
    taints: fc.subarray([soft('x'), soft('y'), soft('z'), { key: 'k', effect: 'NoSchedule' } as const]),
  });
  const spec = fc
    .tuple(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 16 }),
      fc.integer({ min: 1, max: 6 }),
      traits,
    )
    .map(([cpu, gib, pods, traits]) => ({ allocatable: { ...node(cpu, gib).allocatable, pods }, traits }));
  const kind = fc.record({
    request: fc.record({
      cpuMillicores: fc.integer({ min: 1, max: 3000 }),
      memoryBytes: fc.integer({ min: 1, max: 6 * GIB }),
    }),
    constraints: fc.record({
      nodeSelector: fc.constantFrom({}, { pool: 'a' }),
      tolerations: fc.subarray([
        { key: 'k', operator: 'Exists' } as const,
        { key: 'x', operator: 'Exists', effect: 'PreferNoSchedule' } as const,
      ]),
    }),
  });
  const act = fc.tuple(
    fc.constantFrom('place', 'place', 'place', 'release', 'retaint', 'remove'),
    fc.nat(1000),
    traits,
  );
  const nodes = fc.array(spec, { minLength: 1, maxLength: 12 });

  it('binds each Pod to one of the best nodes, through any sequence of placements, ends, taints and removals', () => {
    fc.assert(
      fc.property(
        nodes,
        fc.array(kind, { minLength: 1, maxLength: 4 }),
        fc.array(act, { maxLength: 60 }),
        (specs, kinds, acts) => {
          const both = new SideBySide(specs, kinds);
          for (const [what, pick, newTraits] of acts) {
            if (what === 'place') both.place(pick);
            else if (what === 'release') both.release(pick);
            else if (what === 'retaint') both.retaint(pick, newTraits);
            else both.remove(pick);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
