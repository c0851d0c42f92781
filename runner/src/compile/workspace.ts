import { posix } from 'node:path';

const DEFAULT_WORKSPACE = '/drone/src';
/** Places a workspace may not stand at, but may stand below. */
const RESTRICTED_PATHS = ['/', '/etc', '/var'];
/** Places a workspace may stand neither at nor below. */
const RESTRICTED_TREES = [
  ...['/etc/docker', '/var/run', '/proc', '/usr/local/bin', '/usr/local/sbin', '/usr/bin', '/bin'],
  ...['/mnt', '/mount', '/media', '/sys', '/dev'],
  // Ours: a workspace there would hide the gate from its step.
  ...['/hangar', '/run/drone'],
];

const isWithin = (path: string, tree: string): boolean => path === tree || path.startsWith(`${tree}/`);

/** An absolute path without `..`, doubled or trailing slashes; relative ones are taken from `base`. */
export function absolutePath(path: string, base = '/'): string {
  return posix.resolve('/', base, path);
}

/** Where the workspace is mounted: the author's path, or `/drone/src` for none and for restricted places (previous-runner §4.2). */
export function workspacePath(wanted: string): string {
  if (wanted === '') return DEFAULT_WORKSPACE;
  const path = absolutePath(wanted);
  const lower = path.toLowerCase();
  const isRestricted =
    RESTRICTED_PATHS.includes(lower) || RESTRICTED_TREES.some((tree) => isWithin(lower, tree));
  return isRestricted ? DEFAULT_WORKSPACE : path;
}

/** Whether a path is one of the gate's own or lies below it; a mount there would break the step. */
export function isReservedPath(path: string): boolean {
  return isWithin(path, '/hangar') || isWithin(path, '/run/drone') || path === '/';
}
