import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { gateBinary } from './testing/binary.ts';

/** The root of a swapped container, whose command is `gate hold …` before and after the swap. */
let root: string;
const processes: ChildProcess[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hangar-gate-'));
  mkdirSync(join(root, 'run/drone'), { recursive: true });
  status('DRONE_BUILD_STATUS="failure"\nDRONE_STAGE_STATUS="say \\"no\\""\nio.drone.x="y"\nbroken\n');
});

afterEach(() => {
  for (const one of processes.splice(0)) one.kill('SIGKILL');
  rmSync(root, { recursive: true, force: true });
});

const status = (text: string): void => writeFileSync(join(root, 'run/drone/env'), text);
const inPlaceholderImage = (): void => writeFileSync(join(root, 'placeholder'), '');
const argv = (...program: string[]): string[] => ['--root', root, 'hold', ...program];
const hold = (program: readonly string[], env: NodeJS.ProcessEnv = { PATH: process.env['PATH'] }) =>
  spawnSync(gateBinary(), argv(...program), { encoding: 'utf8', env });

describe('gate hold', () => {
  it('in any other image becomes the program, with its arguments, process id and exit code', () => {
    const child = spawnSync(
      'sh',
      [
        '-c',
        'echo $$; exec "$@"',
        'sh',
        gateBinary(),
        ...argv('sh', '-c', 'echo $$ "$1"; exit 7', 'sh', 'a  b'),
      ],
      { encoding: 'utf8' },
    );
    const [pid] = child.stdout.split('\n');
    expect(child).toMatchObject({ status: 7, stderr: '', stdout: `${pid}\n${pid} a  b\n` });
  });

  it('in the image of the placeholder waits for the swap, and exits with 213', async () => {
    inPlaceholderImage();
    status('');
    const child = spawn(gateBinary(), argv('/bin/sh', '-c', 'echo never'), {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    processes.push(child);
    const ended = new Promise((resolve) => child.on('exit', resolve));
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    expect(await Promise.race([ended, sleep(1_000, 'waits')])).toBe('waits');
    child.kill('SIGTERM');
    status('DRONE_STAGE_STATUS="success"\n');
    expect(await ended).toBe(213);
    expect(output).toBe('');
  });

  it('in an image of a step that has a placeholder, too, becomes the program once the swap has written the status', () => {
    inPlaceholderImage();
    expect(hold(['sh', '-c', 'echo runs']).stdout).toBe('runs\n');
  });

  it('passes the status of build and stage as variables, unless the step sets them', () => {
    const print = ['sh', '-c', 'echo "$DRONE_BUILD_STATUS,$DRONE_STAGE_STATUS"'];
    expect(hold(print).stdout).toBe('failure,say "no"\n');
    expect(hold(print, { PATH: process.env['PATH'], DRONE_STAGE_STATUS: 'mine' }).stdout).toBe(
      'failure,mine\n',
    );
  });

  it('runs without a status file', () => {
    rmSync(join(root, 'run/drone/env'));
    expect(hold(['sh', '-c', 'echo "<$DRONE_BUILD_STATUS>"']).stdout).toBe('<>\n');
  });

  it('waits for a status file that the kubelet has not written yet', () => {
    status('');
    const later = spawn('sh', ['-c', `sleep 0.5; echo 'DRONE_BUILD_STATUS="late"' > ${root}/run/drone/env`]);
    processes.push(later);
    expect(hold(['sh', '-c', 'echo $DRONE_BUILD_STATUS']).stdout).toBe('late\n');
  });

  it.each([
    ['no-such-program', 127, /^hangar: cannot run no-such-program: not found in PATH \(.*\): name a program/],
    ['/no/such', 127, /^hangar: cannot run \/no\/such: not found in the image/],
    ['/etc/passwd', 126, /^hangar: cannot run \/etc\/passwd: not executable/],
  ])('explains why %s cannot be run, with code %i', (program, code, want) => {
    const { status: exit, stderr } = hold([program]);
    expect(exit).toBe(code);
    expect(stderr).toMatch(want);
  });

  it('needs a program', () => {
    expect(hold([])).toMatchObject({ status: 214 });
  });
});
