import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A real Pod has a network of its own; containers of the embedded cluster share this machine's. So that nothing collides
 * with what runs here, a stand-in listens on a free port, and a file with the Pod's name contains the port.
 *
 * @param folder where these files live
 * @param pod the Pod's name, which every container has as HOSTNAME
 */
const fileOf = (folder: string, pod: string, port: number): string => join(folder, `${pod}-${port}.port`);

/** Records the port of this machine that replaces a Pod's port. */
export function noteLocalPort(folder: string, pod: string, ports: { asked: number; local: number }): void {
  writeFileSync(fileOf(folder, pod, ports.asked), String(ports.local));
}

/** The port of this machine that replaces a Pod's port; undefined while nothing listens there. */
export function localPort(folder: string, pod: string, asked: number): number | undefined {
  try {
    return Number(readFileSync(fileOf(folder, pod, asked), 'utf8'));
  } catch {
    return undefined;
  }
}
