/**
 * Starts either program in a clone from its sources, right after `npm ci` and without a build, with a Node that can run it.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as nodeModule from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED = 24;
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];

/**
 * Runs the program of a package.
 *
 * @param {string} binUrl `import.meta.url` of a file in the package's `bin`
 */
export async function enter(binUrl) {
  const bin = fileURLToPath(binUrl);
  const home = dirname(dirname(bin));
  if (Number(process.versions.node.split('.')[0]) < NEEDED) return again(bin, home);
  resolveSources();
  await import(pathToFileURL(join(home, 'src', 'main.ts')).href);
}

/** Packages of ours are taken from their sources: what `--conditions=source` does, for them alone. */
function resolveSources() {
  nodeModule.registerHooks({
    resolve: (specifier, context, next) =>
      specifier.startsWith('@hangar/')
        ? next(specifier, { ...context, conditions: ['source', ...context.conditions] })
        : next(specifier, context),
  });
}

/** The same once more, under the Node that npm installed beside us. */
function again(bin, home) {
  const node = installedNode(home);
  if (!node) {
    console.error(
      `Hangar needs Node ${NEEDED} or newer; this is ${process.version}. Install it, or run "npm ci" on Linux (x64 or arm64), which brings one along.`,
    );
    process.exit(78);
  }
  // Without --, Node itself takes an --env-file of ours.
  const child = spawn(node, ['--', bin, ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`Hangar could not start ${node}: ${error.message}`);
    process.exit(78);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
}

function installedNode(from) {
  const path = join(from, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(path)) return path;
  return dirname(from) === from ? undefined : installedNode(dirname(from));
}
