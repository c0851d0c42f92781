import { readFile } from 'node:fs/promises';
import { runOrThrow } from '../real/command.ts';
import { executable } from './catalog.ts';
import { type Image, image, layer, type NamedImage } from './image.ts';
import { withFolders } from './program-image.ts';
import type { TarEntry } from './tar.ts';

const GIT = '/usr/bin/git';
/** What `git submodule` and fetching over HTTP consist of besides git itself. */
const GIT_PARTS = [
  'git-submodule',
  'git-sh-setup',
  'git-sh-i18n',
  'git-sh-i18n--envsubst',
  'git-remote-http',
];

/** Git of this machine with the libraries that it is linked with. */
async function gitFiles(): Promise<readonly TarEntry[]> {
  const folder = (await runOrThrow(GIT, ['--exec-path'])).trim();
  const linked = await runOrThrow('ldd', [GIT, `${folder}/git-remote-http`]);
  const libraries = [...linked.matchAll(/(?:=> )?(\/lib\S+) \(0x/g)].map(([, path = '']) => path);
  const paths = [GIT, ...new Set(libraries), ...GIT_PARTS.map((name) => `${folder}/${name}`)];
  return Promise.all(paths.map(async (path) => executable(path.slice(1), await readFile(path))));
}

const scriptOf = (name: string): Promise<Uint8Array> =>
  readFile(new URL(`plugins/${name}.sh`, import.meta.url));

/**
 * Images that keep the contract of plugins which many people use, on the image with busybox: scripts, and for cloning the real git.
 */
export async function pluginImages(busybox: Image): Promise<readonly NamedImage[]> {
  const made = async (name: string, script: string, files: readonly TarEntry[] = []): Promise<NamedImage> => {
    const program = executable(`bin/${script}-plugin`, await scriptOf(script));
    const layers = [...busybox.layers, layer(withFolders([...files, program]))];
    return { name, image: image(busybox.architecture, layers, { entrypoint: [`/bin/${script}-plugin`] }) };
  };
  return Promise.all([
    made('docker.io/plugins/docker:20', 'docker'),
    made('docker.io/plugins/slack:1', 'slack'),
    made('docker.io/meltwater/drone-cache:1', 'cache'),
    made('docker.io/plugins/s3:1', 's3'),
    made('docker.io/local/drone-git:1', 'git', await gitFiles()),
  ]);
}
