import { ANNOTATION } from '@hangar/runner/compiled';
import type { RecordedCall } from '../../parts/drone/calls.ts';
import type { BenchPart } from '../command.ts';
import type { Measured, SampleTarget } from '../measure.ts';
import { bareLoop, type Template, templateOf } from './bare-loop.ts';
import { type LoadRun, type LoadSystem, withinLoad } from './load-system.ts';

type LoadPart = BenchPart<LoadRun>;

/** Pipelines that a client of the bare loop has under way at once. */
const CLIENT_PIPELINES = 50;
const WRITES_PER_PIPELINE = 4;
const FINAL = ['success', 'failure', 'error', 'killed', 'skipped'];

const atMost = (limit: number, of: SampleTarget['of'] = 'max'): Pick<Measured, 'targets'> => ({
  targets: [{ of, atMost: limit }],
});

/** Milliseconds for each pipeline, from the first offer until the server knows the end of all. */
async function timeEach(
  { clock, say }: LoadRun,
  what: string,
  count: number,
  work: () => Promise<void>,
): Promise<number> {
  const beganMs = clock.monotonicMs();
  await work();
  const each = (clock.monotonicMs() - beganMs) / count;
  say(`bench: throughput: ${what}: ${each.toFixed(1)} ms for each of ${count} pipelines`);
  return each;
}

interface Throughput {
  readonly eachMs: number;
  /** CPU time of all replicas for each pipeline. */
  readonly cpuMs: number;
}

async function replicasEach(
  run: LoadRun,
  system: LoadSystem,
  options: { readonly count: number; readonly replicas: number; readonly env?: Record<string, string> },
): Promise<Throughput> {
  const { count, replicas, env = {} } = options;
  const named = Array.from(
    { length: replicas },
    (_, nth) => `load-${replicas}-${nth}-${Object.keys(env).length}`,
  );
  const started = await Promise.all(named.map((name) => system.startReplica(name, env)));
  await system.until('each replica to ask for work', () => system.drone.waitingPolls >= replicas);
  const idleCpuMs = await Promise.all(started.map((one) => one.cpuMs()));
  const each = await timeEach(run, `${replicas} replicas ${JSON.stringify(env)}`, count, () =>
    system.ended(system.offer(count)),
  );
  await system.until('the Pods to be gone', () => system.node.pods.length === 0);
  const cpuMs = await Promise.all(started.map((one) => one.cpuMs()));
  await Promise.all(started.map((one) => one.end()));
  return {
    eachMs: each,
    cpuMs: cpuMs.reduce((sum, one, nth) => sum + one - (idleCpuMs[nth] ?? 0), 0) / count,
  };
}

/** The objects of one pipeline while it runs. */
async function firstPipeline(system: LoadSystem): Promise<Template> {
  const { node } = system;
  const replica = await system.startReplica('load-template');
  node.holds = true;
  const builds = system.offer(1);
  await system.until('a Pod to run', () => node.pods.some(({ status }) => status?.phase === 'Running'));
  const template = await templateOf(system);
  node.holds = false;
  await node.endAll(0);
  await system.ended(builds);
  await replica.end();
  return template;
}

/** What was measured in one run, milliseconds for each pipeline. */
interface Throughputs {
  readonly bareOne: number;
  readonly bareTwo: number;
  readonly one: Throughput;
  readonly two: Throughput;
  readonly limitedOne: Throughput;
  readonly limitedTwo: Throughput;
  /** Calls a second of each limited replica. */
  readonly qps: string;
}

async function measured(run: LoadRun, system: LoadSystem, count: number): Promise<Throughputs> {
  const template = await firstPipeline(system);
  const bare = (clients: number): Promise<number> => {
    const order = { count, clients: clients * CLIENT_PIPELINES };
    return timeEach(run, `bare loop, ${clients} clients`, count, () => bareLoop(system, template, order));
  };
  const [bareOne, bareTwo] = [await bare(1), await bare(2)];
  const one = await replicasEach(run, system, { count, replicas: 1 });
  const two = await replicasEach(run, system, { count, replicas: 2 });
  const qps = String(Math.max(1, Math.round((WRITES_PER_PIPELINE * 1000) / bareOne / 3)));
  const env = { DRONE_KUBE_CLIENT_QPS: qps, DRONE_KUBE_CLIENT_BURST: '1' };
  const limitedOne = await replicasEach(run, system, { count, replicas: 1, env });
  const limitedTwo = await replicasEach(run, system, { count, replicas: 2, env });
  return { bareOne, bareTwo, one, two, limitedOne, limitedTwo, qps };
}

function throughputRows({
  bareOne,
  bareTwo,
  one,
  two,
  limitedOne,
  limitedTwo,
  qps,
}: Throughputs): readonly Measured[] {
  const row = (who: string, eachMs: number, more: Partial<Measured> = {}): Measured => ({
    name: `${who}: time for each pipeline`,
    unit: 'ms',
    values: [eachMs],
    note: `${Math.round(60_000 / eachMs)} a minute`,
    ...more,
  });
  const ratio = (name: string, value: number, limit: number): Measured => ({
    ...{ name, unit: 'ratio', values: [value] },
    ...atMost(limit),
  });
  return [
    row('bare loop, one client', bareOne),
    row('bare loop, two clients', bareTwo),
    row('one replica', one.eachMs, atMost(60)),
    { name: 'one replica: its CPU time for each pipeline', unit: 'ms', values: [one.cpuMs] },
    row('two replicas', two.eachMs),
    row(`one replica with ${qps} calls a second`, limitedOne.eachMs),
    row(`two replicas with ${qps} calls a second each`, limitedTwo.eachMs),
    ratio('time of one replica against the bare loop', one.eachMs / bareOne, 1 / 0.8),
    ratio('time of two replicas against the bare loop with two clients', two.eachMs / bareTwo, 1 / 0.8),
    ratio('time of two limited replicas against one', limitedTwo.eachMs / limitedOne.eachMs, 1 / 1.6),
  ];
}

