import fc from 'fast-check';
import { expect, it } from 'vitest';
import { stringify } from 'yaml';
import { pipelines } from '../../compile/testing/arbitrary-pipelines.ts';
import { check } from './check.ts';
import {
  findingsIn,
  misplaced,
  refusalParts,
  refusedByParser,
  startsInEachBuild,
} from './testing/agreement.ts';

/** Lines of pipeline files; together some are valid, and most are nearly. */
const LINES = [
  ...[
    'kind: pipeline',
    'type: kubernetes',
    'kind: secret',
    'name: !!int x',
    'name: [a]',
    '---',
    '...',
    'steps:',
  ],
  ...[
    'steps: 1',
    'services:',
    'volumes:',
    '- name: a',
    '- name: {}',
    '-',
    '- 1',
    '  image: b',
    '  image: "B c"',
  ],
  ...[
    '  image: !!binary "#"',
    '  detach: often',
    '  depends_on: [a, [b]]',
    '  depends_on: [c]',
    '  user: -1',
  ],
  ...[
    '  volumes: [{ name: v, path: /x }, 1]',
    '  when: { branch: { include: {} }, event: [[x]] }',
    '  temp: 1',
  ],
  ...['  environment: { "A=": 1, B: { from_secret: [x] } }', '  <<: *x', 'x: &x { image: b }', '  commands:'],
  ...['  - a: b', '# comment', 'node_selector: { "a b": "c d" }', 'tolerations: [{ operator: x }, a]', '\t'],
  ...[
    'parallelism: 0',
    'clone: { depth: x }',
    'resources: { requests: { cpu: x, memory: 1Q } }',
    'a: b: c',
    'é: ⚙',
  ],
];

it('lint finds an error if, and only if, some build would be refused: all that the runner says then, and every finding has a place', () => {
  const seen = { starts: 0, refused: 0 };
  fc.assert(
    fc.property(pipelines, fc.boolean(), fc.boolean(), (value, trusted, isJson) => {
      const text = isJson ? JSON.stringify(value) : stringify(value);
      const findings = findingsIn(text, trusted);
      const expected = startsInEachBuild(text, trusted);

      expect(findings.some(({ severity }) => severity === 'error')).toBe(!expected);
      expect(misplaced(text, findings)).toEqual([]);
      const said = findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);
      expect(refusalParts(text, trusted).filter((part) => !said.includes(part))).toEqual([]);
      seen[expected ? 'starts' : 'refused'] += 1;
    }),
    { numRuns: 400 },
  );
  expect(Math.min(seen.starts, seen.refused)).toBeGreaterThan(5);
}, 120_000);

it('lint ends with findings that have a place in the file, each once, and says all that the parser says', () => {
  const files = fc
    .tuple(fc.boolean(), fc.array(fc.constantFrom(...LINES), { maxLength: 14 }))
    .map(([isOurs, lines]) => [...(isOurs ? LINES.slice(0, 2) : []), ...lines].join('\n'));
  const seen = { clean: 0, wrong: 0 };
  fc.assert(
    fc.property(files, (text) => {
      const findings = check(text, { trusted: false, slug: 'acme/widget', namespaceRules: {} });
      const said = findings.filter(({ severity }) => severity === 'error').map(({ message }) => message);

      expect(misplaced(text, findings)).toEqual([]);
      expect(new Set(findings.map((one) => JSON.stringify(one))).size).toBe(findings.length);
      expect(refusedByParser(text).filter((part) => !said.includes(part))).toEqual([]);
      seen[said.length === 0 ? 'clean' : 'wrong'] += 1;
    }),
    { numRuns: 5_000 },
  );
  expect(Math.min(seen.clean, seen.wrong)).toBeGreaterThan(500);
}, 120_000);
