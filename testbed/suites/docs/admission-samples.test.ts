import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { sampleOf } from '../chart/samples.ts';

interface Kyverno {
  readonly spec: {
    readonly rules: readonly {
      readonly validate: {
        readonly message: string;
        readonly pattern: { readonly spec: Readonly<Record<string, readonly unknown[]>> };
      };
    }[];
  };
}

interface Policy {
  readonly spec: {
    readonly variables: readonly { readonly name: string; readonly expression: string }[];
    readonly validations: readonly { readonly message: string }[];
  };
}

const [first] = parseAllDocuments(sampleOf('build-images.yaml'));
const { spec: admission } = first?.toJS() as Policy;
const [rule] = (parse(sampleOf('build-images-kyverno.yaml')) as Kyverno).spec.rules;
const pattern = rule?.validate.pattern.spec ?? {};
const variable = (name: string): string =>
  admission.variables.find((one) => one.name === name)?.expression ?? '';

// The one is tried on a real API server (chart/admission.test.ts); no cluster of the tests has Kyverno, so the other must say the same.
describe('the two admission policies of docs/threat-model.md', () => {
  it('allow the same images', () => {
    const starts = JSON.parse(variable('allowed')) as string[];
    expect(starts).toHaveLength(2);
    const images = starts.map((start) => `${start}*`).join(' | ');
    expect(Object.values(pattern)).toEqual([
      [{ image: images }],
      [{ image: images }],
      [{ image: images }],
      [{ '=(image)': { '=(reference)': images } }],
    ]);
    expect(rule?.validate.message).toBe(admission.validations[0]?.message);
  });

  it('look at the same parts of a Pod', () => {
    const parts = [...variable('images').matchAll(/spec\.\??(\w+)/g)].map(([, part]) => part);
    expect(parts).toEqual(['containers', 'initContainers', 'ephemeralContainers', 'volumes']);
    expect(Object.keys(pattern).map((key) => key.replace(/^=\((.*)\)$/, '$1'))).toEqual(parts);
  });
});
