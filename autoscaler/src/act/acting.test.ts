import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { silentLogger } from '@hangar/shared/logger';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { CLOSING_TAINT } from '../capacity/pool-node.ts';
import { loadConfig } from '../config/load.ts';
import type { ServiceFeature } from '../permissions/permissions.ts';
import { Acting, type ActingOptions, type ActingParts } from './acting.ts';
import type { ActView } from './actor.ts';
import type { ActOutcome, Actuator, NodesMeaning, ObservedObject } from './actuator.ts';
import { ObservedPools } from './observed-pools.ts';

const never = new AbortController().signal;
const OBSERVATION: ObservedObject = {
  kind: 'found',
  nodes: 8,
  service: 'served',
  owner: undefined,
  paused: false,
  text: '',
};
const VIEW: ActView = {
  nodes: [],
  pools: [],
  typicalPod: { cpuMillicores: 1000, memoryBytes: 2 ** 30 },
  waitingPods: 0,
  perSecond: 0,
  bootMs: 60_000,
  announcedShare: 0,
  emptyAt: new Map(),
  uncertain: undefined,
};

interface Ordered {
  readonly spare?: number;
  readonly uncertain?: string;
  readonly signal?: AbortSignal;
}

interface Given {
  readonly options?: Partial<ActingOptions>;
  /** Features whose right is missing. */
  readonly missing?: readonly ServiceFeature[];
  readonly outcome?: ActOutcome;
}

function optionsOf(more: Partial<ActingOptions>): ActingOptions {
  const loaded = loadConfig({
    HANGAR_AUTOSCALER_ACT: 'on',
    HANGAR_AUTOSCALER_MAX_NODES: '1000',
    HANGAR_AUTOSCALER_PLACE: 'on',
    HANGAR_AUTOSCALER_ACTUATORS: 'ci=node-pool:ci',
    HANGAR_AUTOSCALER_KUBERNETES: 'on',
    POD_NAMESPACE: 'hangar',
    POD_NAME: 'a',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join());
  const { acting, rules, tickMs } = loaded.ok;
  return { ...acting, rules, tickMs, runnersNamespace: undefined, ...more };
}

/** Acting that leads, over an actuator and a placer that record their calls. */
function begin(meaning: NodesMeaning, { options = {}, missing = [], outcome }: Given = {}) {
  const asked: number[] = [];
  const placed: string[] = [];
  const actuator: Actuator = {
    name: 'a',
    meaning,
    observe: () => Promise.resolve(OBSERVATION),
    set: (nodes, _, signal) => {
      signal.throwIfAborted();
      asked.push(nodes);
      return Promise.resolve(outcome ?? { kind: 'set', text: 'done' });
    },
  };
  const done: ActOutcome = { kind: 'unchanged', text: '' };
  const placer: ReturnType<ActingParts['pools']['placer']> = {
    tick: () => {
      placed.push('marked');
      return Promise.resolve(done);
    },
    clear: (_, taints) => {
      if (taints.length > 0) placed.push(`cleared ${taints.map(({ key }) => key).join(' ')}`);
      return Promise.resolve(done);
    },
  };
  const clock = new FakeClock();
  const parts: ActingParts = {
    clock,
    log: silentLogger,
    observed: new ObservedPools(clock),
    eligibility: {
      isLeading: true,
      leading: never,
      missing: [],
      run: () => Promise.resolve(),
      standby: () => undefined,
      whyNot: (feature) => (missing.includes(feature) ? 'a right is missing' : undefined),
    },
    pools: {
      placer: () => placer,
      actuator: (pool) => (pool === 'ci' ? actuator : undefined),
      release: () => Promise.resolve(),
    },
  };
  const acting = new Acting(parts, optionsOf(options));
  const order = (pool: string, nodes: number, more: Ordered = {}) =>
    acting.act(
      [{ pool, nodes, spareNodes: more.spare ?? 0, because: 'demand' }],
      { ...VIEW, uncertain: more.uncertain },
      more.signal ?? never,
    );
  return { asked, placed, order };
}

describe('acting on a pool', () => {
  it('asks a static pool for all nodes, and a buffer for those that shall stand ready', async () => {
    const [own, buffer] = [begin('total'), begin('spare')];
    expect(await own.order('ci', 5)).toEqual([{ pool: 'ci', outcome: 'set', note: 'done' }]);
    await buffer.order('ci', 5, { spare: 3 });
    expect([own.asked, buffer.asked]).toEqual([[5], [3]]);
  });

  it('lowers nothing and marks nothing while less is known than should be, but raises', async () => {
    const { asked, placed, order } = begin('total');
    await order('ci', 5, { uncertain: 'a runner is silent' });
    await order('ci', 9, { uncertain: 'a runner is silent' });
    expect([asked, placed]).toEqual([[8, 9], []]);
  });

  it('stops in the middle when leadership ends', async () => {
    const { asked, order } = begin('total');
    const signal = AbortSignal.abort(new Error('lost'));
    await expect(order('ci', 5, { signal })).rejects.toThrow('lost');
    expect(asked).toEqual([]);
  });

  it('says of a pool that nobody scales that it is a dry run, and why where a right is missing', async () => {
    expect(await begin('total').order('other', 5)).toMatchObject([
      { pool: 'other', outcome: 'dry-run', note: 'no actuator is configured for this pool' },
    ]);
    const forbidden = begin('total', { missing: ['node-pool'] });
    expect(await forbidden.order('ci', 5)).toMatchObject([
      { outcome: 'refused', note: 'a right is missing' },
    ]);
  });

  it('calls a pool unserved though the order itself went well', async () => {
    const outcome = { kind: 'unchanged', text: '4 nodes, unchanged', trouble: 'nobody brings them' } as const;
    expect(await begin('spare', { outcome }).order('ci', 4)).toEqual([
      { pool: 'ci', outcome: 'unserved', note: '4 nodes, unchanged; nobody brings them' },
    ]);
  });

  it.each([
    ['marks', 'total', {}, ['marked']],
    ['opens what nobody takes any more, and marks', 'spare', {}, [`cleared ${CLOSING_TAINT.key}`, 'marked']],
    ['clears marks', 'total', { options: { place: false } }, [`cleared ${SURPLUS_TAINT.key}`]],
    [
      'clears all',
      'spare',
      { options: { place: false } },
      [`cleared ${SURPLUS_TAINT.key} ${CLOSING_TAINT.key}`],
    ],
    ['leaves nodes alone', 'spare', { missing: ['place'] }, []],
  ] as const)('%s', async (_, meaning, given, wanted) => {
    const { placed, order } = begin(meaning, given);
    await order('ci', 5);
    expect(placed).toEqual(wanted);
  });
});
