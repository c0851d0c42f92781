import { pipeline, step } from '../../suites/flows/pipelines.ts';
import type { AnsweredCall } from '../../suites/flows/runner-in-process.ts';
import type { Measured } from '../measure.ts';
import {
  type BenchSystem,
  expectSuccess,
  repeatRuns,
  type StepsPart,
  type StepsRun,
  within,
} from './bench-system.ts';
import { type ObservedBuild, observeBuild } from './observed-build.ts';

/** That many steps of no work in a chain, after a clone step or without one. */
export function idleSteps(count: number, more = ''): string {
  return pipeline(
    Array.from({ length: count }, (_, index) => step(`s${index + 1}`, ['true'])).join(''),
    more,
  );
}

/** For {@link idleSteps}: no clone step. */
export const WITHOUT_CLONE = 'clone: { disable: true }\n';

/** A step without an image: the runner refuses it after its details, so that nothing but the pick-up takes time. */
const REFUSED =
  'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- name: none\n  commands: [echo never]\n';
/** Empty polls return soon enough to be many; the pause of the replaced program doesn't depend on their length. */
const SHORT_POLL_MS = 1_000;
const REAL_POLL_MS = 30_000;

/** From the offer until the server gets the runner's accept. */
async function pickUp({ drone, clock, ended }: BenchSystem): Promise<number> {
  const offeredMs = clock.now();
  const { id } = drone.createBuild({ yaml: REFUSED });
  const stageId = drone.stage(id).id;
  await ended(id);
  const accept = drone.calls.of('accept').find((call) => call.pathId === stageId);
  if (accept === undefined) throw new Error(`stage ${stageId} was never accepted`);
  return accept.startedAtMs - offeredMs;
}

/** In the very moment when the server has sent an empty answer. */
async function afterEmptyPoll(setup: BenchSystem): Promise<number> {
  const { drone, heard } = setup;
  const emptyPolls = (): number => drone.calls.of('request').filter((call) => call.status === 204).length;
  const before = emptyPolls();
  const patience = { timeoutMs: 2 * REAL_POLL_MS };
  await heard(drone.waitUntil('an empty poll', patience, () => emptyPolls() > before));
  return pickUp(setup);
}

/** A build is picked up at once, whatever the poller is doing: always. */
export const pickUpPart: StepsPart = {
  name: 'pick-up',
  what: 'from the offer of a build to the accept',
  run: async (run) => {
    const row = (name: string, values: readonly number[]): Measured => {
      const targets = [{ of: 'max', atMost: 100 }] as const;
      return { name, unit: 'ms', values, targets };
    };
    const afterEmpty = async (longPollMs: number, counts: readonly [number, number]): Promise<Measured> => {
      const values = await within(run, { longPollMs }, (setup) =>
        repeatRuns(run, counts, () => afterEmptyPoll(setup)),
      );
      return row(`pick-up right after an empty poll of ${longPollMs / 1000} s`, values);
    };
    const inTurn = await within(run, {}, (setup) => repeatRuns(run, [30, 10], () => pickUp(setup)));
    const rows = [row('pick-up, builds one after another', inTurn), await afterEmpty(SHORT_POLL_MS, [15, 5])];
    return run.quick ? rows : [...rows, await afterEmpty(REAL_POLL_MS, [2, 0])];
  },
};

const STEPS = 5;

/** How the gate comes into the Pods, with its targets: the median of five steps, and the longest of a crowd. */
const GATE_WAYS = [
  { by: 'init', title: 'gate by init container', fiveSteps: [], crowdMs: 15_000 },
  {
    by: 'image',
    title: 'gate by image volume',
    fiveSteps: [{ of: 'p50', atMost: 1_400 }],
    crowdMs: 9_000,
  },
] as const;

type GateWay = (typeof GATE_WAYS)[number];

const envOf = ({ by }: GateWay): Readonly<Record<string, string>> => ({ HANGAR_GATE_VOLUME: by });

