import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CNI_FOLDER, REGISTRY_PATH } from '../machine/needs.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Where something can be hidden from one process: in a mount namespace of its own. Elsewhere plan.test.ts covers the decision. */
const canHide = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', 'true']).status === 0;

/** What hides it, if it is there at all. */
const HIDDEN = [
  ["the network's plugins", CNI_FOLDER, `mount -t tmpfs none ${CNI_FOLDER}`, `${CNI_FOLDER}/bridge`],
  ['the registry', REGISTRY_PATH, `mount --bind /dev/null ${REGISTRY_PATH}`, REGISTRY_PATH],
] as const;

if (canHide)
  describe.each(HIDDEN)('npm test -- real without %s', (_, place, hide, missing) => {
    let home: string;
    beforeEach(() => {
      home = mkdtempSync(join(tmpdir(), 'hangar-home-'));
    });
    afterEach(() => {
      rmSync(home, { recursive: true, force: true });
    });

    const npmTest = (env: NodeJS.ProcessEnv): Promise<{ code: number | null; out: string }> => {
      const script = `${existsSync(place) ? hide : 'true'} && exec npm test -- real`;
      const { HANGAR_LEVEL_REPORT: _report, HANGAR_TESTBED_CACHE: _cache, CI: _ci, ...rest } = process.env;
      const child = spawn('unshare', ['--mount', '--fork', '--kill-child', 'sh', '-c', script], {
        cwd: ROOT,
        // In a new home, npm would look for a newer version of itself.
        env: { ...rest, HOME: home, XDG_CACHE_HOME: home, npm_config_update_notifier: 'false', ...env },
      });
      let out = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => {
          out += chunk.toString();
        });
      return new Promise((resolve) => child.on('close', (code) => resolve({ code, out })));
    };

    it('leaves the level out with its remedy, builds nothing, and ends with 0', async () => {
      const { code, out } = await npmTest({});

      expect(out).toMatch(/^left out: real \(.*\): needs .*run "sudo testbed\/install-debian\.sh" once/m);
      expect(out).toContain(missing);
      expect(out).not.toMatch(/^(build|==)/m);
      expect(out.trimEnd()).toMatch(/\n0 passed, 0 failed$/);
      expect(readdirSync(home)).not.toContain('hangar');
      expect(code).toBe(0);
    }, 30_000);

    it('with CI=true is refused before anything is run', async () => {
      const { code, out } = await npmTest({ CI: 'true' });

      expect(out).toContain('with CI=true every level is required: nothing was run');
      expect(out).not.toMatch(/^(build|==)/m);
      expect(code).toBe(1);
    }, 30_000);
  });
else
  describe('hiding something from npm test', () => {
    it('is for root on Linux, and so are the levels that would miss it', () => {
      expect(canHide).toBe(false);
    });
  });
