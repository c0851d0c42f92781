import { LABEL } from '@hangar/runner/compiled';
import { type SlowRegistry, startSlowRegistry } from '../../parts/images/slow-registry.ts';
import { removeImage } from '../../parts/real/ctr.ts';
import { pushSizedImage } from '../../parts/real/images.ts';
import { pipeline } from '../../suites/flows/pipelines.ts';
import type { Measured } from '../measure.ts';
import {
  type BenchSystem,
  expectSuccess,
  repeatRuns,
  type StepsPart,
  type StepsRun,
  within,
} from './bench-system.ts';
import { readRan } from './observed-build.ts';
import type { RecordedPod } from './pod-recorder.ts';

const IMAGES = 3;
const BYTES_PER_SECOND = 1_000_000;
const LATENCY_MS = 20;
const PATIENCE_MS = 180_000;
const MODES = ['barrier', 'eager'] as const;

/** From the offer, in milliseconds. */
interface Cold {
  /** Any line in any step's log at the server: what is waited for, or the output of a step. */
  readonly firstLineMs: number;
  /** Start of the first step whose image was cold. */
  readonly firstStartMs: number;
  readonly totalMs: number;
}

/** From the cancel, in milliseconds. */
interface Cancelled {
  readonly slotFreeMs: number;
  readonly podGoneMs: number;
}

/** Images that no node has, for one build, and removed after it. */
async function withColdImages<T>(
  { cluster }: StepsRun,
  sizeBytes: number,
  work: (yaml: string, registry: SlowRegistry) => Promise<T>,
): Promise<T> {
  const { layout, registry: upstream } = cluster;
  const pushed: string[] = [];
  while (pushed.length < IMAGES) pushed.push(await pushSizedImage(layout, 'bench/cold', sizeBytes));
  const slow = await startSlowRegistry({
    upstream,
    bytesPerSecond: BYTES_PER_SECOND,
    latencyMs: LATENCY_MS,
  });
  const images = pushed.map((image) => image.replace(upstream, slow.address));
  const steps = images.map(
    (image, index) => `- name: s${index + 1}\n  image: ${image}\n  commands: [echo ${index + 1}]\n`,
  );
  try {
    return await work(pipeline(steps.join('')), slow);
  } finally {
    await slow.close();
    for (const image of images) await removeImage(layout, image).catch(() => undefined);
  }
}

/** The Pod of a build, once it is gone. */
async function gonePod({ drone, tape, until }: BenchSystem, id: number): Promise<RecordedPod | undefined> {
  const pod = () => tape.find(LABEL.stageId, String(drone.stage(id).id));
  await until('its Pod is gone', () => pod()?.goneMs !== undefined, PATIENCE_MS);
  return pod();
}

async function pulled(setup: BenchSystem, yaml: string): Promise<Cold> {
  const { drone, clock } = setup;
  const offeredMs = clock.now();
  const { id } = drone.createBuild({ yaml });
  const hasLine = (): boolean =>
    drone.stage(id).steps.some((step) => drone.logView(id, step.name).lines.length > 0);
  await setup.heard(drone.waitUntil('a first line', { timeoutMs: PATIENCE_MS }, hasLine));
  const firstLineMs = clock.now() - offeredMs;
  expectSuccess(await setup.ended(id));
  const totalMs = clock.now() - offeredMs;
  const pod = await gonePod(setup, id);
  const first = [...(pod?.ends.values() ?? [])].find(({ container }) => container === 'step-2');
  const startMs = readRan(first?.message)?.startMs ?? Number.NaN;
  return { firstLineMs, firstStartMs: startMs - offeredMs, totalMs };
}

/** Cancelled while the first image is pulled. */
async function cancelled(setup: BenchSystem, yaml: string, { asked }: SlowRegistry): Promise<Cancelled> {
  const { drone, clock, freedMs } = setup;
  const { id } = drone.createBuild({ yaml });
  const isPulled = (): boolean => asked.some((path) => path.includes('/blobs/'));
  await setup.until('an image is pulled', isPulled, PATIENCE_MS);
  const cancelMs = clock.now();
  drone.cancel(id);
  const stageId = drone.stage(id).id;
  const pod = await gonePod(setup, id);
  await setup.until('its place is free', () => freedMs.has(stageId));
  return {
    slotFreeMs: (freedMs.get(stageId) ?? Number.NaN) - cancelMs,
    podGoneMs: (pod?.goneMs ?? Number.NaN) - cancelMs,
  };
}

async function measure(run: StepsRun, mode: (typeof MODES)[number]): Promise<readonly Measured[]> {
  const sizeBytes = run.quick ? 500_000 : 2_000_000;
  const turns = await within(run, { env: { HANGAR_STEP_START: mode } }, (setup) =>
    repeatRuns(run, [3, 1], async () => ({
      ...(await withColdImages(run, sizeBytes, (yaml) => pulled(setup, yaml))),
      ...(await withColdImages(run, sizeBytes, (yaml, slow) => cancelled(setup, yaml, slow))),
    })),
  );
  const row = (name: string, of: (turn: Cold & Cancelled) => number, note = ''): Measured => ({
    name: `cold, ${mode}: ${name}`,
    unit: 'ms',
    values: turns.map(of),
    note,
  });
  return [
    row(
      'offer to first visible line',
      ({ firstLineMs }) => firstLineMs,
      `${IMAGES} images of ${sizeBytes / 1e6} MB at ${BYTES_PER_SECOND / 1e6} MB/s`,
    ),
    row('offer to start of the first step with a cold image', ({ firstStartMs }) => firstStartMs),
    row('offer to the end of the build', ({ totalMs }) => totalMs),
    row('cancel during the first pull to slot free', ({ slotFreeMs }) => slotFreeMs),
    row(
      'cancel during the first pull to Pod gone',
      ({ podGoneMs }) => podGoneMs,
      'the kubelet is unresponsive while it pulls',
    ),
  ];
}

/** What a pipeline's author sees while images are pulled slowly, and the effect of a cancel then. */
export const coldPart: StepsPart = {
  name: 'cold',
  what: `${IMAGES} cold images from a slowed registry, with the barrier and without`,
  run: async (run) => {
    const rows: Measured[] = [];
    for (const mode of MODES) rows.push(...(await measure(run, mode)));
    return rows;
  },
};
