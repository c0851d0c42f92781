import type { Pod } from '../api/pod.ts';
import { escaped, type Rewrite } from './paths.ts';

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
  const longestFirst = [...new Set(names)].sort((a, b) => b.length - a.length).map(escaped);
  const name = `(?:${longestFirst.join('|')})`;
  const beforePort = `(?<![\\w.\\-])(?<!(?<!:/)/)${name}(?=:${PORT})`;
  const inUrl = `(?<=[a-z]://(?:[^\\s/@'"]*@)?)${name}(?![\\w.\\-:@])`;
  const pattern = new RegExp(`${beforePort}|${inUrl}`, 'g');
  return (text) => text.replace(pattern, '127.0.0.1');
}
