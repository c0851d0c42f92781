import { pathMatch } from '../parse/path-match.ts';
import type { StageDetail } from '../pipeline/drone.ts';

/** `DRONE_LIMIT_*`: who may run here; an empty list lets everybody in. */
export interface AccessLimits {
  readonly repos: readonly string[];
  readonly events: readonly string[];
  readonly trusted: boolean;
}

/**
 * Whether this runner takes pipelines of that repository and event (previous-runner §1.3). What it doesn't take is reported
 * with the text `insufficient permission to run the pipeline` (drone-rpc §4.5).
 */
export function isAllowed(limits: AccessLimits, detail: Pick<StageDetail, 'repo' | 'build'>): boolean {
  const { repo, build } = detail;
  if (limits.trusted && !repo.trusted) return false;
  return matchesAny(limits.repos, repo.slug) && matchesAny(limits.events, build.event);
}

function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.length === 0 || globs.some((glob) => pathMatch(glob, text));
}
