import { execFile } from 'node:child_process';
import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Child } from '@hangar/shared/testing/child-process';
import { startCommandProcess } from '@hangar/shared/testing/command-process';
import { afterEach, describe, expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../../bin/hangar-autoscaler.mjs', import.meta.url));
/** Starting Node takes long on a busy machine; no test here waits for time to pass. */
const TIMEOUT_MS = 120_000;

const running: Child[] = [];
afterEach(async () => {
  for (const one of running) one.kill('SIGKILL');
  await Promise.all(running.splice(0).map(({ exit }) => exit));
});

function start(words: readonly string[], env?: Readonly<Record<string, string>>): Child {
  const one = startCommandProcess(PROGRAM, words, env);
  running.push(one);
  return one;
}

const serve = (port: number): Child =>
  start(['serve'], {
    HANGAR_AUTOSCALER_KUBERNETES: 'off',
    HANGAR_AUTOSCALER_RUNNERS: 'http://127.0.0.1:1',
    HANGAR_AUTOSCALER_LISTEN: `127.0.0.1:${port}`,
  });

describe('the process', { timeout: TIMEOUT_MS }, () => {
  it('serves until it receives a signal to stop', async () => {
    const one = serve(0);
    const [, address = ''] = await one.says(/"address":"([^"]+)"/);
    expect((await fetch(`${address}/livez`)).status).toBe(200);

    one.kill('SIGTERM');
    expect(await one.exit).toEqual({ code: 0, signal: null });
  });

  it('exits with 75 when its address is in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const one = serve((other.address() as AddressInfo).port);

    expect(await one.exit).toEqual({ code: 75, signal: null });
    expect(one.said).toContain('cannot listen: is HANGAR_AUTOSCALER_LISTEN taken?');
    await new Promise((resolve) => other.close(resolve));
  });

  it.each([
    [
      'a full disk loses the answer, which is reported',
      '> /dev/full',
      1,
      'the output could not be written: ENOSPC',
    ],
    ['a closed pipe is not a failure', '| true; exit "${PIPESTATUS[0]}"', 0, /^$/],
  ])('%s', async (_, redirection, code, stderr) => {
    const line = `"$0" "$1" recommend --prs-per-day 5 ${redirection}`;
    const ended = await promisify(execFile)('bash', ['-c', line, process.execPath, PROGRAM]).then(
      ({ stderr }) => ({ code: 0, stderr }),
      (error: { code: number; stderr: string }) => error,
    );

    expect(ended.code).toBe(code);
    expect(ended.stderr).toMatch(stderr);
  });

  it('ends a long calculation at once on a signal', async () => {
    const one = start(['replay', '--load', 'table-like', '--days', '14']);
    await one.says(/the trace has 14 days/);

    one.kill('SIGINT');
    expect(await one.exit).toEqual({ code: null, signal: 'SIGINT' });
  });
});
