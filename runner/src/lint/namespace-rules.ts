import { doublestarMatch } from '../parse/doublestar.ts';

/**
 * Which repositories may use a namespace: namespace → globs of slugs (previous-runner §1.6.2). Namespaces without an entry are
 * unrestricted.
 */
export type NamespaceRules = Readonly<Record<string, readonly string[]>>;

/** Whether a pipeline of this repository may use the namespace (previous-runner §3.12.4). */
export function namespaceAllowed(rules: NamespaceRules, namespace: string, slug: string): boolean {
  if (namespace === '' || !Object.hasOwn(rules, namespace)) return true;
  return (rules[namespace] ?? []).some((glob) => doublestarMatch(glob, slug));
}
