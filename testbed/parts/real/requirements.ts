import { access } from 'node:fs/promises';

/** What this machine can't do, with the cure in its message; the command line ends with exit code 2. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

const debianFiles = [
  '/usr/sbin/runc',
  '/usr/lib/cni/bridge',
  '/usr/lib/cni/host-local',
  '/usr/bin/docker-registry',
  '/usr/bin/openssl',
  '/usr/bin/flock',
];

/** busybox-static puts it in either place, by Debian's release. */
export const busyboxPaths = ['/usr/bin/busybox', '/bin/busybox'];

const isThere = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Refuses unless this is Linux, we are root, and Debian's packages are there. Throws a Refusal with the cure. */
export async function demandMachine(): Promise<void> {
  if (process.platform !== 'linux') {
    throw new Refusal(
      `the real cluster needs Linux, not ${process.platform}; the embedded one runs anywhere`,
    );
  }
  if (process.getuid?.() !== 0) {
    throw new Refusal(
      'the real cluster starts containers: run this as root (sudo -E npm run testbed -- ...)',
    );
  }
  const found = await Promise.all(debianFiles.map(isThere));
  const missing = debianFiles.filter((_, place) => found[place] === false);
  const busybox = await Promise.all(busyboxPaths.map(isThere));
  if (!busybox.some(Boolean)) missing.push('busybox');
  if (missing.length === 0) return;
  throw new Refusal(`missing: ${missing.join(', ')}. Run testbed/install-debian.sh as root, then again`);
}
