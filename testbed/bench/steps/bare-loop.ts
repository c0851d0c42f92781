import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { gaps } from '../measure/statistics.ts';
import type { BenchWorld } from './bench-world.ts';
import { writtenBy } from './log-reader.ts';
import { PodTape } from './pod-tape.ts';
import type { Track } from './track.ts';

const LABEL = 'hangar.test/bare-loop';
const PATIENCE_MS = 120_000;

/** What is swapped in, and into how many placeholders. */
export interface BareLoop {
  readonly image: string;
  readonly steps: number;
}

function placeholders(name: string, gateImage: string, steps: number): V1Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { [LABEL]: name } },
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
  };
}

/**
 * The least that a swap needs: one Pod of placeholders, and a PATCH of the next one's image as soon as the watch shows the end of
 * the one before. Gaps from the last line of one to the first line of the next, in milliseconds.
 */
export async function bareLoop(
  track: Track,
  setup: BenchWorld,
  { image, steps }: BareLoop,
): Promise<readonly number[]> {
  const { admin, namespace } = setup;
  const name = `bare-loop-${process.pid}-${Math.round(performance.now())}`;
  const never = new AbortController().signal;
  const target = { resource: RESOURCE.pods, namespace, name };
  const tape = new PodTape(track.clock, admin, { namespace, labelSelector: `${LABEL}=${name}` });
  const patch = (n: number) =>
    admin.patch(target, { spec: { containers: [{ name: `step-${n}`, image }] } }, 'strategic', never);
  const work = async (): Promise<readonly number[]> => {
    await tape.open();
    await admin.create<V1Pod>(
      { resource: RESOURCE.pods, namespace },
      placeholders(name, track.cluster.gateImage ?? '', steps),
      never,
    );
    await setup.until('all placeholders run', () => running(tape) === steps, PATIENCE_MS);
    const reading = writtenBy(setup, { tape, isIts: () => true, image, containers: steps });
    const unlisten = tape.listen((_, ended) => {
      const next = Number(ended?.container.replace('step-', '')) + 1;
      if (ended?.image === image && next <= steps)
        patch(next).catch((error: unknown) => track.say(String(error)));
    });
    const [written] = await Promise.all([reading.finally(unlisten), patch(1)]);
    return gaps(written);
  };
  const tidy = async (): Promise<void> => {
    await admin.remove(target, { gracePeriodSeconds: 1 }, never);
    await setup.until('the bare Pod is gone', () => tape.pods.every(({ goneMs }) => goneMs !== undefined));
    tape.close();
  };
  return track.tidied(work, tidy);
}

const running = (tape: PodTape): number =>
  tape.pods.flatMap(({ pod }) => pod.status?.containerStatuses ?? []).filter(({ state }) => state?.running)
    .length;
