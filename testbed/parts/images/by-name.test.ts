import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { attempt, runOrThrow } from '../real/command.ts';
import { bundlePrograms, type ProgramName } from './bundle.ts';
import { imageEnvironment, nodeFiles, programFiles } from './program-image.ts';
import { tar } from './tar.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Of the base image. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Bundles, and files of 100 MB, on a busy machine. */
const START_MS = 60_000;

/** Where the files of an image can be the root of a process, which runs as the user of the image. */
const canBeRoot = process.platform === 'linux' && process.getuid?.() === 0;

if (canBeRoot) {
  beforeAll(() => bundlePrograms(ROOT), START_MS);

  describe.each<[ProgramName, readonly string[], RegExp]>([
    ['runner', ['doctor', '--offline'], /DRONE_RPC_HOST.* is not set/],
    ['autoscaler', ['recommend', '--prs-per-day', '500'], /8cpu-16gb/],
  ])('in the container of the %s, as with kubectl exec', (program, command, printed) => {
    let root: string;

    beforeAll(async () => {
      root = await mkdtemp(join(tmpdir(), 'hangar-by-name-'));
      for (const entries of [await nodeFiles(), await programFiles(ROOT, program)])
        await runOrThrow('tar', ['-xf', '-', '-C', root], { input: tar(entries) });
      await runOrThrow('chmod', ['0755', root]);
    }, START_MS);
    afterAll(async () => {
      await rm(root, { recursive: true });
    });

    const exec = async (...words: readonly string[]) =>
      attempt('chroot', ['--userspec=10001:10001', root, ...words], {
        environment: { PATH, ...(await imageEnvironment(ROOT, program)) },
      });

    it('the program is a command of its name', async () => {
      const { stdout, stderr, exitCode } = await exec(`hangar-${program}`, '--version');
      expect(stdout).toMatch(new RegExp(`^hangar-${program} \\d+\\.\\d+\\.\\d+\n$`));
      expect([stderr, exitCode]).toEqual(['', 0]);
    });

    it(`so is \`${command.join(' ')}\`, with the exit code of the command`, async () => {
      const { stdout, stderr, exitCode } = await exec(`hangar-${program}`, ...command);
      expect(stdout + stderr).toMatch(printed);
      expect(exitCode).toBe(program === 'runner' ? 78 : 0);
    });

    it('an option of the command is not taken by Node', async () => {
      const { stderr, exitCode } = await exec(
        `hangar-${program}`,
        command[0] ?? '',
        '--env-file',
        '/nowhere.env',
      );
      expect(stderr).toMatch(
        program === 'runner' ? /nowhere\.env cannot be read/ : /unknown option '--env-file'/,
      );
      expect(exitCode).toBe(2);
    });

    it('no other name is one', async () => {
      expect((await exec(program, '--version')).exitCode).toBe(127);
    });
  });
} else {
  describe('the files of an image as the root of a process', () => {
    it('are for root on Linux', () => {
      expect(canBeRoot).toBe(false);
    });
  });
}
