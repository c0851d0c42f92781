import { LABEL } from '@hangar/runner/compiled';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { pipeline } from '../../suites/flows/pipelines.ts';
import { gaps, quantile } from '../measure.ts';
import { type BenchSystem, expectSuccess, repeatRuns, type StepsPart, within } from './bench-system.ts';
import { byContainer, observeBuild } from './observed-build.ts';
import { idleSteps, WITHOUT_CLONE } from './pipelines.ts';
import type { RecordedPod, SeenEnd } from './pod-recorder.ts';

const GATE_STEPS = 20;

/** From the end of one step to the start of the next, in the Pod, by the gates' own clocks. */
export const gateGapPart: StepsPart = {
  name: 'gate',
  what: `gap between ${GATE_STEPS} chained steps behind the gate`,
  run: (run) =>
    within(run, {}, async (setup) => {
      const found = await repeatRuns(run, [6, 1], async () => {
        const { steps } = await observeBuild(setup, idleSteps(GATE_STEPS, WITHOUT_CLONE));
        if (steps.length !== GATE_STEPS)
          throw new Error(`${steps.length} of ${GATE_STEPS} gates left their word`);
        return gaps(steps);
      });
      const targets = [
        { of: 'p50', atMost: 10 },
        { of: 'p99', atMost: 50 },
      ] as const;
      const note = `${GATE_STEPS} steps of no work in a chain, images present, by the gates' termination messages`;
      return [{ name: 'gap between steps, gate', unit: 'ms', values: found.flat(), targets, note }];
    }),
};

/** When a container wrote its first and its last line, by the node's clock, milliseconds since 1970 with fractions. */
interface Written {
  readonly startMs: number;
  readonly endMs: number;
}

/** `2026-11-25T21:00:00.123456789Z`: Date knows milliseconds only. */
function stampMs(line: string): number | undefined {
  const [, second, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z /.exec(line) ?? [];
  return second === undefined ? undefined : Date.parse(`${second}Z`) + Number(`0${fraction}`) * 1000;
}

/** Parses a log that was requested with time stamps; undefined when it has no line. */
export function readWritten(log: string): Written | undefined {
  const stamps = log.split('\n').flatMap((line) => stampMs(line) ?? []);
  const [startMs, endMs] = [stamps[0], stamps.at(-1)];
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}

/** Containers of one Pod that end with that image, one after the other. */
interface Chain {
  readonly isIts: (pod: V1Pod) => boolean;
  readonly image: string;
  readonly steps: number;
}

const PATIENCE_MS = 180_000;

/**
 * Gaps from the last line of one container to the first line of the next, in milliseconds. Reads the log of each as soon as the watch
 * shows its end, since the Pod may go at any moment. Rejects when one can't be read.
 *
 * @param onEnd called for each end
 */
async function gapsOf(
  setup: BenchSystem,
  { isIts, image, steps }: Chain,
  onEnd: (ended: SeenEnd) => void = () => undefined,
): Promise<readonly number[]> {
  const reads: { readonly container: string; readonly written: Promise<Written> }[] = [];
  const unlisten = setup.tape.listen((taped, ended) => {
    if (!isIts(taped.pod) || ended.image !== image) return;
    const written = writtenBy(setup, taped, ended.container);
    // Awaited below, when all have ended.
    written.catch(() => undefined);
    reads.push({ container: ended.container, written });
    onEnd(ended);
  });
  try {
    await setup.until(`${steps} containers have ended`, () => reads.length === steps, PATIENCE_MS);
    return gaps(await Promise.all(reads.sort(byContainer).map(({ written }) => written)));
  } finally {
    unlisten();
  }
}

async function writtenBy(
  { admin, namespace }: BenchSystem,
  { pod }: RecordedPod,
  container: string,
): Promise<Written> {
  const request = { namespace, pod: pod.metadata?.name ?? '', container, follow: false };
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of await admin.log(request, AbortSignal.timeout(30_000)))
    text += decoder.decode(chunk, { stream: true });
  const written = readWritten(text);
  if (written === undefined) throw new Error(`the log of ${container} is empty: ${text.slice(0, 200)}`);
  return written;
}

const BARE_LOOP = 'bare-loop';

