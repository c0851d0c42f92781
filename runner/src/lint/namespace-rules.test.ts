import { expect, it } from 'vitest';
import { namespaceAllowed } from './namespace-rules.ts';

const RULES = { prod: ['octocat/*', 'ops/**'], nobody: [] };

it.each([
  ['a slug that matches a glob', 'prod', 'octocat/hello', true],
  ['a slug that matches no glob', 'prod', 'evil/hello', false],
  ['another glob of the list', 'prod', 'ops/a/b', true],
  ['a namespace with an empty list', 'nobody', 'octocat/hello', false],
  ['a namespace without entry', 'ci', 'evil/hello', true],
  ['no namespace', '', 'evil/hello', true],
  ['a namespace that JavaScript has ideas about', 'constructor', 'evil/hello', true],
])('%s: %s, %s → %s', (_, namespace, slug, want) => {
  expect(namespaceAllowed(RULES, namespace, slug)).toBe(want);
});
