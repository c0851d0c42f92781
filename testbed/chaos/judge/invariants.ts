import { EXIT } from '@hangar/shared/program/exit-codes';
import type { ExpectedStage, ExpectedStep, Shape } from '../plan/shapes.ts';
import type { BuildHistory, History, StageRecord, StepHistory } from './history.ts';

/** The invariants that must hold for every run. */
export const INVARIANTS = [
  'one correct final status',
  'a step runs at most once',
  'nothing starts after a stop',
  'logs are complete',
  'nothing is left in the cluster',
  'memory is flat',
  'the daemon ends only on a signal',
] as const;

/** An invariant by name. */
export type Invariant = (typeof INVARIANTS)[number];

/** A violation of an invariant. */
export interface Violation {
  readonly invariant: Invariant;
  /** The build; undefined: the violation concerns the whole run. */
  readonly build: { readonly number: number; readonly id: number; readonly shape: string } | undefined;
  readonly expected: string;
  readonly seen: string;
}

type Finding = Omit<Violation, 'build'>;

/** A container that is being started when its Pod is stopped may still start within this time. */
const STOP_SLACK_MS = 4_000;
/** Time limit for carrying out a cancel; faults during it extend it. */
const CANCEL_LIMIT_MS = 30_000;
/** A runner ends only on a signal: it keeps running while servers are unavailable, and acquires a lost Lease again. */
const EXPECTED_EXITS: ReadonlySet<number> = new Set([EXIT.ok]);
const DONE: ReadonlySet<string> = new Set(['success', 'failure', 'killed', 'error', 'skipped', 'declined']);

/** Only steps whose ids are known have run. */
const RAN: ReadonlySet<string> = new Set(['running', 'success', 'failure', 'error']);

/** All violations in a history. Pure. */
export function violationsOf(history: History, shapes: readonly Shape[]): readonly Violation[] {
  const ofBuilds = history.builds.flatMap((build) => {
    const shape = shapes.find(({ name }) => name === build.shape);
    if (!shape) return [];
    const { number, id } = build;
    const findings = [
      ...statusFindings(build, shape),
      ...onceFindings(build),
      ...stopFindings(build, history),
      ...logFindings(build, shape),
    ];
    return findings.map((one) => ({ ...one, build: { number, id, shape: shape.name } }));
  });
  return [...ofBuilds, ...runFindings(history).map((one) => ({ ...one, build: undefined }))];
}

function statusFindings(build: BuildHistory, shape: Shape): readonly Finding[] {
  const invariant = 'one correct final status';
  const open = [build.status, ...build.stages.map(({ status }) => status)].find((one) => !DONE.has(one));
  if (open !== undefined) return [{ invariant, expected: 'an end', seen: `${open} forever` }];
  return shape.stages.flatMap((expected) => {
    const stage = build.stages.find(({ name }) => name === expected.name);
    if (!stage) return [{ invariant, expected: `a stage ${expected.name}`, seen: 'none' }];
    const ran = stage.lostSteps.find(({ status, lines }) => RAN.has(status) || lines !== undefined);
    if (ran) return [{ invariant, expected: 'a lost start has no effect', seen: textOf(ran) }];
    return [...stageFindings(build, stage, expected), ...recordFindings(build, stage, expected)];
  });
}

/** Checks that a stage ended as its shape expects, or as a cancel or the loss of its Pod requires. */
function stageFindings(build: BuildHistory, stage: StageRecord, expected: ExpectedStage): readonly Finding[] {
  if (isAsExpected(stage, expected, build.destroyedMs.length > 0)) return [];
  if (build.cancelledMs !== undefined && isCancelled(stage)) return [];
  if (build.destroyedMs.length > 0 && isClearlyLost(stage, build)) return [];
  const cut = build.cancelledMs !== undefined ? ', or killed' : '';
  const lost = build.destroyedMs.length > 0 ? ', or an error about the loss of its Pod' : '';
  return [
    {
      invariant: 'one correct final status',
      expected: `stage ${expected.name} ${expected.status} [${expected.steps.map(textOf).join(', ')}]${cut}${lost}`,
      seen: `${stage.status}${stage.error && ` "${stage.error}"`} [${stage.steps.map(textOf).join(', ')}]`,
    },
  ];
}

const textOf = ({ name, status, exitCode }: ExpectedStep | StepHistory): string =>
  `${name} ${status}${exitCode === 0 ? '' : ` ${exitCode}`}`;

