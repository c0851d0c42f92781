import type { ProvisioningState } from './actuator.ts';

/** What shows whether an engine brings the nodes that are asked for. */
export interface ProvisioningSigns {
  /** Do the engine's status or the nodes show that all of them are there? */
  readonly isThere: boolean;
  /** Changes whenever something moves: an engine's status, the number of nodes. */
  readonly progress: string;
}

/** The last change that was seen. Milliseconds on the monotonic clock. */
export interface ProvisioningMemory {
  readonly progress: string;
  readonly sinceMs: number;
}

/**
 * Judges a buffer: nodes are asked for and not there, and nothing moved for a boot time, so no engine serves it. A raise starts no
 * new time while the former number wasn't reached either, or growing demand would hide the trouble for ever.
 *
 * @param bootMs the pool's usual time from order to ready, in milliseconds
 */
export function judgeProvisioning(
  memory: ProvisioningMemory | undefined,
  asked: number,
  signs: ProvisioningSigns,
  time: { readonly nowMs: number; readonly bootMs: number },
): { readonly service: ProvisioningState; readonly memory: ProvisioningMemory | undefined } {
  if (asked === 0 || signs.isThere) return { service: 'served', memory: undefined };
  const moved = memory === undefined || memory.progress !== signs.progress;
  const sinceMs = moved ? time.nowMs : memory.sinceMs;
  const service = time.nowMs - sinceMs > time.bootMs ? 'unserved' : 'coming';
  return { service, memory: { progress: signs.progress, sinceMs } };
}