/** The same rows for either way, one after the other. */
async function bothWays(
  run: StepsRun,
  rowsOf: (setup: BenchSystem, way: GateWay) => Promise<readonly Measured[]>,
): Promise<readonly Measured[]> {
  const rows: Measured[] = [];
  for (const way of GATE_WAYS)
    rows.push(...(await within(run, { env: envOf(way) }, (setup) => rowsOf(setup, way))));
  return rows;
}

function wholeRows(builds: readonly ObservedBuild[], { title, fiveSteps }: GateWay): readonly Measured[] {
  const row = (name: string, of: (one: ObservedBuild) => number, more: Partial<Measured> = {}): Measured => ({
    name: `${title}: ${name}`,
    unit: 'ms',
    values: builds.map(of),
    ...more,
  });
  const atMost = (ms: number): Pick<Measured, 'targets'> => ({ targets: [{ of: 'max', atMost: ms }] });
  const startOf = ({ steps }: ObservedBuild, index: number): number => steps[index]?.startMs ?? Number.NaN;
  const lastEnd = ({ steps }: ObservedBuild): number => steps.at(-1)?.endMs ?? Number.NaN;
  return [
    row('5 steps of no work: offer to final report', (one) => one.reportedMs - one.offeredMs, {
      targets: [...fiveSteps, { of: 'max', atMost: 3_000 }],
    }),
    row('offer to accept', (one) => one.acceptedMs - one.offeredMs, atMost(100)),
    row('offer to start of clone', (one) => startOf(one, 0) - one.offeredMs),
    row('offer to start of the first step after clone', (one) => startOf(one, 1) - one.offeredMs, {
      note: 'the barrier: all containers have started',
    }),
    row('first start to last end, in the Pod', (one) => lastEnd(one) - startOf(one, 0)),
    row('last end known to the runner to slot free', (one) => one.slotFreeMs - one.lastEndKnownMs, {
      ...atMost(500),
      note: 'known: it uploads the last log, before it reports the step',
    }),
    row('last end in the Pod to slot free', (one) => one.slotFreeMs - lastEnd(one), {
      note: "by the gate's clock; the delivery of its last mark included",
    }),
    row("kubelet's report of the last end to slot free", (one) => one.slotFreeMs - one.lastEndSeenMs, {
      note: 'as an admin watch shows it',
    }),
    row('slot free to Pod gone', (one) => one.podGoneMs - one.slotFreeMs),
  ];
}

/** A small pipeline from the offer to the free slot. */
export const wholePart: StepsPart = {
  name: 'whole',
  what: `a pipeline of clone and ${STEPS} steps of no work, from the offer to the free slot`,
  run: (run) =>
    bothWays(run, async (setup, way) => {
      const builds = await repeatRuns(run, [10, 2], () => observeBuild(setup, idleSteps(STEPS)));
      for (const { steps } of builds)
        if (steps.length !== STEPS + 1)
          throw new Error(`${steps.length} of ${STEPS + 1} gates left their word`);
      return wholeRows(builds, way);
    }),
};

/** Calls of the Kubernetes API for one pipeline. */
export interface CallCount {
  /** Without those of Leases, which are renewed by the clock and not by pipelines. */
  readonly writes: number;
  readonly leaseWrites: number;
  /** `2 create pods, 1 delete pods`: writes first, then the rest. */
  readonly text: string;
}

/** Counts calls by verb and resource. */
export function countCalls(calls: readonly AnsweredCall[]): CallCount {
  const isWrite = ({ verb }: AnsweredCall): boolean => ['create', 'patch', 'delete'].includes(verb);
  const onLease = ({ resource }: AnsweredCall): boolean => resource === 'leases';
  const writes = calls.filter((call) => isWrite(call) && !onLease(call));
  const leases = calls.filter(onLease);
  const rest = calls.filter((call) => !isWrite(call) && !onLease(call));
  const parts = [listed(writes), `besides: ${listed(rest)}`, `Leases: ${listed(leases)}`];
  return { writes: writes.length, leaseWrites: leases.filter(isWrite).length, text: parts.join('; ') };
}

