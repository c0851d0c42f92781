/** How one finds out whether a machine has something. */
export type Test =
  | { readonly kind: 'platform'; readonly platform: NodeJS.Platform }
  | { readonly kind: 'root' }
  /** One of these is a program, at exactly this path. */
  | { readonly kind: 'file'; readonly anyOf: readonly string[] }
  /** A program that is found in PATH. */
  | { readonly kind: 'program'; readonly program: string }
  /** Ends with exit code 0. `$STATE` is the folder of the test cluster, or the nearest one above it that is there. */
  | { readonly kind: 'command'; readonly command: readonly string[] }
  | { readonly kind: 'go'; readonly atLeast: string }
  /** Controllers of control groups, of either version, that may be written. */
  | { readonly kind: 'controllers'; readonly controllers: readonly string[] }
  /** So much is free, and besides as much of the whole disk as may never be used. */
  | {
      readonly kind: 'disk';
      readonly folder: DiskFolder;
      readonly bytes: number;
      readonly sparePercent: number;
    };

/** Folders that something is written to: what is built, the test cluster, and Go's two caches. */
export type DiskFolder = 'cache' | 'state' | 'goBuild' | 'goModules';

/** Something that a machine must have: what it is called, how one finds out, and what to do when it is missing. */
export interface Need {
  readonly name: string;
  readonly test: Test;
  readonly remedy: string;
}

const GB = 1_000_000_000;

const REMEDY = {
  linux: 'use a Linux machine or a Linux virtual machine',
  system: 'install it with the package manager of your system',
  root: 'run "sudo -E npm test"',
  go: 'install Go (https://go.dev/dl) and put it in PATH',
  cluster: 'run "sudo testbed/install-debian.sh" once',
  chromium: 'run "sudo testbed/install-debian.sh chromium" once',
  prometheus: 'run "sudo testbed/install-debian.sh prometheus" once',
  shells: 'run "sudo testbed/install-debian.sh shells" once',
  kernel: 'use a virtual machine, or a container with all privileges',
  disk: 'make room, or set HANGAR_TESTBED_CACHE, GOCACHE, GOMODCACHE or HANGAR_TESTBED_STATE to folders of a larger disk',
} as const;

const debianProgram = (program: string): Need => ({
  name: program,
  test: { kind: 'program', program },
  remedy: REMEDY.cluster,
});

const debianFile = (...anyOf: readonly string[]): Need => ({
  name: anyOf.join(' or '),
  test: { kind: 'file', anyOf },
  remedy: REMEDY.cluster,
});

const runs = (program: string, remedy: string): Need => ({
  name: program,
  test: { kind: 'command', command: [program, '--version'] },
  remedy,
});

const LINUX: Need = {
  name: 'Linux',
  test: { kind: 'platform', platform: 'linux' },
  remedy: REMEDY.linux,
};

const ROOT: Need = { name: 'root', test: { kind: 'root' }, remedy: REMEDY.root };

const GO: Need = {
  name: 'Go 1.26 or newer',
  test: { kind: 'go', atLeast: '1.26' },
  remedy: REMEDY.go,
};

/** Where containerd looks for the plugins that give Pods their network, and for runc (real/plan/settings.ts). */
export const CNI_FOLDER = '/usr/lib/cni';
/** See {@link CNI_FOLDER}. */
export const RUNC_PATH = '/usr/sbin/runc';
/** Debian's package has no other place. */
export const REGISTRY_PATH = '/usr/bin/docker-registry';
/** busybox-static puts it in either place, by Debian's release. */
export const BUSYBOX_PATHS: readonly string[] = ['/usr/bin/busybox', '/bin/busybox'];
/** The first that is there is used. */
export const CHROMIUM_PATHS: readonly string[] = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

/** A kernel may have it as a module that is loaded at the first use: so it is used, where it leaves no trace. */
const NETWORKS: Need = {
  name: 'namespaces, bridges and pairs of interfaces',
  test: {
    kind: 'command',
    command: [
      ...['unshare', '--mount', '--uts', '--ipc', '--net', '--pid', '--fork', 'sh', '-ec'],
      'ip link add name trial0 type bridge; ip link add name trial1 type veth peer name trial2',
    ],
  },
  remedy: REMEDY.kernel,
};

