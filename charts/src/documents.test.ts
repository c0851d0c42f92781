import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { DOCUMENTS } from './documents.ts';
import { COMPONENTS, VALUES } from './values/values.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly default?: unknown;
  readonly type?: unknown;
}

/** What is wrong with a value by its schema. */
function validate(schema: object, value: unknown): readonly unknown[] {
  const check = new Ajv({ strict: false }).compile(schema);
  return check(value) ? [] : (check.errors ?? []);
}

const schema = JSON.parse(DOCUMENTS['charts/hangar/values.schema.json']?.() ?? '') as Schema;
const at = (path: string): Schema | undefined =>
  path.split('.').reduce<Schema | undefined>((one, word) => one?.properties?.[word], schema);

describe('the generated files of the chart', () => {
  it.each(Object.entries(DOCUMENTS))('%s is up to date (else: npm run generate)', (path, render) => {
    expect(read(path)).toBe(render());
  });

  it('Chart.yaml has the version of the programs', () => {
    const { version } = JSON.parse(read('package.json')) as { version: string };
    expect(parse(read('charts/hangar/Chart.yaml'))).toMatchObject({ version, appVersion: version });
  });
});

describe('the values', () => {
  it('are all in values.yaml with the defaults of the schema', () => {
    const yaml = parse(DOCUMENTS['charts/hangar/values.yaml']?.() ?? '') as object;
    const valueAt = (path: string): unknown =>
      path
        .split('.')
        .reduce<unknown>((one, word) => Object.entries(one as object).find(([k]) => k === word)?.[1], yaml);
    for (const { path, fallback } of VALUES) {
      expect(valueAt(path), path).toEqual(fallback);
      expect(at(path)?.default, path).toEqual(fallback);
    }
  });

  it('show examples in values.yaml that the schema accepts', () => {
    const shown = VALUES.filter(({ examples = [] }) => examples.length > 0);
    expect(shown.map(({ path }) => path)).toEqual(['autoscaler.config']);
    for (const { path, examples = [], schema: own } of shown) {
      const config = parse(examples.join('\n')) as Readonly<Record<string, unknown>>;
      expect(validate(own as object, config)).toEqual([]);
      for (const line of examples) expect(read('charts/hangar/values.yaml')).toContain(`  #   ${line}\n`);
      expect(Object.keys(config).filter((name) => at(path)?.properties?.[name] === undefined)).toEqual([]);
    }
  });

  it('accept no unknown key at any level of ours', () => {
    const parents = ['', 'runner', 'runner.image', 'runner.config', 'autoscaler.rbac', 'jobs.networkPolicy'];
    for (const path of parents)
      expect((path === '' ? schema : at(path))?.additionalProperties, path).toBe(false);
  });

  it.each(COMPONENTS)(
    '$name.config contains every setting of the program with its type',
    ({ name, settings }) => {
      const config = at(`${name}.config`)?.properties ?? {};
      const names = settings.flatMap((one) => [one.name, ...one.legacyNames]);
      expect(Object.keys(config)).toEqual(names);
      for (const one of settings.filter(({ secret }) => !secret))
        expect(config[one.name], one.name).toHaveProperty([one.type.startsWith('one of') ? 'enum' : 'type']);
    },
  );
});
