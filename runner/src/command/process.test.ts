import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Child } from '@hangar/shared/testing/child-process';
import { startCommandProcess } from '@hangar/shared/testing/command-process';
import type { V1Node } from '@kubernetes/client-node';
import { afterEach, describe, expect, it } from 'vitest';
import { aNodeObject } from '../admit/testing/a-node.ts';
import { startTinyCluster, type TinyCluster } from './testing/tiny-cluster.ts';

/** Starting Node takes longer on a busy machine; no test here depends on elapsed time. */
const TIMEOUT_MS = 120_000;
const DOOR = fileURLToPath(new URL('../../bin/hangar-runner.mjs', import.meta.url));

const folders: string[] = [];
const running: Child[] = [];
let cluster: TinyCluster | undefined;

afterEach(async () => {
  for (const one of running) one.kill('SIGKILL');
  await Promise.all(running.splice(0).map((one) => one.exit));
  await cluster?.close();
  cluster = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function start(words: readonly string[], env?: Readonly<Record<string, string>>): Child {
  const one = startCommandProcess(DOOR, words, env);
  running.push(one);
  return one;
}

/** The daemon with a cluster that grants the given rights and has these nodes, and without a Drone server. */
async function startDaemon(
  allows: (right: string) => boolean,
  env: Readonly<Record<string, string>> = {},
  nodes: readonly V1Node[] = [],
): Promise<Child> {
  cluster = await startTinyCluster(allows, nodes);
  const folder = mkdtempSync(join(tmpdir(), 'hangar-process-'));
  folders.push(folder);
  const path = join(folder, 'kubeconfig');
  writeFileSync(path, cluster.kubeconfig);
  return start([], {
    DRONE_RPC_HOST: '127.0.0.1:1',
    DRONE_RPC_SECRET: 'not-to-be-seen',
    DRONE_KUBERNETES_CONFIG: path,
    DRONE_SERVER_PORT: '127.0.0.1:0',
    ...env,
  });
}

describe('the process', () => {
  it(
    'exits with 2 if there is no kubeconfig for exec, and does not try an address that nobody gave',
    async () => {
      const home = mkdtempSync(join(tmpdir(), 'hangar-process-'));
      folders.push(home);
      const file = join(home, 'p.yml');
      writeFileSync(
        file,
        'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- { name: a, image: alpine, commands: [true] }\n',
      );
      const one = start(['exec', file], { HOME: home });

      expect(await one.exit).toEqual({ code: 2, signal: null });
      expect(one.said).toContain('no kubeconfig was found');
      expect(one.said).not.toContain('8080');
    },
    TIMEOUT_MS,
  );

  it(
    'passes on the output of a command, and its exit code',
    async () => {
      const [version, unknown] = [start(['--version']), start(['no-such-command'])];

      expect(await version.exit).toEqual({ code: 0, signal: null });
      expect(version.said).toMatch(/^hangar-runner \d+\.\d+\.\d+\S*\n$/);
      expect(await unknown.exit).toEqual({ code: 2, signal: null });
    },
    TIMEOUT_MS,
  );

  it(
    'is started so that Node does not take the option --env-file of doctor for its own',
    async () => {
      const child = new Child(DOOR, ['doctor', '--env-file', '/nowhere.env'], {
        env: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
      });
      running.push(child);

      expect(await child.exit).toEqual({ code: 2, signal: null });
      expect(child.errors).toContain('hangar-runner doctor: /nowhere.env cannot be read');
    },
    TIMEOUT_MS,
  );

  it(
    'responds to probes from the start, logs what it waits for, and exits with 0 when stopped',
    async () => {
      const daemon = await startDaemon(() => true, { DRONE_RPC_SKIP_VERIFY: 'true' });
      const [, address = ''] = await daemon.says(/"address":"([^"]+)"/);
      await daemon.says(/cannot ping the Drone server/);

      const [health, ready] = await Promise.all([fetch(`${address}/healthz`), fetch(`${address}/readyz`)]);
      expect(health.status).toBe(200);
      expect([ready.status, await ready.json()]).toEqual([
        503,
        { ok: false, reasons: ['starting: the Drone server has not answered yet'] },
      ]);

      daemon.kill('SIGTERM');
      expect(await daemon.exit).toEqual({ code: 0, signal: null });
      expect(daemon.said).not.toContain('not-to-be-seen');
      // Insecure settings and open rules are warned of once, at start.
      for (const once of [/DRONE_RPC_SKIP_VERIFY/g, /rules \(such as HANGAR_/g, /image look-ups go to/g])
        expect(daemon.said.match(once)).toHaveLength(1);
    },
    TIMEOUT_MS,
  );

  it(
    'does not start without its rights, and names the rule to add',
    async () => {
      const daemon = await startDaemon((right) => !['patch pods', 'update pods'].includes(right));

      expect(await daemon.exit).toEqual({ code: 78, signal: null });
      expect(daemon.said).toContain('  - { apiGroups: [""], resources: [pods], verbs: [patch] }');
    },
    TIMEOUT_MS,
  );

  it(
    'does not start where stages wait for room on autoscaled nodes, and names the remedy; with fixed nodes it does',
    async () => {
      const env = { HANGAR_BUDGET_NODES: 'true' };
      const scaled = aNodeObject('n2', { labels: { 'karpenter.sh/nodepool': 'builds' } });
      const daemon = await startDaemon(() => true, env, [aNodeObject('n1'), scaled]);
      expect(await daemon.exit).toEqual({ code: 78, signal: null });
      expect(daemon.said).toMatch(/the node n2, .* is scaled by Karpenter, .* Unset HANGAR_BUDGET_NODES/);
      await cluster?.close();

      const other = await startDaemon(() => true, env, [aNodeObject('n1')]);
      await other.says(/cannot ping the Drone server/);
    },
    TIMEOUT_MS,
  );

  it(
    'exits at once if its port is in use (known issue 56)',
    async () => {
      const other = createServer();
      await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
      const { port } = other.address() as AddressInfo;
      const daemon = await startDaemon(() => true, { DRONE_SERVER_PORT: `127.0.0.1:${port}` });

      expect(await daemon.exit).toEqual({ code: 75, signal: null });
      expect(daemon.said).toContain('cannot listen');
      await new Promise((resolve) => other.close(resolve));
    },
    TIMEOUT_MS,
  );
});
