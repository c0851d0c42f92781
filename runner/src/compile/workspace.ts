import { posix } from 'node:path';
import type { FieldPath } from '../pipeline/pipeline.ts';
import { refuse } from './refuse.ts';

const DEFAULT_WORKSPACE = '/drone/src';
/** Folders that can't be a workspace, but may contain one. */
const RESTRICTED_PATHS = ['/', '/etc', '/var'];
/** Folders that can neither be nor contain a workspace. */
const RESTRICTED_TREES = [
  ...['/etc/docker', '/var/run', '/proc', '/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/bin'],
  ...['/mnt', '/mount', '/media', '/sys', '/dev'],
  // The gate's folders: a workspace there would hide the gate from its step.
  ...['/hangar', '/run/drone'],
];

/** The longest path of Linux; each step's container repeats the path. */
const LONGEST_PATH = 4_096;

/** Throws a PipelineError for a path that no program could open. @param field its name in the message */
export function checkPathLength(path: string, field: string, at: FieldPath): void {
  if (path.length > LONGEST_PATH)
    refuse(
      'invalid-pipeline',
      `${field} has ${path.length} characters, and at most ${LONGEST_PATH} are possible; write a shorter path`,
      at,
    );
}

const isWithin = (path: string, tree: string): boolean => path === tree || path.startsWith(`${tree}/`);

/** An absolute path without `..`, doubled or trailing slashes; relative ones are resolved against `base`. */
export function absolutePath(path: string, base = '/'): string {
  return posix.resolve('/', base, path);
}

/** The workspace's mount path: the author's path, or `/drone/src` if there is none or it is restricted (previous-runner §4.2). */
export function workspacePath(wanted: string): string {
  if (wanted === '') return DEFAULT_WORKSPACE;
  checkPathLength(wanted, 'workspace.path', ['workspace', 'path']);
  if (/[:\0]/.test(wanted))
    refuse(
      'invalid-pipeline',
      `workspace.path ${JSON.stringify(wanted)} cannot be mounted; write a path without ":" and zero bytes`,
      ['workspace', 'path'],
    );
  const path = absolutePath(wanted);
  const lower = path.toLowerCase();
  const isRestricted =
    RESTRICTED_PATHS.includes(lower) || RESTRICTED_TREES.some((tree) => isWithin(lower, tree));
  return isRestricted ? DEFAULT_WORKSPACE : path;
}

/** Whether a path is inside one of the gate's folders; a mount there would break the step. */
export function isReservedPath(path: string): boolean {
  return isWithin(path, '/hangar') || isWithin(path, '/run/drone') || path === '/';
}