/** Throughput of one replica and of two, against the same writes without a runner. */
export const throughputPart: LoadPart = {
  name: 'throughput',
  what: 'pipelines of one step that end at once: replicas against a bare loop of the same writes',
  run: (run) =>
    withinLoad(run, async (system) => throughputRows(await measured(run, system, run.quick ? 100 : 1_000))),
};

/** Many at once: memory and event loop of the runner that has them, and how soon their ends are reported. */
export const crowdPart: LoadPart = {
  name: 'at-once',
  what: 'many pipelines that run at once on one replica: memory, event loop, reports',
  run: async (run) => [
    ...(await withinLoad(run, (system) => heldBuilds(run, system, run.quick ? 200 : 1_000))),
    ...(await withinLoad(run, (system) => reports(run, system, run.quick ? 100 : 500))),
  ],
};

/** How soon the Pods of a replica that is lost, or that hands over, have a new owner. */
export const takeoverPart: LoadPart = {
  name: 'takeover',
  what: 'how soon another replica owns the Pods of one that is killed, and of one that hands over',
  run: (run) => withinLoad(run, (system) => takeovers(run, system, run.quick ? 20 : 100)),
};

async function takeovers(
  { clock }: LoadRun,
  system: LoadSystem,
  count: number,
): Promise<readonly Measured[]> {
  const { node, space, until } = system;
  const ownedBy = (name: string): Promise<void> =>
    until(`${count} Pods of ${name}`, () =>
      node.pods.every(
        ({ metadata }) => metadata?.annotations?.[ANNOTATION.owner] === `${space.name}/hangar-runner-${name}`,
      ),
    );
  const first = await system.startReplica('load-a');
  const builds = await startHeld(system, count);
  const second = await system.startReplica('load-b');
  await first.kill();
  const killedMs = clock.monotonicMs();
  await ownedBy('load-b');
  const takenOverMs = clock.monotonicMs() - killedMs;
  await system.startReplica('load-c');
  const toldMs = clock.monotonicMs();
  await Promise.all([second.end(), ownedBy('load-c')]);
  const handedOverMs = clock.monotonicMs() - toldMs;
  await node.endAll(2_000);
  await system.ended(builds);
  return [
    {
      name: `${count} Pods of a replica that is killed: until another one owns them all`,
      unit: 'ms',
      values: [takenOverMs],
      ...atMost(15_000),
      note: 'HANGAR_LEASE_TERM at its default',
    },
    {
      name: `${count} Pods of a replica that is stopped: until another one owns them all`,
      unit: 'ms',
      values: [handedOverMs],
      ...atMost(3_000),
    },
  ];
}

/** Starts that many pipelines, which run until their node ends them. */
async function startHeld({ node, offer, until }: LoadSystem, count: number): Promise<readonly number[]> {
  node.holds = true;
  const builds = offer(count);
  await until(
    `${count} Pods to run`,
    () => node.pods.filter(({ status }) => status?.phase === 'Running').length === count,
  );
  return builds;
}

async function heldBuilds(run: LoadRun, system: LoadSystem, count: number): Promise<readonly Measured[]> {
  const replica = await system.startReplica('load-memory');
  const builds = await startHeld(system, count);
  const residentMib = await replica.residentMib();
  await system.node.endAll(run.quick ? 5_000 : 30_000);
  await system.ended(builds);
  const afterMib = await replica.residentMib();
  return [
    {
      name: `${count} pipelines at once: resident memory of the runner`,
      unit: 'MiB',
      values: [residentMib, afterMib],
      ...atMost(334),
      note: 'while all run, and after their end',
    },
    {
      name: `${count} pipelines from their start to their end: delay of the event loop, p99`,
      unit: 'ms',
      values: [await replica.eventLoopMs()],
      ...atMost(50),
    },
  ];
}

async function reports(run: LoadRun, system: LoadSystem, count: number): Promise<readonly Measured[]> {
  const { drone, node } = system;
  await system.startReplica('load-reports');
  const builds = await startHeld(system, count);
  await node.endAll(run.quick ? 10_000 : 60_000);
  await system.ended(builds);
  const isFinal = ({ endpoint, body }: RecordedCall): boolean =>
    endpoint === 'step-update' && FINAL.includes(String(body?.['status']));
  const reportedMs = new Map(
    drone.calls.all.filter(isFinal).map(({ pathId, startedAtMs }) => [pathId, startedAtMs]),
  );
  const latencies = builds.map((id) => {
    const { id: stageId, steps } = drone.stage(id);
    return (reportedMs.get(steps[0]?.id ?? 0) ?? Number.NaN) - (node.endedMs.get(stageId) ?? Number.NaN);
  });
  return [
    {
      name: `${count} pipelines at once: end of a step to its report`,
      unit: 'ms',
      values: latencies,
      ...atMost(1_500, 'p99'),
      note: `from the node's status of the Pod; the ends are spread over ${run.quick ? 10 : 60} s`,
    },
  ];
}
