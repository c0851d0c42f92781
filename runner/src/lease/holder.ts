import type { V1Lease } from '@kubernetes/client-node';

/** Who holds a Lease: a process, not only its name, so that two of one name can be told apart. */
export interface Holder {
  /** The name that others know it by. */
  readonly replica: string;
  /** Of the Pod that it runs in; empty outside a cluster. */
  readonly podUid: string;
  /** Another one for each start of the process. */
  readonly instance: string;
  /** Whether it is certain that the process with that `instance` has ended; default: nothing is certain. */
  readonly isGone?: ((instance: string) => boolean) | undefined;
}

/** As `holderIdentity` has it. */
export const identityOf = (holder: Holder): string => `${samePod(holder)}${holder.instance}`;

const samePod = ({ replica, podUid }: Holder): string => `${replica}/${podUid}/`;

/** Another process of the same name is alive and holds the Lease. */
export class LeaseHeld extends Error {
  override readonly name = 'LeaseHeld';

  constructor(lease: string, holder: string) {
    super(
      `the Lease ${lease} is held and renewed by another process (${holder}): two processes with the same name would take over each other's pipelines. ` +
        'Give each runner a unique POD_NAME (in a Pod from metadata.name, as in the chart), or stop the other process',
    );
  }
}

/**
 * Whether the holder that a Lease names may be another process that instances. It does not if it let go, if it was in the very Pod
 * that we are in (the kubelet starts a container anew only after its end), if it was a process of this machine that has ended, or if it has
 * not renewed for its whole term. Pure but for `isGone`.
 *
 * @param nowMs by the wall clock: if that errs, the holder finds at its next renewal that it lost the Lease, and ends
 */
export function mayLive(lease: V1Lease, own: Holder, nowMs: number): boolean {
  const holder = holderOf(lease);
  if (holder === '' || holder === identityOf(own)) return false;
  const isSamePod = holder.startsWith(samePod(own));
  if (isSamePod && own.podUid !== '') return false;
  if (isSamePod && own.isGone?.(holder.slice(samePod(own).length))) return false;
  const silentMs = nowMs - Date.parse(renewalOf(lease));
  return silentMs <= termMsOf(lease);
}

/** Who a Lease says holds it; empty: nobody. */
export const holderOf = ({ spec }: V1Lease): string => spec?.holderIdentity ?? '';

/** Whether a holder has renewed its Lease between two reads of it. Pure. */
export const isRenewed = (before: V1Lease, now: V1Lease): boolean =>
  holderOf(now) !== '' && (renewalOf(before) !== renewalOf(now) || holderOf(before) !== holderOf(now));

/** How long its holder may be silent. Milliseconds; 0 when it doesn't say. */
export const termMsOf = ({ spec }: V1Lease): number => (spec?.leaseDurationSeconds ?? 0) * 1000;

/** Typed as a date by Kubernetes' client; as JSON it is text. */
const renewalOf = ({ spec }: V1Lease): string => String(spec?.renewTime ?? '');
