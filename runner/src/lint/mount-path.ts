import { posix } from 'node:path';

/**
 * Folders of the runner inside every container: status files (previous-runner §4.3) and the gate's own. Authors may not mount anything
 * there.
 */
const RESERVED = ['/run/drone', '/hangar'] as const;
/** In most images `/var/run` is a link to `/run`, so that it is a second path to the same folder. */
const LINKED: readonly (readonly [string, string])[] = [['/var/run', '/run']];

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);

/**
 * A mount path as the container sees it: absolute, without `.`, `..`, doubled and trailing slashes; on Windows also
 * without drive letter, with `/`, in lower case.
 */
export function cleanMountPath(path: string, os: string): string {
  const local =
    os === 'windows'
      ? path
          .replaceAll('\\', '/')
          .replace(/^[a-zA-Z]:/, '')
          .toLowerCase()
      : path;
  const clean = posix.join('/', local);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
}

/** The reserved folder that contains a cleaned path, if any. */
export function reservedFolder(cleanPath: string): string | undefined {
  const paths = [cleanPath];
  for (const [link, target] of LINKED) {
    if (isWithin(cleanPath, link)) paths.push(target + cleanPath.slice(link.length));
  }
  return RESERVED.find((folder) => paths.some((path) => isWithin(path, folder)));
}
