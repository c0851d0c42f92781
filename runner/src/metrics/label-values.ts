import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { isFailureCode } from '../pipeline/failures.ts';

/** Events of Drone. */
export const EVENTS = ['push', 'pull_request', 'tag', 'promote', 'rollback', 'cron', 'custom'] as const;
/** How stages end: by their steps (whatever those did), stopped, or broken. */
export const RESULTS = ['completed', 'cancelled', 'timed-out', 'broken'] as const;
/** Whatever is on no list: what outsiders send must not make new series. */
const OTHER = 'other';

const BLAMES = ['pipeline', 'operator', 'cluster', 'bug'];
const RESOURCES = ['pods/log', ...Object.values(RESOURCE).map(({ plural }) => plural)];

const listed = (value: string, list: readonly string[]): string => (list.includes(value) ? value : OTHER);

/** The value of label `event`. */
export const eventLabel = (event: string): string => listed(event, EVENTS);
/** The value of label `class`. */
export const classLabel = (code: string): string => (isFailureCode(code) ? code : OTHER);
/** The value of label `blame`. */
export const blameLabel = (blame: string): string => listed(blame, BLAMES);
/** The value of label `resource`. */
export const resourceLabel = (resource: string): string => listed(resource, RESOURCES);
/** The value of label `code`: an HTTP status, 0 without an answer. */
export function codeLabel(status: number): string {
  return status === 0 || (Number.isInteger(status) && status >= 100 && status <= 599)
    ? String(status)
    : OTHER;
}