/** Whether a stage ended as its shape expects; a service whose Pod was destroyed may have any final status. */
function isAsExpected(stage: StageRecord, expected: ExpectedStage, isDestroyed: boolean): boolean {
  if (stage.status !== expected.status || stage.error !== '') return false;
  return expected.steps.every((wanted) => {
    const step = stage.steps.find(({ name }) => name === wanted.name);
    if (isDestroyed && !wanted.ends) return DONE.has(step?.status ?? '');
    return step?.status === wanted.status && step.exitCode === wanted.exitCode;
  });
}

const isCancelled = ({ status, steps }: StageRecord): boolean =>
  ['killed', 'skipped'].includes(status) && steps.every((step) => DONE.has(step.status));

/** Whether a stage has an error about the loss of its Pod, or is skipped because an earlier stage of the build was lost. */
function isClearlyLost({ status, error, steps }: StageRecord, { stages }: BuildHistory): boolean {
  if (status === 'skipped' && stages.some((one) => one.status === 'error')) return true;
  if (status !== 'error' || error === '') return false;
  // The Pod and its owner are gone, and with them the steps that the Lease did not record yet: no process can end those.
  return GONE_WITH_OWNER.test(error) || steps.every((step) => DONE.has(step.status));
}

const GONE_WITH_OWNER = /the runner was lost while this pipeline ran, and its Pod no longer exists/;

/** Checks that the status of each step at the server agrees with what the step itself recorded. */
function recordFindings(
  { effects, cancelledMs, destroyedMs }: BuildHistory,
  stage: StageRecord,
  expected: ExpectedStage,
): readonly Finding[] {
  return stage.steps.flatMap((step): Finding[] => {
    const wanted = expected.steps.find(({ name }) => name === step.name);
    if (!wanted) return [];
    const began = effects.some((one) => one.step === step.name && one.kind === 'start');
    const ended = effects.some((one) => one.step === step.name && one.kind === 'end');
    const finding = (should: string, did: string): Finding[] => [
      {
        invariant: 'one correct final status',
        expected: `${should} (${step.status} at the server)`,
        seen: did,
      },
    ];
    // A cancel at the server, or the loss of the Pod, may be earlier than the report of a start.
    const isCut = cancelledMs !== undefined || destroyedMs.length > 0;
    if (step.status === 'skipped' && began && !isCut)
      return finding(`${step.name} never started`, 'it started');
    if (step.status !== 'success') return [];
    if (!began) return finding(`${step.name} ran`, 'it never started');
    return ended || !wanted.ends ? [] : finding(`${step.name} ran to its end`, 'it did not');
  });
}

function onceFindings({ effects, stages }: BuildHistory): readonly Finding[] {
  const invariant = 'a step runs at most once';
  const starts = effects.filter(({ kind }) => kind === 'start').map(({ step }) => step);
  const twice = new Set(starts.filter((step, nth) => starts.indexOf(step) !== nth));
  const steps = [...twice].map((step): Finding => {
    const count = starts.filter((one) => one === step).length;
    return { invariant, expected: `${step} once`, seen: `${count} times` };
  });
  const pods = stages.flatMap((stage): Finding[] => {
    const names = new Set(stage.steps.map(({ name }) => name));
    const those = new Set(effects.filter(({ step }) => names.has(step)).map(({ pod }) => pod));
    if (those.size < 2) return [];
    return [
      { invariant, expected: `one Pod of stage ${stage.name}`, seen: `steps ran in ${those.size} Pods` },
    ];
  });
  return [...steps, ...pods];
}

function stopFindings(build: BuildHistory, history: History): readonly Finding[] {
  const cancelLimitMs = cancelLimit(build, history);
  return build.effects.flatMap(({ step, kind, atMs, pod }): Finding[] => {
    if (kind !== 'start') return [];
    const stoppedMs = build.podStoppedMs[pod] ?? Number.POSITIVE_INFINITY;
    const lateMs = Math.max(atMs - stoppedMs - STOP_SLACK_MS, atMs - cancelLimitMs);
    if (lateMs <= 0) return [];
    const expected = `no start after the ${atMs > cancelLimitMs ? 'cancel' : 'stop of the Pod'}`;
    return [
      { invariant: 'nothing starts after a stop', expected, seen: `${step} started ${lateMs} ms too late` },
    ];
  });
}

