import type { V1ContainerStatus, V1Pod } from '@kubernetes/client-node';
import { containerName, GATE_VOLUME } from '../pipeline/compiled.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { gateVolumeView } from './container-view.ts';
import { observe } from './observe.ts';
import type { PodNotice } from './pod-notice.ts';
import { type CheckInputs, troubleOf } from './trouble.ts';
import type { TroubleCode } from './trouble-kinds.ts';

/** Whether the gate comes into that Pod as an image volume. */
export const isGateByVolume = ({ spec }: V1Pod): boolean =>
  (spec?.volumes ?? []).some(({ name, image }) => name === GATE_VOLUME && Boolean(image));

/** Whether the kubelet reports that the container of any step was started, whatever became of it. */
export function hasStepStarted({ status }: V1Pod, { steps }: RunPlan): boolean {
  const names = new Set(steps.map(({ n }) => containerName(n)));
  return (status?.containerStatuses ?? []).some((one) => names.has(one.name) && wasStarted(one));
}

/** The runtime reports a start in 1970 for a container that it could not start. */
function wasStarted({ state, lastState }: V1ContainerStatus): boolean {
  const starts = [state?.running ?? state?.terminated, lastState?.terminated].map((one) => one?.startedAt);
  return Boolean(state?.running) || starts.some((at) => at && new Date(at).getTime() > 0);
}

/**
 * Whether it is certain that no step of a Pod was started, nor will be: the kubelet itself has ended the Pod, and its last status shows no
 * start. What others report of a node that is gone proves nothing. Pure.
 */
export function isOverUnstarted(pod: V1Pod, plan: RunPlan): boolean {
  return isOver(pod) && observe(pod, plan).disruption === '' && !hasStepStarted(pod, plan);
}

/** Whether the kubelet has ended the Pod. */
export const isOver = ({ status }: V1Pod): boolean =>
  status?.phase === 'Failed' || status?.phase === 'Succeeded';

/** Troubles of a Pod in which no container starts that the gate's volume may have caused. */
const SUSPECT: ReadonlySet<TroubleCode> = new Set([
  'container-refused',
  'start-timed-out',
  'image-pull-failed',
]);

/**
 * Why no step of a Pod starts, if its gate's volume is the cause or may be; undefined otherwise, and once a step was started. A pull that
 * takes long is no reason: an init container would wait for it too. Pure.
 * */
export function gateVolumeFailure(
  pod: V1Pod,
  plan: RunPlan,
  {
    inputs,
    notices,
  }: { readonly inputs: Omit<CheckInputs, 'ended'>; readonly notices: readonly PodNotice[] },
): { readonly kind: 'no-gate'; readonly reason: string } | undefined {
  if (!isGateByVolume(pod) || hasStepStarted(pod, plan)) return undefined;
  const trouble = troubleOf(observe(pod, plan), plan, { ...inputs, ended: () => false });
  const reason =
    messageOf(gateVolumeView(pod)) ??
    notices.find(isMountFailure)?.text ??
    (trouble && SUSPECT.has(trouble.code) ? trouble.text : undefined);
  return reason === undefined ? undefined : { kind: 'no-gate', reason };
}

const messageOf = (view: ReturnType<typeof gateVolumeView>): string | undefined =>
  view?.kind === 'waiting' ? view.message : undefined;

const isMountFailure = ({ text, container }: PodNotice): boolean =>
  container === '' && text.startsWith('waiting for a volume') && text.includes(GATE_VOLUME);
