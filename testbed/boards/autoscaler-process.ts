import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const PROGRAM = new URL('../../autoscaler/src/main.ts', import.meta.url).pathname;
const STOP_WITHIN_MS = 10_000;

/** The autoscaler as a process, as in a Pod of its own. */
export interface AutoscalerProcess {
  /** Of its HTTP side. */
  readonly address: string;
  /** As the kubelet stops it; resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts `hangar-autoscaler serve` and waits until its HTTP side is up; rejects with what it said when it ends before. */
export async function startAutoscalerProcess(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<AutoscalerProcess> {
  const child = spawn(process.execPath, ['--conditions=source', PROGRAM, 'serve'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', HANGAR_AUTOSCALER_LISTEN: '127.0.0.1:0', ...env },
  });
  const ended = once(child, 'exit');
  const said: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    void ended.then(() => reject(new Error(`the autoscaler ended:\n${said.join('\n')}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (said.length < 200) said.push(line);
      const [, found] = /"address":"(http:[^"]+)"/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return {
    address,
    stop: async () => {
      child.kill('SIGTERM');
      const hard = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(hard);
    },
  };
}
