import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Candidate, orderSteps } from './order-steps.ts';
import { aService, aStep } from './testing/a-pipeline.ts';

const clone: Candidate = { step: aStep({ name: 'clone' }), origin: 'clone', canRun: true };
const service = (name: string, dependsOn: string[] = []): Candidate => ({
  step: aService({ name, dependsOn }),
  origin: 'service',
  canRun: true,
});
const step = (name: string, dependsOn: string[] = []): Candidate => ({
  step: aStep({ name, dependsOn }),
  origin: 'step',
  canRun: true,
});
const detached = (name: string): Candidate => ({
  step: aStep({ name, detach: true }),
  origin: 'step',
  canRun: true,
});
const never = (candidate: Candidate): Candidate => ({ ...candidate, canRun: false });
const order = (...candidates: Candidate[]) =>
  Object.fromEntries(orderSteps(candidates).map(({ n, step: { name }, after }) => [`${n} ${name}`, after]));

describe('orderSteps (previous-runner §4.5, §6.2)', () => {
  it.each([
    [
      'a serial pipeline runs in list order',
      [clone, step('a'), step('b')],
      { '1 clone': [], '2 a': [1], '3 b': [2] },
    ],
    [
      'services and detached steps do not block serial steps',
      [clone, service('db'), step('a'), detached('d'), step('b')],
      { '1 clone': [], '2 db': [1], '3 a': [1, 2], '4 d': [3], '5 b': [3, 4] },
    ],
    [
      'a step that can not run is skipped in the serial order',
      [clone, never(step('a')), step('b')],
      { '1 clone': [], '2 b': [1] },
    ],
    [
      'one depends_on makes a graph, in which all other steps follow clone',
      [clone, service('db'), step('a'), step('b', ['a'])],
      { '1 clone': [], '2 db': [1], '3 a': [1], '4 b': [3] },
    ],
    [
      'without clone the roots of a graph have no dependencies',
      [step('a'), step('b', ['a']), step('c')],
      { '1 a': [], '2 b': [1], '3 c': [] },
    ],
    [
      'a step that can not run passes its dependencies on',
      [clone, step('a'), never(step('b', ['a'])), step('c', ['b'])],
      { '1 clone': [], '2 a': [1], '3 c': [2] },
    ],
    [
      'a root that can not run is replaced by clone',
      [clone, never(step('a')), step('b', ['a'])],
      { '1 clone': [], '2 b': [1] },
    ],
    [
      'depends_on of a step that can not run still makes a graph',
      [clone, step('a'), never(step('b', ['a'])), step('c')],
      { '1 clone': [], '2 a': [1], '3 c': [1] },
    ],
    [
      'a dependency on clone is dropped if there is no clone step',
      [step('a', ['clone']), step('b', ['a'])],
      { '1 a': [], '2 b': [1] },
    ],
    [
      'an author’s step named clone is an ordinary step',
      [step('clone'), step('a', ['clone'])],
      { '1 clone': [], '2 a': [1] },
    ],
  ])('%s', (_sentence, candidates, want) => {
    expect(order(...candidates)).toEqual(want);
  });

  it.each([
    ['an unknown step', [clone, step('a', ['ghost'])]],
    ['a later step', [clone, step('a', ['b']), step('b')]],
    ['itself', [clone, step('a', ['a'])]],
  ])('refuses to depend on %s', (_sentence, candidates) => {
    expect(() => order(...candidates)).toThrow(/"a" depends on/);
  });

  it('waits only for steps with lower numbers, in any graph', () => {
    const graphs = fc.array(
      fc.record({ canRun: fc.boolean(), back: fc.array(fc.nat(20), { maxLength: 4 }), detach: fc.boolean() }),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(graphs, (shapes) => {
        const candidates = shapes.map(({ canRun, back, detach }, index): Candidate => {
          const dependsOn = back.filter((far) => far < index).map((far) => `s${far}`);
          return { step: aStep({ name: `s${index}`, dependsOn, detach }), origin: 'step', canRun };
        });
        const ordered = orderSteps(candidates);
        expect(ordered).toHaveLength(candidates.filter(({ canRun }) => canRun).length);
        for (const { n, after } of ordered)
          expect(after.every((earlier) => earlier >= 1 && earlier < n)).toBe(true);
      }),
    );
  });
});

describe('the dependencies that the server draws', () => {
  const drawn = (...candidates: Candidate[]) =>
    Object.fromEntries(orderSteps(candidates).map(({ step: { name }, dependsOn }) => [name, dependsOn]));

  it('are the step before, in a serial pipeline', () => {
    expect(drawn(clone, service('db'), step('a'), step('b'))).toEqual({
      clone: [],
      db: ['clone'],
      a: ['db'],
      b: ['a'],
    });
  });

  it('skip a step that can not run, which the server does not show', () => {
    expect(drawn(clone, never(step('a')), step('b'))).toEqual({ clone: [], b: ['clone'] });
  });

  it('are the author’s in a graph, and clone for the others', () => {
    expect(drawn(clone, service('db'), step('a'), step('b', ['a', 'db']))).toEqual({
      clone: [],
      db: ['clone'],
      a: ['clone'],
      b: ['a', 'db'],
    });
  });

  it('are none for the roots of a graph without a clone step', () => {
    expect(drawn(step('a'), step('b', ['a']))).toEqual({ a: [], b: ['a'] });
  });
});
