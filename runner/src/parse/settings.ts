import type { EnvValue } from '../pipeline/pipeline.ts';
import { isNull } from './decoder.ts';
import type { YamlMap, YamlNode, YamlScalar, YamlSeq } from './yaml-node.ts';
import { resolveScalar, type ScalarValue } from './yaml-scalar.ts';

/** A plugin setting as variable text or secret reference; undefined = no variable (previous-runner §3.10). */
export function settingValue(node: YamlNode): EnvValue | undefined {
  if (node.kind === 'scalar') {
    const value = resolveScalar(node);
    return value.kind === 'null' ? undefined : { kind: 'text', text: valueText(value) };
  }
  const secret = node.kind === 'map' ? secretName(node) : '';
  return secret === '' ? { kind: 'text', text: settingText(node) } : { kind: 'secret', secret };
}

function secretName(node: YamlMap): string {
  const found = node.entries.find(([key]) => key.kind === 'scalar' && scalarText(key) === 'from_secret')?.[1];
  if (found?.kind !== 'scalar') return '';
  const value = resolveScalar(found);
  if (value.kind === 'null') return '';
  return value.kind === 'text' ? value.value : found.text;
}

function settingText(node: YamlMap | YamlSeq): string {
  if (node.kind === 'map' || node.items.some((item) => item.kind !== 'scalar')) return json(node);
  return node.items.map((item) => (item.kind === 'scalar' ? scalarText(item) : '')).join(',');
}

/** The first power of ten that is written with an exponent. */
const LEAST_EXPONENT = 6;

const scalarText = (node: YamlScalar): string => valueText(resolveScalar(node));

function valueText(value: ScalarValue): string {
  switch (value.kind) {
    case 'null':
      return '';
    case 'bool':
    case 'int':
    case 'text':
      return String(value.value);
    case 'float':
      return floatText(value.value);
  }
}

/** Shortest form, with Go's spelling of NaN, infinities and exponents: from a million on, and below a ten-thousandth. */
function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const [digits = '', exponent = '0'] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < LEAST_EXPONENT) return String(value + 0);
  const sign = power < 0 ? '-' : '+';
  return `${digits}e${sign}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** JSON as Go writes it: keys sorted by bytes, `<`, `>`, `&` and the two line separators escaped. */
function json(node: YamlNode): string {
  switch (node.kind) {
    case 'scalar':
      return scalarJson(resolveScalar(node));
    case 'seq':
      return `[${node.items.map(json).join(',')}]`;
    case 'map':
      return `{${sortedEntries(node)
        .map(([key, value]) => `${quoted(key)}:${json(value)}`)
        .join(',')}}`;
  }
}

function sortedEntries(node: YamlMap): readonly (readonly [string, YamlNode])[] {
  const byKey = new Map(node.entries.map(([key, value]) => [keyText(key), value] as const));
  return [...byKey].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** JSON allows only text keys: a null key becomes `null`, and a list or map is written as text. */
const keyText = (key: YamlNode): string => {
  if (key.kind !== 'scalar') return json(key);
  return isNull(key) ? 'null' : scalarText(key);
};

function scalarJson(value: ScalarValue): string {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'bool':
    case 'int':
      return String(value.value);
    case 'float':
      return Number.isFinite(value.value) ? String(value.value + 0) : quoted(floatText(value.value));
    case 'text':
      return quoted(value.value);
  }
}

const quoted = (text: string): string =>
  JSON.stringify(text).replace(
    /[<>&\u2028\u2029]/g,
    (char) => `\\u${(char.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
