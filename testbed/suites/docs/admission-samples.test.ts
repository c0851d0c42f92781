import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { sampleOf } from '../chart/samples.ts';

interface Policy {
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly matchConstraints: Readonly<Record<string, unknown>>;
  };
}

interface Binding {
  readonly spec: {
    readonly validationActions: unknown;
    readonly matchResources: Readonly<Record<string, unknown>>;
  };
}

const [policy, binding] = parseAllDocuments(sampleOf('build-images.yaml')).map(
  (one) => one.toJS() as unknown,
);
const { spec: admission } = policy as Policy;
const { spec: bound } = binding as Binding;
const kyverno = parse(sampleOf('build-images-kyverno.yaml')) as Policy;

// The first is tried on a real API server (chart/admission.test.ts). Kyverno itself does not run there, so the other must have the same expressions.
describe('the two admission policies of docs/threat-model.md', () => {
  it('have the same expressions, for the same Pods', () => {
    expect(kyverno.spec).toEqual({
      ...admission,
      matchConstraints: { ...admission.matchConstraints, ...bound.matchResources },
      validationActions: bound.validationActions,
    });
  });
});
