import { patiently } from '../launch/patiently.ts';
import type { Started } from '../launch/start.ts';
import type { Intent } from '../lease/lease-record.ts';
import type { StageFlow, StageProgress } from './stage-progress.ts';

/**
 * Records in the Lease, before a stage without a Pod is started, that no step of it has run: if the response to the start is lost with this
 * process, the next owner starts it again.
 */
export async function recordStart(flow: StageFlow): Promise<void> {
  if (flow.progress.isWaitRecorded) return;
  flow.progress.isWaitRecorded = true;
  await write(flow, { started: { stepIds: [], owners: 0 } });
}

/** Records in the Lease the step ids of a stage that waits without a Pod. */
export async function recordWait(flow: StageFlow, stepIds: StepIds): Promise<void> {
  const { startedWithoutPod, record } = flow.progress;
  const owners = (startedWithoutPod?.owners ?? record?.adoptions ?? 0) + 1;
  flow.progress.isWaitRecorded = true;
  await write(flow, { started: { stepIds: inOrder(stepIds), owners } });
}

/** Lets the next station describe the stage again from the server's details, although it was started: its Pod is removed. */
export function describeAgain(progress: StageProgress, stepIds: StepIds): void {
  const owners = progress.record?.adoptions ?? 0;
  const versions = progress.started?.reporter.raisedVersions ?? progress.record?.stepVersions;
  progress.startedWithoutPod = { stepIds: inOrder(stepIds), owners, ...(versions ? { versions } : {}) };
  progress.started = undefined;
  progress.work = undefined;
}

type StepIds = ReadonlyMap<number, number>;

/** Ids at the server in the order of the steps, whose numbers they are stored by. */
const inOrder = (stepIds: StepIds): readonly number[] =>
  [...stepIds].sort(([one], [other]) => one - other).map(([, id]) => id);

/**
 * Removes from the record that the stage waits without a Pod. This precedes anything that runs in the Pod: if the Pod and this process are
 * lost together, the stage must not be started again.
 */
export async function recordPod(flow: StageFlow): Promise<void> {
  if (!flow.progress.isWaitRecorded) return;
  await write(flow, {});
  flow.progress.isWaitRecorded = false;
}

/** Records the open steps from now on, without a write of its own: they follow with the renewals of the Lease. */
export function followSteps({ parts, progress }: StageFlow, { reporter }: Started): void {
  parts.lease.followSteps(progress.stage.id, () => reporter.openSteps);
}

async function write({ parts, progress, stops }: StageFlow, more: Pick<Intent, 'started'>): Promise<void> {
  const { id: stageId, buildId } = progress.stage;
  const deaths = parts.lease.deathsOf(stageId);
  const intent: Intent = {
    ...{ stageId, buildId, machine: progress.machine, ...more },
    ...(deaths > 0 ? { deaths } : {}),
  };
  await patiently(parts, { what: 'change the Lease' }, stops.grace, () =>
    parts.lease.intend(intent, stops.grace),
  );
}
