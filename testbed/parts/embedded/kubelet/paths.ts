/** Turns paths as a container knows them into paths on this machine, in any text. */
export type Rewrite = (text: string) => string;

/**
 * Makes a rewriter for the mount paths of a container (longest first, in one pass): `/drone/src/x` becomes
 * `<root>/drone/src/x`. A path counts only where a path can begin: not inside a longer one, nor in a URL.
 */
export function rewriterOf(root: string, mountPaths: readonly string[]): Rewrite {
  const paths = [...new Set(mountPaths.map((path) => path.replace(/\/+$/, '')))].filter(
    (path) => path !== '',
  );
  if (paths.length === 0) return (text) => text;
  const longestFirst = paths.sort((a, b) => b.length - a.length).map(escaped);
  const pattern = new RegExp(`(?<![\\w.\\-/])(${longestFirst.join('|')})(?![\\w\\-]|\\.\\w)`, 'g');
  return (text) => text.replace(pattern, (path) => `${root}${path}`);
}

/** A text as a regular expression that means just it. */
export function escaped(path: string): string {
  return path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