const OVERLAYS: Need = {
  name: 'overlayfs in the folder of the test cluster (HANGAR_TESTBED_STATE)',
  test: {
    kind: 'command',
    command: [
      ...['sh', '-ec'],
      `folder=$(mktemp -d "$STATE/hangar-trial-XXXXXX"); trap 'rm -rf "$folder"' EXIT; trap 'exit 1' TERM
       mkdir "$folder/lower" "$folder/upper" "$folder/work" "$folder/all"
       unshare --mount mount -t overlay none "$folder/all" -o "lowerdir=$folder/lower,upperdir=$folder/upper,workdir=$folder/work"`,
    ],
  },
  remedy: REMEDY.kernel,
};

const CONTROL_GROUPS: Need = {
  name: 'control groups that may be written (cpu, cpuset, memory, pids)',
  test: { kind: 'controllers', controllers: ['cpu', 'cpuset', 'memory', 'pids'] },
  remedy: REMEDY.kernel,
};

const MOUNTS: Need = {
  name: 'mount namespaces, with user namespaces if you are not root',
  test: {
    kind: 'command',
    command: [
      ...['sh', '-ec'],
      'if [ "$(id -u)" = 0 ]; then unshare --mount true; else unshare --mount --map-root-user true; fi',
    ],
  },
  remedy: REMEDY.kernel,
};

const disk = (name: string, folder: DiskFolder, gigabytes: number, sparePercent = 0): Need => ({
  name: `${gigabytes} GB of free disk for ${name}`,
  test: { kind: 'disk', folder, bytes: gigabytes * GB, sparePercent },
  remedy: REMEDY.disk,
});

const systemProgram = (program: string): Need => ({
  name: program,
  test: { kind: 'program', program },
  remedy: REMEDY.system,
});

/** To type the commands of documents that need no cluster, and to look into archives. */
export const TOOLS: readonly Need[] = ['bash', 'tar'].map(systemProgram);

/** To type the other commands of documents. */
export const DOCUMENT_COMMANDS: readonly Need[] = ['bash', 'curl'].map(systemProgram);

/** To compile the gate and to run its own tests. */
export const GATE_SOURCES: readonly Need[] = [GO];

/** To run the gate as processes, on full disks too. */
export const GATE_PROCESSES: readonly Need[] = [LINUX, GO, debianProgram('unshare'), MOUNTS];

/** To scrape the programs with a real Prometheus. */
export const PROMETHEUS: readonly Need[] = ['prometheus', 'promtool'].map((program) =>
  runs(program, REMEDY.prometheus),
);

/** To complete commands in the shells that the programs print scripts for. */
export const SHELLS: readonly Need[] = ['bash', 'zsh', 'fish'].map((shell) => runs(shell, REMEDY.shells));

/** To open pages in a real browser. */
export const CHROMIUM: readonly Need[] = [
  {
    name: 'Chromium',
    test: {
      kind: 'command',
      command: [
        ...['sh', '-c'],
        `for path in ${CHROMIUM_PATHS.join(' ')}; do [ -x "$path" ] && exec "$path" --version; done; exit 1`,
      ],
    },
    remedy: REMEDY.chromium,
  },
];

/** To take the test cluster down, whatever else has been removed from the machine since. */
export const TEAR_DOWN: readonly Need[] = [LINUX, ROOT, ...['flock', 'ip', 'umount'].map(debianProgram)];

/** To run the test cluster. */
export const CLUSTER: readonly Need[] = [
  ...TEAR_DOWN,
  GO,
  ...['bridge', 'host-local', 'loopback'].map((name) => debianFile(`${CNI_FOLDER}/${name}`)),
  debianFile(REGISTRY_PATH),
  debianFile(RUNC_PATH),
  debianFile(...BUSYBOX_PATHS),
  ...['openssl', 'unshare'].map(debianProgram),
  NETWORKS,
  OVERLAYS,
  CONTROL_GROUPS,
  // The kubelet takes no Pods while less than two percent are free.
  disk('the test cluster', 'state', 2, 2),
];

/** To build what the test cluster is made of. With every part the folders held 0.73, 6.7 and 2.4 GB. */
export const CLUSTER_BUILD: readonly Need[] = [
  GO,
  disk('what is built', 'cache', 0.8),
  disk("Go's cache of packages", 'goBuild', 7),
  disk("Go's cache of modules", 'goModules', 2.5),
];
