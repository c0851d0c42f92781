import { globSync, readFileSync } from 'node:fs';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { RIGHTS, ruleLine, rulesOf, WITHOUT } from './permissions.ts';
import { renderRole } from './role.ts';

const src = new URL('../', import.meta.url);
const sources = globSync('**/*.ts', { cwd: src })
  .filter((path) => !path.endsWith('.test.ts') && !path.includes('testing/'))
  .map((path) => readFileSync(new URL(path, src), 'utf8'));
const pluralOf = (word: string): string => RESOURCE[word as keyof typeof RESOURCE].plural;

/** Every user may create access reviews, so no Role needs to grant this. */
const OF_EVERYBODY = RESOURCE.accessReviews.plural;

describe('the list of rights', () => {
  it('names exactly the resources that the sources use', () => {
    const spoken = sources.flatMap((text) =>
      [...text.matchAll(/RESOURCE\.(\w+)/g)].map(([, word = '']) => pluralOf(word)),
    );
    const granted = RIGHTS.map((right) => right.resource.replace(/\/.*/, ''));

    expect([...new Set(granted)].sort()).toEqual(
      [...new Set(spoken)].filter((one) => one !== OF_EVERYBODY).sort(),
    );
  });

  it('contains every call found in the sources', () => {
    const call =
      /\.(get|list|create|patch|remove)(?:<[^>]*>)?\(\s*(?:\{ resource: RESOURCE\.(\w+)|podTarget\()/g;
    const calls = sources.flatMap((text) =>
      [...text.matchAll(call)].map(
        ([, verb = '', word = 'pods']) => `${verb === 'remove' ? 'delete' : verb} ${pluralOf(word)}`,
      ),
    );
    const granted = RIGHTS.map((right) => `${right.verb} ${right.resource}`);

    expect(calls.length).toBeGreaterThan(5);
    expect(calls).toContain('patch pods');
    expect(calls.filter((one) => !granted.includes(one) && !one.endsWith(OF_EVERYBODY))).toEqual([]);
  });

  it('lists each right once', () => {
    const names = RIGHTS.map((right) => `${right.verb} ${right.resource}`);

    expect(new Set(names).size).toBe(names.length);
  });
});

describe('features that are off without a right', () => {
  const page = readFileSync(new URL('../../docs/migrate.md', src), 'utf8');
  const features = RIGHTS.filter(({ needed }) => needed in WITHOUT);

  it.each(Object.keys(WITHOUT))('%s needs a right of the list', (feature) => {
    expect(features.map(({ needed }) => needed)).toContain(feature);
  });

  it.each(features)('docs/migrate.md has a line for $verb $resource', ({ verb, resource }) => {
    const lines = page
      .split('\n')
      .filter((line) => line.startsWith('| ') && line.includes(`\`${resource}\``));
    expect(lines.filter((line) => line.includes(`\`${verb}\``) || line.includes('any of those'))).not.toEqual(
      [],
    );
  });
});

describe('rulesOf', () => {
  it('creates one rule per resource', () => {
    const rules = rulesOf(RIGHTS.filter((right) => right.resource === 'secrets' || right.where === 'lease'));

    expect(rules.map(ruleLine)).toEqual([
      '{ apiGroups: [""], resources: [secrets], verbs: [create, get] }',
      '{ apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, list, create, patch, delete] }',
    ]);
  });
});

describe('renderRole', () => {
  it('binds a Role with all namespaced rights, and no cluster-wide ones, to the service account', () => {
    const [account, role, binding] = parseAllDocuments(renderRole()).map(
      (document) => document.toJS() as unknown,
    );
    const here = { name: 'hangar-runner', namespace: 'hangar' };

    expect(account).toMatchObject({
      kind: 'ServiceAccount',
      metadata: here,
      automountServiceAccountToken: false,
    });
    expect(role).toMatchObject({
      kind: 'Role',
      metadata: here,
      rules: rulesOf(RIGHTS.filter(({ where }) => where === 'pods' || where === 'lease')),
    });
    expect(binding).toMatchObject({
      kind: 'RoleBinding',
      metadata: here,
      roleRef: { kind: 'Role', name: 'hangar-runner' },
      subjects: [{ kind: 'ServiceAccount', ...here }],
    });
  });
});