/** The time by which a cancel must have been carried out, extended by faults. */
function cancelLimit({ cancelledMs }: BuildHistory, { faults }: History): number {
  if (cancelledMs === undefined) return Number.POSITIVE_INFINITY;
  const inOrder = faults.toSorted((a, b) => a.fromMs - b.fromMs);
  let limitMs = cancelledMs + CANCEL_LIMIT_MS;
  for (const { fromMs, toMs } of inOrder)
    if (fromMs <= limitMs && toMs >= cancelledMs) limitMs = Math.max(limitMs, toMs + CANCEL_LIMIT_MS);
  return limitMs;
}

function logFindings(build: BuildHistory, shape: Shape): readonly Finding[] {
  const isDestroyed = build.destroyedMs.length > 0;
  return build.stages.flatMap((stage) =>
    stage.steps.flatMap((step): Finding[] => {
      const wanted = shape.stages
        .find(({ name }) => name === stage.name)
        ?.steps.find(({ name }) => name === step.name);
      const began = build.effects.some((one) => one.step === step.name && one.kind === 'start');
      if (!wanted || !began) return [];
      const fault = lineFault(step, wanted, isDestroyed);
      if (fault === undefined) return [];
      const expected = `${stage.name}/${step.name}: ${wanted.lines} lines, each once and in order`;
      return [{ invariant: 'logs are complete', expected, seen: `${fault} (the step is ${step.status})` }];
    }),
  );
}

/** The problem with the lines of a step that started, if any. */
function lineFault(step: StepHistory, wanted: ExpectedStep, isDestroyed: boolean): string | undefined {
  const { lines, status } = step;
  const hasEnded = status === wanted.status && !isDestroyed;
  if (lines === undefined) return hasEnded ? 'no log' : undefined;
  const disorder = disorderIn(lines, isDestroyed);
  if (disorder !== undefined) return disorder;
  const missing = wanted.lines - lines.length;
  // A service is stopped in the middle of its output.
  return hasEnded && wanted.ends && missing > 0 ? `the last ${missing} lines are missing` : undefined;
}

function disorderIn(lines: readonly number[], mayHaveGaps: boolean): string | undefined {
  const back = lines.findIndex((line, nth) => nth > 0 && line <= (lines[nth - 1] ?? 0));
  if (back >= 0) return `line ${lines[back]} after line ${lines[back - 1]}`;
  const gap = lines.findIndex((line, nth) => line !== nth + 1);
  return gap >= 0 && !mayHaveGaps ? `line ${gap + 1} is missing, line ${lines[gap]} is there` : undefined;
}

function runFindings({ leftovers, processes }: History): readonly Finding[] {
  const left = leftovers.map((object): Finding => {
    return { invariant: 'nothing is left in the cluster', expected: 'nothing', seen: object };
  });
  const ends = processes.flatMap(({ name, exitCode }): Finding[] => {
    if (exitCode === undefined || EXPECTED_EXITS.has(exitCode)) return [];
    const expected = `exit codes ${[...EXPECTED_EXITS].join(', ')}`;
    return [
      { invariant: 'the daemon ends only on a signal', expected, seen: `${name} ended with ${exitCode}` },
    ];
  });
  return [...left, ...ends, ...processes.flatMap(memoryFindings)];
}

const MIB = 1024 * 1024;
/** A new process still loads code and fills its caches. */
const WARM_UP_MS = 20_000;
const LEAST_SAMPLES = 40;
/** Maximum growth, which garbage that is not collected yet may cause. */
const GROWTH_BYTES = 160 * MIB;
const MOST_BYTES = 600 * MIB;

/** Compares the median of the last quarter of a process's samples with that of the first. */
function memoryFindings({ name, samples }: History['processes'][number]): readonly Finding[] {
  const invariant = 'memory is flat';
  const most = Math.max(0, ...samples.map(({ bytes }) => bytes));
  if (most > MOST_BYTES)
    return [{ invariant, expected: `at most ${mib(MOST_BYTES)}`, seen: `${name}: ${mib(most)}` }];
  const beganMs = samples[0]?.atMs ?? 0;
  const warm = samples.filter(({ atMs }) => atMs >= beganMs + WARM_UP_MS).map(({ bytes }) => bytes);
  if (warm.length < LEAST_SAMPLES) return [];
  const quarter = Math.floor(warm.length / 4);
  const [first, last] = [median(warm.slice(0, quarter)), median(warm.slice(-quarter))];
  if (last - first <= GROWTH_BYTES) return [];
  return [{ invariant, expected: `${name} stays at ${mib(first)}`, seen: mib(last) }];
}

const mib = (bytes: number): string => `${Math.round(bytes / MIB)} MiB`;

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
