import { globSync, readFileSync } from 'node:fs';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { ACT_RESOURCE } from '../act/resources.ts';
import { WATCHED } from '../watch/resources.ts';
import { RIGHTS, rightsOf, rulesOf } from './permissions.ts';

const src = new URL('../', import.meta.url);
const sources = globSync('**/*.ts', { cwd: src })
  .filter((path) => !path.endsWith('.test.ts') && !path.includes('testing/'))
  .map((path) => readFileSync(new URL(path, src), 'utf8'));

/** Every account may create access reviews: no Role grants it. */
const ALLOWED_TO_EVERYONE = RESOURCE.accessReviews.plural;

function pluralOf(list: string, word: string): string {
  const all: Readonly<Record<string, Readonly<Record<string, { plural: string }>>>> = {
    RESOURCE,
    ACT_RESOURCE,
    WATCHED,
  };
  return all[list]?.[word]?.plural ?? `${list}.${word}`;
}

describe('the list of rights', () => {
  it('contains every resource that the sources use, and no other', () => {
    const spoken = sources.flatMap((text) =>
      [...text.matchAll(/\b(ACT_RESOURCE|RESOURCE|WATCHED)\.(\w+)/g)].map(([, list = '', word = '']) =>
        pluralOf(list, word),
      ),
    );
    const watched = Object.values(WATCHED).map(({ plural }) => plural);
    const granted = RIGHTS.map(({ resource }) => resource.replace(/\/.*/, ''));

    expect([...new Set(granted)].sort()).toEqual(
      [...new Set([...spoken, ...watched])].filter((one) => one !== ALLOWED_TO_EVERYONE).sort(),
    );
  });

  it('names each right of a feature once', () => {
    const names = RIGHTS.map(
      ({ feature, verb, group, resource }) => `${feature}: ${verb} ${group}/${resource}`,
    );

    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
  });

  it('has no write permission for observing', () => {
    const verbs = rightsOf(new Set(['read-only', 'runner-service'])).map(({ verb }) => verb);

    expect([...new Set(verbs)].sort()).toEqual(['list', 'watch']);
  });

  it('never allows deletion of a Pod or a Node', () => {
    const deleted = RIGHTS.filter(({ verb }) => verb === 'delete').map(({ resource }) => resource);

    expect(deleted).toEqual(['nodeclaims']);
  });

  it('allows no creation but of Leases and Events, and no eviction', () => {
    const created = RIGHTS.filter(({ verb }) => verb === 'create').map(({ resource }) => resource);

    expect(created).toEqual(['leases', 'events']);
  });

  it('changes no object but nodes, Leases, and the sizes of what is scaled', () => {
    const changed = RIGHTS.filter(({ verb }) => ['patch', 'update'].includes(verb));
    const resources = new Set(changed.map(({ resource }) => resource));

    expect([...resources].sort()).toEqual([
      'capacitybuffers',
      'deployments/scale',
      'leases',
      'nodepools',
      'nodepools/scale',
      'nodes',
    ]);
  });
});

describe('rulesOf', () => {
  it('makes one rule per resource; a rule shared by two features appears once', () => {
    const rights = rightsOf(new Set(['place', 'node-pool'])).filter(({ where }) => where === 'cluster');

    expect(rulesOf(rights)).toEqual([
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'patch'] },
      { apiGroups: ['karpenter.sh'], resources: ['nodepools'], verbs: ['get', 'patch'] },
      { apiGroups: ['karpenter.sh'], resources: ['nodepools/scale'], verbs: ['patch'] },
      { apiGroups: ['karpenter.sh'], resources: ['nodeclaims'], verbs: ['list', 'delete'] },
      { apiGroups: [''], resources: ['pods'], verbs: ['list'] },
    ]);
  });
});
