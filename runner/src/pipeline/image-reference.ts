/** A parsed image name. `tag` and `digest` are empty if absent. */
export interface ImageReference {
  /** Host with port; `docker.io` for all names of Docker Hub. */
  readonly registry: string;
  /** Path in the registry, `library/` included. */
  readonly repository: string;
  readonly tag: string;
  /** With its algorithm, as `sha256:…`. */
  readonly digest: string;
}

const HUB = 'docker.io';
const DOMAIN =
  /^(?:(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*|\[[A-Fa-f0-9:]+\])(?::[0-9]+)?$/;
const PATH_PART = /^[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9A-Fa-f]{32,}$/;
/** A bare hash is an image id, not a name. */
const IMAGE_ID = /^[a-f0-9]{64}$/;
const LONGEST_NAME = 255;

/** The text before and after the last `mark`; the second is undefined if there is none. */
function splitLast(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.lastIndexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** The first path component is a host if it can't be a Docker Hub namespace. */
function splitRegistry(name: string): readonly [string, string] {
  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (slash < 0 || !isHost) return [HUB, name];
  return [first === 'index.docker.io' ? HUB : first, name.slice(slash + 1)];
}

function splitTag(rest: string): readonly [string, string | undefined] {
  const [name, tag] = splitLast(rest, ':');
  // A colon before a slash belongs to the host's port.
  return tag?.includes('/') ? [rest, undefined] : [name, tag];
}

/**
 * Parses an image name as Docker does (previous-runner §4.4).
 * Returns undefined for invalid names, such as upper case in the path.
 */
export function parseReference(image: string): ImageReference | undefined {
  const [rest, digest] = image.includes('@') ? splitLast(image, '@') : [image, undefined];
  const [name, tag] = splitTag(rest);
  const [registry, path] = splitRegistry(name);
  const repository = registry === HUB && !path.includes('/') ? `library/${path}` : path;
  if (!isName(name, registry, repository) || !isVersion(tag, digest)) return undefined;
  return { registry, repository, tag: tag ?? '', digest: digest ?? '' };
}

function isName(name: string, registry: string, repository: string): boolean {
  const isSensible = name.length <= LONGEST_NAME && !IMAGE_ID.test(name) && DOMAIN.test(registry);
  return isSensible && repository.split('/').every((part) => PATH_PART.test(part));
}

function isVersion(tag: string | undefined, digest: string | undefined): boolean {
  return (tag === undefined || TAG.test(tag)) && (digest === undefined || DIGEST.test(digest));
}

/** The full form of an image name, with registry, path and tag; an invalid name is returned unchanged (previous-runner §4.4). */
export function expandImage(image: string): string {
  const reference = parseReference(image);
  if (reference === undefined) return image;
  const { registry, repository, tag, digest } = reference;
  const shownTag = tag === '' && digest === '' ? 'latest' : tag;
  return `${registry}/${repository}${shownTag && `:${shownTag}`}${digest && `@${digest}`}`;
}

/** The short form without tag and digest, by which images are compared (previous-runner §4.4); an invalid name is returned unchanged. */
export function familiarName(image: string): string {
  const reference = parseReference(image);
  if (reference === undefined) return image;
  if (reference.registry !== HUB) return `${reference.registry}/${reference.repository}`;
  return reference.repository.replace(/^library\/(?=[^/]+$)/, '');
}
