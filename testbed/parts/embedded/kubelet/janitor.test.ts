import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Janitor } from './janitor.ts';
import { startGroup } from './process-group.ts';

const silent = { stdout: () => undefined, stderr: () => undefined };
const env = { PATH: '/usr/bin:/bin' };

describe('Janitor', { timeout: 30_000 }, () => {
  it('kills whole process groups and removes the folder when its input closes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hangar-janitor-'));
    const janitor = new Janitor(folder);
    const argv = ['/bin/sh', '-c', 'sleep 300 & sleep 300'];
    const running = await startGroup({ argv, env, cwd: '/', isFirst: true }, silent, janitor);

    await janitor.finish();

    expect(await running.ended).toEqual({ code: 137, signal: 9 });
    expect(existsSync(join(folder, 'groups'))).toBe(false);
  });
});
