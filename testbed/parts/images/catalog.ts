import { type Architecture, type ImageSettings, image, layer, type NamedImage } from './image.ts';
import type { TarEntry } from './tar.ts';

/** Files of this machine that the images are made of. */
export interface Ingredients {
  readonly architecture: Architecture;
  readonly busybox: Uint8Array;
  /** Names of busybox's applets, as `busybox --list` gives them. */
  readonly applets: readonly string[];
  readonly pause: Uint8Array;
  readonly scratch: Uint8Array;
  readonly cloneScript: Uint8Array;
  readonly pluginScript: Uint8Array;
}

/** A file that can be run. */
export const executable = (path: string, data: Uint8Array): TarEntry => ({
  kind: 'file',
  path,
  mode: 0o755,
  data,
});
const text = (path: string, content: string): TarEntry => ({
  kind: 'file',
  path,
  mode: 0o644,
  data: Buffer.from(content),
});
const folder = (path: string, mode = 0o755): TarEntry => ({ kind: 'folder', path, mode });

/** A small Unix: busybox with its applets, users root and `user` (1000), and the folders that scripts expect. */
export function busyboxFiles(busybox: Uint8Array, applets: readonly string[]): readonly TarEntry[] {
  const links = applets.filter((name) => name !== 'busybox' && /^[\w[.-]+$/.test(name));
  return [
    ...['bin', 'etc', 'home', 'usr', 'usr/bin', 'usr/local', 'usr/local/bin', 'var'].map((path) =>
      folder(path),
    ),
    folder('root', 0o700),
    folder('home/user', 0o777),
    folder('tmp', 0o1777),
    text('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n'),
    text('etc/group', 'root:x:0:\nuser:x:1000:\n'),
    executable('bin/busybox', busybox),
    ...links.map((name): TarEntry => ({ kind: 'symlink', path: `bin/${name}`, target: 'busybox' })),
    { kind: 'symlink', path: 'usr/bin/env', target: '/bin/busybox' },
  ];
}

/** Names of the images that every test cluster has, by what they are for. */
export const imageNames = {
  pause: 'docker.io/local/pause:1',
  busybox: 'docker.io/library/busybox:latest',
  clone: 'docker.io/drone/git:latest',
  plugin: 'docker.io/local/plugin:1',
  scratch: 'docker.io/local/scratch:1',
  nonroot: 'docker.io/local/nonroot:1',
} as const;

/** All images of the test cluster, made from files of this machine; same files, same digests. */
export function catalog(from: Ingredients): readonly NamedImage[] {
  const base = layer(busyboxFiles(from.busybox, from.applets));
  const of = (entries: readonly TarEntry[], settings: ImageSettings) =>
    image(from.architecture, [layer(entries)], settings);
  const onBusybox = (entries: readonly TarEntry[], settings: ImageSettings) =>
    image(from.architecture, entries.length > 0 ? [base, layer(entries)] : [base], settings);
  return [
    {
      name: imageNames.pause,
      image: of([executable('pause', from.pause)], { entrypoint: ['/pause'], user: '65535' }),
    },
    { name: imageNames.busybox, image: onBusybox([], { command: ['sh'] }) },
    {
      name: imageNames.clone,
      image: onBusybox([executable('usr/local/bin/clone', from.cloneScript)], {
        entrypoint: ['/usr/local/bin/clone'],
      }),
    },
    {
      name: imageNames.plugin,
      image: onBusybox([executable('bin/plugin', from.pluginScript)], { entrypoint: ['/bin/plugin'] }),
    },
    {
      name: imageNames.scratch,
      image: of([executable('scratch', from.scratch)], { entrypoint: ['/scratch'] }),
    },
    {
      name: imageNames.nonroot,
      image: onBusybox([], { command: ['sh'], user: '1000', workingFolder: '/home/user' }),
    },
  ];
}

/** The image that holds the gate twice over, as `/gate` and `/placeholder`; it starts as the placeholder. */
export function gateFiles(gate: Uint8Array): readonly TarEntry[] {
  return [executable('gate', gate), { kind: 'hardlink', path: 'placeholder', target: 'gate' }];
}
