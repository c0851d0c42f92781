import type { Measured } from '../measure/row.ts';
import type { Bench } from './bench.ts';
import type { BenchWorld } from './bench-world.ts';

/** A step without an image: the runner refuses it after its details, so that nothing but the pick-up takes time. */
const REFUSED =
  'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- name: none\n  commands: [echo never]\n';
/** Empty polls come soon enough to be many; the pause of the program being replaced doesn't depend on their length. */
const SHORT_POLL_MS = 1_000;
const REAL_POLL_MS = 30_000;
const TARGET_MS = 100;

/** From the offer until the server gets the runner's accept. */
async function pickUp({ drone, clock }: BenchWorld): Promise<number> {
  const offeredMs = clock.now();
  const { id } = drone.createBuild({ yaml: REFUSED });
  const stageId = drone.stage(id).id;
  await drone.waitForBuild(id, { timeoutMs: 30_000 });
  const accept = drone.calls.of('accept').find((call) => call.pathId === stageId);
  if (accept === undefined) throw new Error(`stage ${stageId} was never accepted`);
  return accept.startedAtMs - offeredMs;
}

const emptyPolls = ({ drone }: BenchWorld): number =>
  drone.calls.of('request').filter((call) => call.status === 204).length;

/** In the very moment when the server has sent an empty answer. */
async function afterEmptyPoll(setup: BenchWorld): Promise<number> {
  const before = emptyPolls(setup);
  await setup.drone.waitUntil(
    'an empty poll',
    { timeoutMs: 2 * REAL_POLL_MS },
    () => emptyPolls(setup) > before,
  );
  return pickUp(setup);
}

async function several(times: number, one: () => Promise<number>): Promise<readonly number[]> {
  const values: number[] = [];
  while (values.length < times) values.push(await one());
  return values;
}

/** A build is picked up at once, whatever the poller is doing: always. */
export const pickUpBench: Bench = {
  name: 'pick-up',
  what: 'from the offer of a build to the accept',
  run: async (track) => {
    const targets = [{ of: 'max', atMost: TARGET_MS }] as const;
    const row = (name: string, values: readonly number[]): Measured => ({
      name,
      unit: 'ms',
      values,
      targets,
      note: '',
    });
    const inTurn = await track.within({}, (setup) => several(track.times(30, 10), () => pickUp(setup)));
    const empty = await track.within({ longPollMs: SHORT_POLL_MS }, (setup) =>
      several(track.times(15, 5), () => afterEmptyPoll(setup)),
    );
    const rows = [
      row('pick-up, builds one after another', inTurn),
      row(`pick-up right after an empty poll of ${SHORT_POLL_MS / 1000} s`, empty),
    ];
    if (track.quick) return rows;
    const long = await track.within({ longPollMs: REAL_POLL_MS }, (setup) =>
      several(2, () => afterEmptyPoll(setup)),
    );
    return [...rows, row(`pick-up right after an empty poll of ${REAL_POLL_MS / 1000} s`, long)];
  },
};
