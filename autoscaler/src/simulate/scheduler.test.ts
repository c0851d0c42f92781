import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeTraits } from '../capacity/scheduling.ts';
import { letsIn, softTaints } from '../capacity/scheduling.ts';
import { GIB, MIB } from '../capacity/shape.ts';
import type { PodClass, ScoringStrategy } from './class-scores.ts';
import type { NodeSpec } from './node-table.ts';
import { seededRandom } from './random.ts';
import { Scheduler, UNPLACED } from './scheduler.ts';

const soft = (key: string) => ({ key, effect: 'PreferNoSchedule' }) as const;
const node = (cpu: number, gib: number, more: Partial<NodeSpec> = {}): NodeSpec => ({
  allocatable: { cpuMillicores: cpu * 1000, memoryBytes: gib * GIB, pods: 110 },
  ...more,
});
const pod = (cpuMillicores: number, mib: number): PodClass => ({
  request: { cpuMillicores, memoryBytes: mib * MIB },
});
const scheduler = (strategy: ScoringStrategy = 'least', seed = 1) =>
  new Scheduler({ random: seededRandom(seed), strategy });

describe('Scheduler: filters', () => {
  it('places while CPU lasts, and not one Pod more', () => {
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

  it('gives room back when a Pod ends, and forgets a node that went', () => {
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
  it('spreads by default and packs when told to', () => {
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

  it('draws among equals: every one gets its turn, the same ones for the same seed', () => {
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

  it('scores a Pod without a request as if it asked for something', () => {
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

  it('refuses a class that nobody made known', () => {
    expect(() => scheduler().place(0)).toThrow('addClass');
  });
});

/** The scheduler's arithmetic written down plainly: every node from scratch, every time. */
class PlainScheduler {
  readonly nodes: (NodeSpec & { usedCpu: number; usedMemory: number; pods: number; gone: boolean })[] = [];

  scores({ request, constraints = {} }: PodClass): readonly number[] {
    const traits = (index: number): NodeTraits => this.nodes[index]?.traits ?? {};
    const feasible = this.nodes.map((each, index) => {
      const { cpuMillicores, memoryBytes, pods } = each.allocatable;
      const fits =
        each.usedCpu + request.cpuMillicores <= cpuMillicores &&
        each.usedMemory + request.memoryBytes <= memoryBytes;
      return !each.gone && fits && each.pods < pods && letsIn(traits(index), constraints);
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

describe('Scheduler: against plain arithmetic', () => {
  const traits = fc.record({
    labels: fc.constantFrom({ pool: 'a' }, { pool: 'b' }, {}),
    taints: fc.subarray([soft('x'), soft('y'), soft('z'), { key: 'k', effect: 'NoSchedule' } as const]),
    unschedulable: fc.boolean().map((yes) => yes && false),
  });
  const nodes = fc.array(
    fc.record({
      cpu: fc.integer({ min: 1, max: 8 }),
      gib: fc.integer({ min: 1, max: 16 }),
      pods: fc.integer({ min: 1, max: 6 }),
      traits,
    }),
    { minLength: 1, maxLength: 12 },
  );
  const classes = fc.array(
    fc.record({
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
    }),
    { minLength: 1, maxLength: 4 },
  );
  const act = fc.record({
    kind: fc.constantFrom('place', 'place', 'place', 'release', 'retaint', 'remove'),
    pick: fc.nat(1000),
    traits,
  });

  it('binds each Pod to one of the best nodes, through any mix of placements, ends, taints and removals', () => {
    fc.assert(
      fc.property(nodes, classes, fc.array(act, { maxLength: 60 }), (specs, kinds, acts) => {
        const fast = scheduler();
        const plain = new PlainScheduler();
        for (const { cpu, gib, pods, traits } of specs) {
          const spec = { allocatable: { cpuMillicores: cpu * 1000, memoryBytes: gib * GIB, pods }, traits };
          fast.addNode(spec);
          plain.nodes.push({ ...spec, usedCpu: 0, usedMemory: 0, pods: 0, gone: false });
        }
        const ids = kinds.map((kind) => fast.addClass(kind));
        const bound: { classIndex: number; slot: number }[] = [];
        const book = (classIndex: number, slot: number, sign: 1 | -1): void => {
          const [kind, target] = [kinds[classIndex], plain.nodes[slot]];
          if (kind === undefined || target === undefined) throw new Error('no such class or node');
          target.usedCpu += sign * kind.request.cpuMillicores;
          target.usedMemory += sign * kind.request.memoryBytes;
          target.pods += sign;
        };
        for (const { kind, pick, traits } of acts) {
          const slot = pick % specs.length;
          const classIndex = pick % kinds.length;
          if (kind === 'retaint') {
            fast.setTraits(slot, traits);
            plain.nodes[slot] = {
              ...(plain.nodes[slot] ?? { ...node(1, 1), usedCpu: 0, usedMemory: 0, pods: 0, gone: true }),
              traits,
            };
          } else if (kind === 'remove' && plain.nodes[slot]?.pods === 0 && !plain.nodes[slot].gone) {
            fast.removeNode(slot);
            plain.nodes[slot].gone = true;
          } else if (kind === 'release' && bound.length > 0) {
            const [ended] = bound.splice(pick % bound.length, 1);
            if (ended === undefined) continue;
            fast.release(ids[ended.classIndex] ?? 0, ended.slot);
            book(ended.classIndex, ended.slot, -1);
          } else if (kind === 'place') {
            const scores = plain.scores(kinds[classIndex] ?? pod(1, 1));
            const best = Math.max(...scores);
            const want = best < 0 ? [] : scores.flatMap((score, index) => (score === best ? [index] : []));
            expect(fast.bestSet(ids[classIndex] ?? 0)).toEqual(want);
            const got = fast.place(ids[classIndex] ?? 0);
            expect(want.length === 0 ? got === UNPLACED : want.includes(got)).toBe(true);
            if (got === UNPLACED) continue;
            bound.push({ classIndex, slot: got });
            book(classIndex, got, 1);
          }
        }
      }),
      { numRuns: 150 },
    );
  });
});
