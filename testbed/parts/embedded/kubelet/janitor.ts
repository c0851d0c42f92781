import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Cleans up after this process however it ends, even by SIGKILL: a small shell in a session of its own that waits for
 * its standard input to close, then kills the process groups that are written down and removes the folder.
 */
const SCRIPT = `
while read -r _; do :; done
for file in "$1"/groups/*; do
  [ -e "$file" ] && kill -KILL "-\${file##*/}" 2>/dev/null
done
rm -rf -- "$1"
`;

export class Janitor {
  private readonly folder: string;
  private readonly shell: ChildProcess;

  /** @param folder the cluster's temporary folder, removed at the end */
  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(join(folder, 'groups'), { recursive: true });
    this.shell = spawn('/bin/sh', ['-c', SCRIPT, 'janitor', folder], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.shell.on('error', () => undefined);
    this.shell.stdin?.on('error', () => undefined);
    this.shell.unref();
    (this.shell.stdin as { unref?: () => void } | null)?.unref?.();
  }

  started(pid: number): void {
    writeFileSync(join(this.folder, 'groups', String(pid)), '');
  }

  ended(pid: number): void {
    rmSync(join(this.folder, 'groups', String(pid)), { force: true });
  }

  /** Lets the shell do its work now; resolves when it is done. */
  async finish(): Promise<void> {
    if (this.shell.exitCode !== null || this.shell.signalCode !== null) return;
    const done = new Promise((resolve) => this.shell.once('close', resolve));
    this.shell.ref();
    this.shell.stdin?.end();
    await done;
  }
}
