/**
 * Bundles both programs for their images: `<program>/bundle/main.js`, the programs of its threads and processes, source maps, and the licences of
 * the packages that are in it. The Dockerfile runs this file, and so do the tests.
 */
import { rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { packageFolders, readThirdParty, thirdPartyText } from './third-party.ts';

/** What is started, by program: itself, its threads and its processes. */
const ENTRIES = {
  runner: ['main.ts', 'edges/parse-process.ts', 'edges/log-trial-process.ts'],
  autoscaler: ['main.ts', 'edges/*-thread.ts'],
} as const;

/** A program of ours that has an image. */
export type ProgramName = keyof typeof ENTRIES;

/** Packages of CommonJS need `require` for Node's own modules. */
const REQUIRE =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * Marks the modules of the Kubernetes client as free of side effects, which its package.json does not: the programs need its
 * kubeconfig alone, and the classes of all API objects would cost 7 MiB.
 */
const PURE_CLIENT: Plugin = {
  name: 'pure-client',
  setup: (bundler) => {
    bundler.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
      const isOfClient = `${from.importer}/${path}`.includes('@kubernetes/client-node');
      if (!isOfClient || pluginData === PURE_CLIENT) return undefined;
      const found = await bundler.resolve(path, { ...from, pluginData: PURE_CLIENT });
      return found.path.includes('/@kubernetes/client-node/') ? { ...found, sideEffects: false } : found;
    });
  },
};

async function bundle(repository: string, program: ProgramName): Promise<void> {
  const folder = `${repository}/${program}/bundle`;
  await rm(folder, { recursive: true, force: true });
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints: ENTRIES[program].map((path) => `${program}/src/${path}`),
    outdir: folder,
    outbase: `${program}/src`,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    conditions: ['source'],
    // What only one command needs is loaded by it alone. As deep as src/edges: paths relative to a file stay true.
    splitting: true,
    chunkNames: 'chunks/[name]-[hash]',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: true,
    sourcesContent: false,
    legalComments: 'none',
    banner: { js: REQUIRE },
    metafile: true,
    plugins: [PURE_CLIENT],
    logLevel: 'warning',
  });
  const packages = packageFolders(Object.keys(metafile.inputs));
  const thirdParties = await Promise.all(packages.map((path) => readThirdParty(`${repository}/${path}`)));
  await writeFile(`${folder}/THIRD-PARTY-LICENCES.txt`, thirdPartyText(thirdParties));
}

/** Bundles both programs of a clone, after `npm ci`. Needs no compilation before. @throws with esbuild's message */
export async function bundlePrograms(repository: string): Promise<void> {
  await Promise.all([bundle(repository, 'runner'), bundle(repository, 'autoscaler')]);
}

if (import.meta.main) await bundlePrograms(fileURLToPath(new URL('../../..', import.meta.url)));
