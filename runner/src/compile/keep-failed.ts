import { formatSpan, parseSpanMs } from '@hangar/shared/span';
import type { StageDetail } from '../pipeline/drone.ts';
import { type TrustLevel, trustLevelOf } from '../restrict/trust-level.ts';
import type { CompileSettings } from './settings.ts';

/** Setting and build parameter. */
const KEEP_FAILED = 'HANGAR_KEEP_FAILED';

type KeepSettings = Pick<CompileSettings, 'keepFailedMs' | 'keepFailedMaxMs'>;

/** How long the container of a failed step of this build stays, in milliseconds (0: it does not), and warnings for the author. Pure. */
export function keepFailed(
  detail: StageDetail,
  settings: KeepSettings,
): { readonly ms: number; readonly warnings: readonly string[] } {
  const { params } = detail.build;
  const wanted = Object.hasOwn(params, KEEP_FAILED) ? params[KEEP_FAILED] : undefined;
  const level = trustLevelOf(detail);
  const usual = level === 'fork' ? 0 : settings.keepFailedMs;
  if (wanted === undefined) return { ms: usual, warnings: [] };
  const chosen = chosenMs(wanted, settings, level);
  if (typeof chosen === 'number') return { ms: chosen, warnings: [] };
  return { ms: usual, warnings: [`build parameter ${KEEP_FAILED} is ignored: ${chosen}`] };
}

/** @returns milliseconds, or why the parameter has no effect */
function chosenMs(wanted: string, { keepFailedMaxMs }: KeepSettings, level: TrustLevel): number | string {
  if (level === 'fork') return 'containers of pull requests of forks are not kept';
  if (keepFailedMaxMs === 0) return `the runner does not allow it (${KEEP_FAILED}_MAX)`;
  const ms = wanted === '0' ? 0 : parseSpanMs(wanted);
  if (ms === undefined) return `${JSON.stringify(wanted)} is not a duration such as 30m`;
  if (ms <= keepFailedMaxMs) return ms;
  return `${wanted} is longer than the maximum of ${formatSpan(keepFailedMaxMs)}`;
}
