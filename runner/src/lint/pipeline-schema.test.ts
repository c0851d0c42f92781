import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { check } from '../command/local/check.ts';
import { pipelines } from '../compile/testing/arbitrary-pipelines.ts';
import { FIELDS, type FieldKind, fieldsOf } from '../parse/fields.ts';
import { pipelineSchema } from './pipeline-schema.ts';

const validate = new Ajv({ strict: false, allErrors: true }).compile(pipelineSchema());
const problemsOf = (value: unknown): readonly string[] =>
  validate(value) ? [] : (validate.errors ?? []).map((one) => `${one.instancePath} ${one.message ?? ''}`);

const CONTEXT = { trusted: true, slug: 'a/b', namespaceRules: {} };
const HEAD = { kind: 'pipeline', type: 'kubernetes' };

const GOLDEN = new URL('../compile/golden/', import.meta.url);
const EXAMPLES = readdirSync(GOLDEN).filter((name) => name.endsWith('.yml'));

/** One value of each kind that the parser reads without a warning. */
function sample(kind: FieldKind, depth = 0): unknown {
  if (typeof kind === 'object') {
    if ('words' in kind) return kind.words[0];
    const part = 'list' in kind ? kind.list : kind.part;
    const value = whole(part, depth + 1);
    return 'list' in kind ? [value] : value;
  }
  const values: Record<typeof kind, unknown> = {
    text: 'a',
    whole: 1,
    switch: true,
    bytes: '1MiB',
    span: '90s',
    texts: ['a'],
    numbers: [1, 75],
    'text map': { a: 'b' },
    variables: { A: 'b', C: { from_secret: 'd' } },
    settings: { a: [1, { b: 2 }], c: { from_secret: 'd' } },
    anything: { a: [1] },
  };
  return values[kind];
}

/** A map with all fields of a part that have an effect. */
const whole = (part: string, depth = 0): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fieldsOf(part) ?? {})
      .filter(([, { support }]) => support !== 'none')
      .map(([key, { kind }]) => [key, sample(kind, depth)]),
  );

/** All maps with fields of their own in a value, each with its part. */
function* partsIn(value: unknown, kind: FieldKind): Generator<readonly [Record<string, unknown>, string]> {
  if (typeof kind === 'string' || 'words' in kind || typeof value !== 'object' || value === null) return;
  if ('list' in kind) {
    for (const item of value as unknown[]) yield* partsIn(item, { part: kind.list });
    return;
  }
  const map = value as Record<string, unknown>;
  yield [map, kind.part];
  for (const [key, field] of Object.entries(fieldsOf(kind.part) ?? {})) yield* partsIn(map[key], field.kind);
}

const isPart = (kind: FieldKind, part: string): boolean =>
  typeof kind === 'object' && 'part' in kind && kind.part === part;

const messagesOf = (value: unknown): readonly string[] =>
  check(JSON.stringify(value), CONTEXT).map(({ message }) => message);

describe('the JSON Schema of pipeline files', () => {
  it.each(EXAMPLES)('accepts %s, whether a reader knows YAML 1.1 or 1.2', (name) => {
    const text = readFileSync(new URL(name, GOLDEN), 'utf8');
    for (const version of ['1.1', '1.2'] as const) {
      const values = parseAllDocuments(text, { version, merge: true }).map((one) => one.toJS() as unknown);
      expect(values.map(problemsOf)).toEqual(values.map(() => []));
    }
  });

  it('accepts every field of the table, and so does the parser without a warning', () => {
    const value = { ...whole('pipeline'), ...HEAD };

    expect(problemsOf(value)).toEqual([]);
    expect(
      messagesOf(value).filter((message) => /unknown key|unmarshal|not supported/.test(message)),
    ).toEqual([]);
    expect(problemsOf(whole('secret'))).toEqual([]);
  });

  it('and the parser flag an unknown key of any part', () => {
    const parts = [...partsIn(whole('pipeline'), { part: 'pipeline' })].map(([, part]) => part);
    expect(new Set(parts)).toEqual(
      new Set(
        Object.keys(FIELDS).filter((part) => !['document', 'secret', 'get', 'variable'].includes(part)),
      ),
    );
    for (const part of new Set(parts)) {
      const value: Record<string, unknown> = { ...whole('pipeline'), ...HEAD };
      const [target] = [...partsIn(value, { part: 'pipeline' })].find(([, one]) => one === part) ?? [];
      if (target !== undefined) target['zzz_unknown'] = 1;
      // Of several sources of a volume the parser reads the first.
      const [key] = Object.entries(FIELDS.volume).find(([, { kind }]) => isPart(kind, part)) ?? [];
      if (key !== undefined) value['volumes'] = [{ name: 'v', [key]: target }];
      expect(problemsOf(value), part).not.toEqual([]);
      // The server reads this part.
      if (part !== 'concurrency')
        expect(messagesOf(value)).toContainEqual(
          expect.stringContaining(`unknown key \`zzz_unknown\` of ${part}`),
        );
    }
  });

  it('accepts whatever the linter finds nothing wrong with', () => {
    let accepted = 0;
    fc.assert(
      fc.property(pipelines, (value) => {
        const text = JSON.stringify(value);
        if (check(text, CONTEXT).some((one) => one.severity === 'error' || /unknown key/.test(one.message)))
          return;
        accepted += 1;
        expect(problemsOf(JSON.parse(text))).toEqual([]);
      }),
      { numRuns: 300 },
    );
    expect(accepted).toBeGreaterThan(20);
  });

  it.each([
    ['a text for a list', 'steps: x'],
    ['a list for a text', 'name: [x]'],
    ['a number that is none', 'clone: { depth: deep }'],
    ['a switch that is none', 'clone: { disable: maybe }'],
    ['a step without an image', 'steps: [{ name: a }]'],
    ['a condition that is none', 'steps: [{ name: a, image: b, when: push }]'],
    ['a duration without a unit', 'steps: [{ name: a, image: b, timeout: 600 }]'],
    ['a retry without attempts', 'steps: [{ name: a, image: b, retry: { backoff: 1s } }]'],
    ['an exit code without a list', 'steps: [{ name: a, image: b, retry: { attempts: 2, exit_codes: 1 } }]'],
    ['an HTTP check without a port', 'services: [{ name: a, image: b, ready: { http: { path: / } } }]'],
  ])('and the linter refuse %s', (_, body) => {
    const value: unknown = { ...HEAD, ...(parse(body) as object) };

    expect(problemsOf(value)).not.toEqual([]);
    expect(messagesOf(value)).not.toEqual([]);
  });

  it.each([
    ['a document of another runner', { kind: 'pipeline', type: 'docker', foo: 1 }],
    ['keys that hold anchors', { ...HEAD, 'x-base': { a: 1 }, '.more': 1, _other: 2 }],
    ['an empty document', null],
  ])('accepts %s', (_, value) => {
    expect(problemsOf(value)).toEqual([]);
  });
});
