import { LABEL } from '@hangar/runner/compiled';
import { pipeline } from '../../suites/flows/pipelines.ts';
import { type SlowRegistry, startSlowRegistry } from '../../parts/images/slow-registry.ts';
import { removeImage } from '../../parts/real/ctr.ts';
import { pushSizedImage } from '../../parts/real/images.ts';
import type { Measured } from '../measure/row.ts';
import type { Bench } from './bench.ts';
import type { BenchWorld } from './bench-world.ts';
import { expectSuccess } from './flight.ts';
import { readRan } from './gate-line.ts';
import type { Track } from './track.ts';

const IMAGES = 3;
const BYTES_PER_SECOND = 1_000_000;
const LATENCY_MS = 20;
const PATIENCE_MS = 180_000;
const MODES = ['barrier', 'eager'] as const;
type Mode = (typeof MODES)[number];

interface Cold {
  /** Any line in any step's log at the server: what is waited for, or the output of a step. */
  readonly firstLineMs: number;
  /** Start of the first step whose image was cold. */
  readonly firstStartMs: number;
  readonly totalMs: number;
}

interface Cancelled {
  readonly slotFreeMs: number;
  readonly podGoneMs: number;
}

/** Images that no node has, for one build, and removed after it. */
async function withColdImages<T>(
  track: Track,
  sizeBytes: number,
  work: (yaml: string, registry: SlowRegistry) => Promise<T>,
): Promise<T> {
  const { layout, registry } = track.cluster;
  const pushed: string[] = [];
  while (pushed.length < IMAGES) pushed.push(await pushSizedImage(layout, 'bench/cold', sizeBytes));
  const slow = await startSlowRegistry({
    upstream: registry,
    bytesPerSecond: BYTES_PER_SECOND,
    latencyMs: LATENCY_MS,
  });
  const images = pushed.map((image) => image.replace(registry, slow.address));
  const steps = images.map(
    (image, index) => `- name: s${index + 1}\n  image: ${image}\n  commands: [echo ${index + 1}]\n`,
  );
  const tidy = async (): Promise<void> => {
    await slow.close();
    for (const image of images) await removeImage(layout, image).catch(() => undefined);
  };
  return track.tidied(() => work(pipeline(steps.join('')), slow), tidy);
}

const podOf = (setup: BenchWorld, id: number) =>
  setup.tape.find(LABEL.stageId, String(setup.drone.stage(id).id));

async function finished(setup: BenchWorld, id: number): Promise<void> {
  await setup.until('its Pod is gone', () => podOf(setup, id)?.goneMs !== undefined, PATIENCE_MS);
}

/** From the offer, in milliseconds. */
async function pulled(setup: BenchWorld, yaml: string): Promise<Cold> {
  const { drone, clock } = setup;
  const offeredMs = clock.now();
  const { id } = drone.createBuild({ yaml });
  const hasLine = (): boolean =>
    drone.stage(id).steps.some((step) => drone.logView(id, step.name).lines.length > 0);
  await drone.waitUntil('a first line', { timeoutMs: PATIENCE_MS }, hasLine);
  const firstLineMs = clock.now() - offeredMs;
  expectSuccess(await drone.waitForBuild(id, { timeoutMs: PATIENCE_MS }));
  const totalMs = clock.now() - offeredMs;
  await finished(setup, id);
  const first = [...(podOf(setup, id)?.ends.values() ?? [])].find(({ container }) => container === 'step-2');
  const startMs = readRan(first?.message)?.startMs ?? Number.NaN;
  return { firstLineMs, firstStartMs: startMs - offeredMs, totalMs };
}

/** Cancelled while the first image is pulled; from the cancel, in milliseconds. */
async function cancelled(setup: BenchWorld, yaml: string, registry: SlowRegistry): Promise<Cancelled> {
  const { drone, clock, freedMs } = setup;
  const { id } = drone.createBuild({ yaml });
  await setup.until(
    'an image is pulled',
    () => registry.asked.some((path) => path.includes('/blobs/')),
    PATIENCE_MS,
  );
  const cancelMs = clock.now();
  drone.cancel(id);
  const stageId = drone.stage(id).id;
  await finished(setup, id);
  await setup.until('its place is free', () => freedMs.has(stageId));
  return {
    slotFreeMs: (freedMs.get(stageId) ?? Number.NaN) - cancelMs,
    podGoneMs: (podOf(setup, id)?.goneMs ?? Number.NaN) - cancelMs,
  };
}

async function measure(track: Track, mode: Mode): Promise<readonly Measured[]> {
  const sizeBytes = track.quick ? 500_000 : 2_000_000;
  const [colds, cancels]: [Cold[], Cancelled[]] = [[], []];
  await track.within({ env: { HANGAR_STEP_START: mode } }, async (setup) => {
    for (let turn = track.times(3, 1); turn > 0; turn--) {
      colds.push(await withColdImages(track, sizeBytes, (yaml) => pulled(setup, yaml)));
      cancels.push(await withColdImages(track, sizeBytes, (yaml, slow) => cancelled(setup, yaml, slow)));
    }
  });
  const what = `${IMAGES} images of ${sizeBytes / 1e6} MB at ${BYTES_PER_SECOND / 1e6} MB/s`;
  const row = (name: string, values: readonly number[], note = ''): Measured => ({
    name: `cold, ${mode}: ${name}`,
    unit: 'ms',
    values,
    targets: [],
    note,
  });
  return [
    row(
      'offer to first visible line',
      colds.map((one) => one.firstLineMs),
      what,
    ),
    row(
      'offer to start of the first step with a cold image',
      colds.map((one) => one.firstStartMs),
    ),
    row(
      'offer to the end of the build',
      colds.map((one) => one.totalMs),
    ),
    row(
      'cancel during the first pull to slot free',
      cancels.map((one) => one.slotFreeMs),
    ),
    row(
      'cancel during the first pull to Pod gone',
      cancels.map((one) => one.podGoneMs),
      'the kubelet is deaf while it pulls',
    ),
  ];
}

/** What a pipeline's author sees while images come slowly, and what a cancel does then. */
export const coldBench: Bench = {
  name: 'cold',
  what: `${IMAGES} cold images from a slowed registry, with the barrier and without`,
  run: async (track) => {
    const rows: Measured[] = [];
    for (const mode of MODES) rows.push(...(await measure(track, mode)));
    return rows;
  },
};
