import type { Service } from './actuator.ts';

/** What shows whether somebody brings what is asked for. */
export interface ServiceSigns {
  /** Does an engine say, or the world show, that all of it is there? */
  readonly isThere: boolean;
  /** Changes whenever something moves: an engine's status, the number of nodes. */
  readonly progress: string;
}

/** The last change that was seen. Milliseconds on the monotonic clock. */
export interface ServiceMemory {
  readonly progress: string;
  readonly sinceMs: number;
}

/**
 * Judges a buffer: asked for, not there and nothing moved for a boot time means that nobody serves it. A raise of what is asked
 * for starts no new time while the former demand wasn't met either, or a growing wish would hide the trouble for ever.
 *
 * @param bootMs the pool's usual time from order to ready, in milliseconds
 */
export function judgeService(
  memory: ServiceMemory | undefined,
  asked: number,
  signs: ServiceSigns,
  time: { readonly nowMs: number; readonly bootMs: number },
): { readonly service: Service; readonly memory: ServiceMemory | undefined } {
  if (asked === 0 || signs.isThere) return { service: 'served', memory: undefined };
  const moved = memory === undefined || memory.progress !== signs.progress;
  const sinceMs = moved ? time.nowMs : memory.sinceMs;
  const service = time.nowMs - sinceMs > time.bootMs ? 'unserved' : 'coming';
  return { service, memory: { progress: signs.progress, sinceMs } };
}
