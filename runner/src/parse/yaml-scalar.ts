import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { YamlScalar } from './yaml-node.ts';

/** The value of a scalar if its reader does not request text (previous-runner §3.3: YAML 1.1, as in the old library). */
export type ScalarValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string };

const NULLS = ['', '~', 'null', 'Null', 'NULL'];
const TRUES = ['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'];
const FALSES = ['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'];
const valued = (words: readonly string[], value: ScalarValue) => words.map((word) => [word, value] as const);
const WORDS: ReadonlyMap<string, ScalarValue> = new Map([
  ...valued(NULLS, { kind: 'null' }),
  ...valued(TRUES, { kind: 'bool', value: true }),
  ...valued(FALSES, { kind: 'bool', value: false }),
]);
/** Longer texts are not looked for. */
const LONGEST_WORD = Math.max(...[...WORDS.keys()].map((word) => word.length));
const INTEGER = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/;
const FLOAT = /^[+-]?[0-9]*\.?[0-9]+(?:[eE][+-][0-9]+)?$/;
const SPECIAL_FLOAT = /^([+-]?)\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
const MAX_INT = 2n ** 64n - 1n;
const MIN_INT = -(2n ** 63n);
/** Longer numerals are text: no realistic number is that long, and conversion takes time. */
const MAX_NUMERAL_LENGTH = 400;

/** No numeral begins with a later character. */
const NINE = 0x39;

function integer(text: string): bigint | undefined {
  const [, sign, hex, binary, octal, decimal] = INTEGER.exec(text) ?? [];
  if (sign === undefined) return undefined;
  const digits = hex ? `0x${hex}` : binary ? `0b${binary}` : octal ? `0o${octal}` : (decimal ?? '0');
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return value < MIN_INT || value > MAX_INT ? undefined : value;
}

function specialFloat(text: string): number | undefined {
  const [found, sign] = SPECIAL_FLOAT.exec(text) ?? [];
  if (found === undefined) return undefined;
  if (found.toLowerCase().endsWith('nan')) return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function number(text: string): ScalarValue | undefined {
  if (text.charCodeAt(0) > NINE || text.length > MAX_NUMERAL_LENGTH || !/^[0-9+.-]/.test(text))
    return undefined;
  const special = specialFloat(text);
  if (special !== undefined) return { kind: 'float', value: special };
  // Underscores are only allowed after a leading digit or sign.
  const plain = text.startsWith('.') ? text : text.replaceAll('_', '');
  const int = integer(plain);
  if (int !== undefined) return { kind: 'int', value: int };
  const float = FLOAT.test(plain) ? Number(plain) : Number.POSITIVE_INFINITY;
  return Number.isFinite(float) ? { kind: 'float', value: float } : undefined;
}

function implicit(text: string): ScalarValue {
  const word = text.length > LONGEST_WORD ? undefined : WORDS.get(text);
  return word ?? number(text) ?? { kind: 'text', value: text };
}

/** The whole number that a plain text stands for, fractions truncated; undefined if it is no number or too large. */
export function wholeNumber(text: string): number | undefined {
  return truncated(implicit(text));
}

/** A number without its fraction; undefined for other values and numbers beyond JavaScript's exact range. */
export function truncated(value: ScalarValue): number | undefined {
  if (value.kind !== 'int' && value.kind !== 'float') return undefined;
  const whole = Math.trunc(Number(value.value));
  return Number.isSafeInteger(whole) ? whole + 0 : undefined;
}

const TAG_KIND: Readonly<Record<string, ScalarValue['kind']>> = {
  '!!null': 'null',
  '!!bool': 'bool',
  '!!int': 'int',
  '!!float': 'float',
};

const yamlError = ({ line, column }: YamlScalar, message: string): PipelineError =>
  new PipelineError('yaml', `yaml: line ${line}: ${message}`, { place: { line, column } });

function binary(node: YamlScalar): ScalarValue {
  const base64 = node.text.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(base64) || base64.length % 4 !== 0) {
    throw yamlError(node, '!!binary value contains invalid base64 data');
  }
  return { kind: 'text', value: Buffer.from(base64, 'base64').toString('utf8') };
}

function tagged(node: YamlScalar): ScalarValue {
  if (node.tag === '!!binary') return binary(node);
  const wanted = TAG_KIND[node.tag];
  if (wanted === undefined) return { kind: 'text', value: node.text };
  const value = implicit(node.text);
  if (value.kind === wanted) return value;
  if (wanted === 'float' && value.kind === 'int') return { kind: 'float', value: Number(value.value) };
  throw yamlError(node, `cannot decode ${TYPE_TAG[value.kind]} \`${node.text}\` as a ${node.tag}`);
}

/** The tag of each kind of value in error messages. */
export const TYPE_TAG: Readonly<Record<ScalarValue['kind'], string>> = {
  null: '!!null',
  bool: '!!bool',
  int: '!!int',
  float: '!!float',
  text: '!!str',
};

/**
 * The value of a scalar, by its explicit tag, else (plain scalars only) by its syntax.
 *
 * @throws {PipelineError} `yaml`, if the text does not match the tag
 */
export function resolveScalar(node: YamlScalar): ScalarValue {
  if (node.tag !== '') return tagged(node);
  return node.plain ? implicit(node.text) : { kind: 'text', value: node.text };
}
