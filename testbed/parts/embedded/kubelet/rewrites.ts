import type { Pod } from '../api/pod.ts';

/** Turns what only a container knows into what this machine knows, in any text. */
export type Rewrite = (text: string) => string;

/**
 * Makes a rewriter for the mount paths of a container (longest first, in one pass): `/drone/src/x` becomes
 * `<root>/drone/src/x`. A path counts only where a path can begin: not inside a longer one, nor in a URL.
 */
export function rewriterOf(root: string, mountPaths: readonly string[]): Rewrite {
  const paths = mountPaths.map((path) => path.replace(/\/+$/, '')).filter((path) => path !== '');
  if (paths.length === 0) return (text) => text;
  const pattern = new RegExp(`(?<![\\w.\\-/])(${longestFirst(paths)})(?![\\w\\-]|\\.\\w)`, 'g');
  return (text) => text.replace(pattern, (path) => `${root}${path}`);
}

/** From 80 on: `redis:7` and `node:22` are images, `redis:6379` is an address. */
const PORT = '(?:[89]\\d|\\d{3,5})(?![\\w.\\-])';

/** Names of the Pod that its hostAliases lead to this machine: services that its own containers offer. */
export function ownAliases({ spec }: Pod): readonly string[] {
  return (spec.hostAliases ?? [])
    .filter(({ ip }) => ip === '127.0.0.1' || ip === '::1')
    .flatMap(({ hostnames = [] }) => hostnames)
    .filter((name) => name !== 'localhost');
}

/**
 * Makes a rewriter for host names that only a container's /etc/hosts knows: a process of this machine has none of its
 * own. `NAME:port` and `scheme://NAME` become 127.0.0.1; whole names only, and nothing else that looks alike.
 */
export function aliasRewriterOf(names: readonly string[]): Rewrite {
  if (names.length === 0) return (text) => text;
  const name = `(?:${longestFirst(names)})`;
  const beforePort = `(?<![\\w.\\-])(?<!(?<!:/)/)${name}(?=:${PORT})`;
  const inUrl = `(?<=[a-z]://(?:[^\\s/@'"]*@)?)${name}(?![\\w.\\-:@])`;
  const pattern = new RegExp(`${beforePort}|${inUrl}`, 'g');
  return (text) => text.replace(pattern, '127.0.0.1');
}

/** Alternatives of a regular expression that mean just these texts. */
function longestFirst(texts: readonly string[]): string {
  const sorted = [...new Set(texts)].sort((a, b) => b.length - a.length);
  return sorted.map((text) => RegExp.escape(text)).join('|');
}
