import { createHash } from 'node:crypto';

/** What an image does here, where no image is ever fetched. */
export interface FakeImage {
  /** POSIX shell run in place of the image's entry point; `$@` are the container's args. */
  readonly script?: string;
  /** How long its first pull on a node takes. */
  readonly pullMs?: number;
  /** It cannot be pulled; the text is the registry's. */
  readonly pullError?: string;
  /** No container of it can be created; the text is the container runtime's. */
  readonly createError?: string;
}

export type FakeImages = Readonly<Record<string, FakeImage>>;

/** Prints the settings and exits as configured: a substitute for every plugin. */
const PLUGIN: FakeImage = {
  script: `env | grep '^PLUGIN_' | LC_ALL=C sort; exit "\${PLUGIN_EXIT:-0}"`,
};

/** Makes the workspace look cloned, without a network. */
const GIT: FakeImage = {
  script: `
echo "Initialized empty Git repository in \${DRONE_WORKSPACE:-$PWD}/.git/"
mkdir -p .git && printf 'ref: refs/heads/%s\\n' "\${DRONE_COMMIT_BRANCH:-main}" > .git/HEAD
[ -e README.md ] || echo "# \${DRONE_REPO:-repository}" > README.md
echo "+ git fetch origin \${DRONE_COMMIT_REF:-refs/heads/main}:"
echo "HEAD is now at \${DRONE_COMMIT_SHA:-0000000}"`,
};

const SERVICE: FakeImage = { script: `echo "ready"; exec sleep 86400` };

const KNOWN: FakeImages = {
  'drone/git': GIT,
  'local/plugin': PLUGIN,
  redis: SERVICE,
  postgres: SERVICE,
  mysql: SERVICE,
};

/** The image without registry, tag and digest: `docker.io/library/alpine:3` is `alpine`. */
export function repositoryOf(image: string): string {
  const bare = image.replace(/@.*$/, '').replace(/:[^:/]+$/, '');
  return bare.replace(/^(index\.)?docker\.io\//, '').replace(/^library\//, '');
}

/** The reference as containerd reports it. */
export function normalized(image: string): string {
  const [first = '', ...rest] = image.split('/');
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const path = hasRegistry ? image : `docker.io/${rest.length === 0 ? 'library/' : ''}${image}`;
  return /@|:[^:/]+$/.test(path) ? path : `${path}:latest`;
}

export function imageDigest(image: string): string {
  return `sha256:${createHash('sha256').update(normalized(image)).digest('hex')}`;
}

/** `status.imageID` of a container that ran. */
export function imageIdOf(image: string): string {
  return `${normalized(image)
    .replace(/@.*$/, '')
    .replace(/:[^:/]+$/, '')}@${imageDigest(image)}`;
}

/** What an image does; undefined for one that is not known. */
export function fakeImageOf(image: string, more: FakeImages): FakeImage | undefined {
  const repository = repositoryOf(image);
  const own = more[image] ?? more[repository];
  if (own !== undefined) return own;
  if (repository.startsWith('plugins/')) return PLUGIN;
  return KNOWN[repository];
}

/** Why an image cannot be pulled, as containerd's message; undefined when it can. */
export function pullErrorOf(image: string, more: FakeImages): string | undefined {
  const reported = fakeImageOf(image, more)?.pullError;
  if (reported !== undefined) return reported;
  if (!/missing|does-not-exist/.test(repositoryOf(image))) return undefined;
  const name = normalized(image);
  return `failed to pull and unpack image "${name}": failed to resolve reference "${name}": ${name}: not found`;
}