const placeholders = (gateImage: string, steps: number): V1Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: BARE_LOOP },
  spec: {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    containers: Array.from({ length: steps }, (_, index) => ({
      name: `step-${index + 1}`,
      image: gateImage,
      imagePullPolicy: 'IfNotPresent',
      env: [{ name: 'PLUGIN_GREETING', value: 'hello' }],
    })),
  },
});

const running = ({ pod }: RecordedPod): number =>
  (pod.status?.containerStatuses ?? []).filter(({ state }) => state?.running).length;

/**
 * The least that a swap needs: one Pod of placeholders, and a PATCH of the next one's image as soon as the watch shows the end of
 * the one before. Gaps between their lines, in milliseconds.
 */
async function bareLoop(
  setup: BenchSystem,
  image: string,
  pod: V1Pod,
  say: (text: string) => void,
): Promise<readonly number[]> {
  const { admin, namespace, tape } = setup;
  const never = new AbortController().signal;
  const steps = pod.spec?.containers.length ?? 0;
  const target = { resource: RESOURCE.pods, namespace, name: BARE_LOOP };
  const isIts = ({ metadata }: V1Pod): boolean => metadata?.name === BARE_LOOP;
  const patch = (n: number) =>
    admin.patch(target, { spec: { containers: [{ name: `step-${n}`, image }] } }, 'strategic', never);
  const next = ({ container }: SeenEnd): void => {
    const n = Number(container.replace('step-', '')) + 1;
    if (n <= steps) patch(n).catch((error: unknown) => say(String(error)));
  };
  await admin.create({ resource: RESOURCE.pods, namespace }, pod, never);
  try {
    await setup.until('all placeholders run', () =>
      tape.pods.some((taped) => isIts(taped.pod) && running(taped) === steps),
    );
    const [found] = await Promise.all([gapsOf(setup, { isIts, image, steps }, next), patch(1)]);
    return found;
  } finally {
    await admin.remove(target, { gracePeriodSeconds: 1 }, never);
    await setup.until('the bare Pod is gone', () => tape.isEmpty);
  }
}

/** Gaps between plugin steps with an unknown command line. */
async function swapped(setup: BenchSystem, image: string, count: number): Promise<readonly number[]> {
  const { drone, tape } = setup;
  const steps = Array.from(
    { length: count },
    (_, index) => `- name: p${index + 1}\n  image: ${image}\n  settings: { greeting: hello }\n`,
  );
  const { id } = drone.createBuild({ yaml: pipeline(steps.join(''), WITHOUT_CLONE) });
  const stageId = String(drone.stage(id).id);
  const isIts = ({ metadata }: V1Pod): boolean => metadata?.labels?.[LABEL.stageId] === stageId;
  const [found, build] = await Promise.all([gapsOf(setup, { isIts, image, steps: count }), setup.ended(id)]);
  expectSuccess(build);
  await setup.until('its Pod is gone', () => tape.isEmpty);
  return found;
}

/** Nothing listens there: the look-up fails at once and sends no request to the outside. */
const NO_REGISTRY = { HANGAR_REGISTRY_MIRRORS: 'docker.io:127.0.0.1:9' };

/** What a swap costs, beside the least that any program could do. */
export const swapGapPart: StepsPart = {
  name: 'swap',
  what: `gap between chained steps by image swap, beside a bare PATCH loop`,
  run: (run) =>
    within(run, { env: NO_REGISTRY }, async (setup) => {
      const { gateImage = '', images } = run.cluster;
      const count = run.quick ? 3 : 6;
      const turns = await repeatRuns(run, [3, 1], async () => ({
        bare: await bareLoop(setup, images.plugin, placeholders(gateImage, count), run.say),
        ours: await swapped(setup, images.plugin, count),
      }));
      const bare = turns.flatMap((turn) => turn.bare);
      const ours = turns.flatMap((turn) => turn.ours);
      return [
        {
          name: 'gap between steps, swap',
          unit: 'ms',
          values: ours,
          note: `${count} plugin steps, by the stamps of their log lines`,
        },
        {
          name: 'gap between steps, bare PATCH loop',
          unit: 'ms',
          values: bare,
          note: 'on the same node in turn with the swaps, by the same stamps',
        },
        {
          name: 'swap against bare PATCH loop',
          unit: 'ratio',
          values: [quantile(ours, 0.5) / quantile(bare, 0.5)],
          targets: [{ of: 'max', atMost: 1.1 }],
          note: 'p50 by p50',
        },
      ];
    }),
};
