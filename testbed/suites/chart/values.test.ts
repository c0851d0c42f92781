import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { CHART, type ChartValues, Helm, LEAST, laidOver } from './helm.ts';
import { VALUE_EXAMPLES } from './value-examples.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly default?: unknown;
}

/** Paths of all values: what the schema has a default for. */
const pathsOf = ({ properties = {} }: Schema, parent = ''): readonly string[] =>
  Object.entries(properties).flatMap(([name, below]) =>
    below.default === undefined ? pathsOf(below, `${parent}${name}.`) : [`${parent}${name}`],
  );

const PATHS = pathsOf(JSON.parse(readFileSync(`${CHART}/values.schema.json`, 'utf8')) as Schema);

const nested = (path: string, value: unknown): ChartValues =>
  path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as ChartValues;

let helm: Helm;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
});

async function linesOf(values: ChartValues): Promise<readonly string[]> {
  const text = await helm.run(['template', 'hangar', CHART, '-n', 'ci'], laidOver(LEAST, values));
  return text.split('\n');
}

const has = (lines: readonly string[], part: string): boolean => lines.some((line) => line.includes(part));

describe('every value of the chart', () => {
  it('has an example here, and no example is without its value', () => {
    expect(Object.keys(VALUE_EXAMPLES).sort()).toEqual([...PATHS].sort());
  });

  it.each(Object.entries(VALUE_EXAMPLES))(
    '%s changes the objects',
    async (path, { set, shows, given = {}, removes }) => {
      const [before, after] = await Promise.all([
        linesOf(given),
        linesOf(laidOver(given, nested(path, set))),
      ]);
      const part = removes ?? shows;
      const isAdded = removes === undefined;
      expect({ before: has(before, part), after: has(after, part) }).toEqual({
        before: !isAdded,
        after: isAdded,
      });
      expect(after.filter((line) => line !== '' && line.trim() === '')).toEqual([]);
    },
  );
});
