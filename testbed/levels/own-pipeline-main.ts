import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEmbeddedCluster } from '../parts/embedded/cluster.ts';
import { runOrThrow } from '../parts/real/command.ts';
import { ROOT } from '../suites/docs/pages.ts';

/**
 * `npm run own-pipeline`: runs `.drone.yml` with the runner of this repository, on a clone of the last commit. The cluster is the embedded
 * one, so that the steps use the npm and Go of this machine in place of those of their images.
 */
const commit = (await runOrThrow('git', ['rev-parse', 'HEAD'], { folder: ROOT })).trim();
const clone =
  'git init -q . && git fetch -q "$DRONE_REMOTE_URL" "$DRONE_COMMIT_SHA" && git checkout -q FETCH_HEAD';
const cluster = await startEmbeddedCluster({ images: { 'drone/git': { script: clone } } });
try {
  const kubeconfig = join(cluster.folder, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfig(), { mode: 0o600 });
  const words = ['--kubeconfig', kubeconfig, '--repo-http', `file://${ROOT}`, '--commit-after', commit];
  const runner = spawn(
    process.execPath,
    [
      '--conditions=source',
      'runner/src/main.ts',
      'exec',
      ...words,
      '--environ',
      `PATH=${process.env['PATH']}`,
    ],
    { cwd: ROOT, stdio: 'inherit' },
  );
  const [code] = (await once(runner, 'exit')) as [number | null];
  process.exitCode = code ?? 1;
} finally {
  await cluster.close();
}
