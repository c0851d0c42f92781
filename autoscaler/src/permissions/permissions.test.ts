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

/** Everybody may ask what is allowed to them: no Role grants it. */
const OF_EVERYBODY = RESOURCE.accessReviews.plural;

function pluralOf(list: string, word: string): string {
  const all: Readonly<Record<string, Readonly<Record<string, { plural: string }>>>> = {
    RESOURCE,
    ACT_RESOURCE,
    WATCHED,
  };
  return all[list]?.[word]?.plural ?? `${list}.${word}`;
}

describe('the list of rights', () => {
  it('speaks of every resource that the sources speak of, and of no other', () => {
    const spoken = sources.flatMap((text) =>
      [...text.matchAll(/\b(ACT_RESOURCE|RESOURCE|WATCHED)\.(\w+)/g)].map(([, list = '', word = '']) =>
        pluralOf(list, word),
      ),
    );
    const watched = Object.values(WATCHED).map(({ plural }) => plural);
    const granted = RIGHTS.map(({ resource }) => resource.replace(/\/.*/, ''));

    expect([...new Set(granted)].sort()).toEqual(
      [...new Set([...spoken, ...watched])].filter((one) => one !== OF_EVERYBODY).sort(),
    );
  });

  it('names each right of a feature once', () => {
    const names = RIGHTS.map(
      ({ feature, verb, group, resource }) => `${feature}: ${verb} ${group}/${resource}`,
    );

    expect(names.filter((name, place) => names.indexOf(name) !== place)).toEqual([]);
  });

  it('changes nothing in the cluster by looking', () => {
    const verbs = rightsOf(new Set(['look', 'runner-service'])).map(({ verb }) => verb);

    expect([...new Set(verbs)].sort()).toEqual(['list', 'watch']);
  });

  it('never lets anybody delete a Pod or a Node', () => {
    const deleted = RIGHTS.filter(({ verb }) => verb === 'delete').map(({ resource }) => resource);

    expect(deleted).toEqual(['nodeclaims']);
  });
});

describe('rulesOf', () => {
  it('makes one rule of each resource; what two features share stands once', () => {
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