function listed(calls: readonly AnsweredCall[]): string {
  const byKind = Map.groupBy(calls, ({ verb, resource, status }) =>
    status < 400 && status > 0 ? `${verb} ${resource}` : `${verb} ${resource} answered ${status}`,
  );
  return [...byKind].map(([kind, all]) => `${all.length} ${kind}`).join(', ') || 'none';
}

const MOST_WRITES = 4;
const CREDENTIALS = JSON.stringify({ auths: { 'registry.example.com': { auth: btoa('reader:bench') } } });

interface Case {
  readonly steps: number;
  readonly credentials: boolean;
}

const CASES: readonly Case[] = [
  { steps: 1, credentials: false },
  { steps: 5, credentials: false },
  { steps: 20, credentials: false },
  { steps: 5, credentials: true },
];

/** The shortest, the longest, and the one that costs more. */
const QUICK_CASES = CASES.filter(({ steps, credentials }) => steps !== 5 || credentials);

/** What a pipeline costs the API server: the same whatever its number of steps. */
export const apiWritesPart: StepsPart = {
  name: 'writes',
  what: 'writes to the Kubernetes API per pipeline',
  run: (run) =>
    within(run, {}, async (setup) => {
      const rows: Measured[] = [];
      for (const { steps, credentials } of run.quick ? QUICK_CASES : CASES) {
        const yaml = idleSteps(steps, credentials ? 'image_pull_secrets: [registry]\n' : '');
        const secrets = credentials ? { registry: CREDENTIALS } : {};
        const counts = await repeatRuns(run, [3, 1], async () =>
          countCalls((await observeBuild(setup, yaml, secrets)).apiCalls),
        );
        rows.push({
          name: `API writes, clone and ${steps} ${steps === 1 ? 'step' : 'steps'}${credentials ? ', with pull credentials' : ''}`,
          unit: 'count',
          values: counts.map(({ writes }) => writes),
          targets: [{ of: 'max', atMost: credentials ? MOST_WRITES + 1 : MOST_WRITES }],
          note: [...new Set(counts.map(({ text }) => text))].join(' | '),
        });
      }
      return rows;
    }),
};

const BUILDS = 20;
const CROWD_STEPS = 3;

/** From the first offer until the server knows the end of each; each must succeed. */
async function manyAtOnce(setup: BenchSystem): Promise<number> {
  const { drone, clock, runner, tape } = setup;
  const beganMs = clock.now();
  const ids = Array.from({ length: BUILDS }, () => drone.createBuild({ yaml: idleSteps(CROWD_STEPS) }).id);
  const builds = await Promise.all(ids.map((id) => setup.ended(id)));
  const totalMs = clock.now() - beganMs;
  builds.forEach(expectSuccess);
  await setup.until('all places are free', () => runner.assembly.parts.registry.entries.length === 0);
  await setup.until('all Pods are gone', () => tape.isEmpty);
  return totalMs;
}

/** Many at once: admission, the pace of API writes and the kubelet together. */
export const crowdPart: StepsPart = {
  name: 'crowd',
  what: `${BUILDS} builds of clone and ${CROWD_STEPS} steps at once`,
  run: (run) =>
    bothWays(run, async (setup, { title, crowdMs }) => [
      {
        name: `${title}: ${BUILDS} builds of ${CROWD_STEPS} steps at once, until all are reported`,
        unit: 'ms',
        values: await repeatRuns(run, [3, 1], () => manyAtOnce(setup)),
        targets: [{ of: 'max', atMost: crowdMs }],
        note: 'with a clone step each; all succeeded',
      },
    ]),
};
