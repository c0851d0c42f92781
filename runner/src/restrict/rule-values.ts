import { formatCpuMillicores, formatMemoryBytes, parseCpuMillicores } from '@hangar/shared/quantity';
import { parseByteSize } from '@hangar/shared/units';
import { type Levels, type Most, type Names, UNTRUSTED } from './restrictions.ts';
import type { RuleKind } from './rule-table.ts';
import { TRUST_LEVELS, type TrustLevel } from './trust-level.ts';

/** A parsed value, or what is wrong with the text. */
export type Parsed<T> = { readonly value: T } | { readonly wrong: string };

/** Parses the value of one level. */
export type ReadRuleValue<T> = (text: string) => Parsed<T>;

function readNames(text: string): Parsed<Names> {
  const words = text.split(/\s+/).filter((word) => word !== '');
  if (words.length > 1 && words.some((word) => word === 'any' || word === 'none'))
    return { wrong: 'combines any or none with globs' };
  if (words.length === 0) return { wrong: 'has an empty value' };
  if (words[0] === 'any') return { value: 'any' };
  return { value: words[0] === 'none' ? [] : words };
}

function readSwitch(text: string): Parsed<Names> {
  if (text.trim() === 'any') return { value: 'any' };
  return text.trim() === 'none' ? { value: [] } : { wrong: 'is neither any nor none' };
}

const readAmount =
  (parse: (text: string) => number | undefined): ReadRuleValue<Most> =>
  (text) => {
    if (text.trim() === 'any') return { value: 'any' };
    const amount = parse(text.trim());
    return amount !== undefined && amount > 0 ? { value: amount } : { wrong: 'is not an amount above 0' };
  };

/** How a value of each kind is written and parsed. */
export const NAME_KINDS = {
  names: { written: '`any`, `none`, or space-separated globs', read: readNames },
  switch: { written: '`any` or `none`', read: readSwitch },
} as const;

/** The same for amounts. */
export const AMOUNT_KINDS = {
  cpu: { written: '`any`, or CPU such as 4 or 500m', read: readAmount(parseCpuMillicores) },
  bytes: { written: '`any`, or a size such as 10Gi', read: readAmount(parseByteSize) },
} as const;

type Pair = readonly [TrustLevel | undefined, string];

/** `fork:none` → the level and its value; without a level, all of it is the value, which may have a colon. */
function pairOf(item: string): Pair {
  const colon = item.indexOf(':');
  const level = TRUST_LEVELS.find((one) => one === item.slice(0, Math.max(colon, 0)).trim());
  return level === undefined ? [undefined, item] : [level, item.slice(colon + 1)];
}

/**
 * Parses a rule for all levels: `fork:none,ordinary:a b-*`. A value without a level is for `fork` and `ordinary`; a level that isn't named
 * has the value of the next more trusted one, and `trusted` is `any`. Pure.
 */
export function parseRule<T>(read: ReadRuleValue<T | 'any'>, text: string): Parsed<Levels<T | 'any'>> {
  const pairs = text
    .split(',')
    .filter((item) => item.trim() !== '')
    .map(pairOf);
  const bare = pairs.filter(([level]) => level === undefined);
  if (bare.length > 0 && pairs.length > 1)
    return { wrong: `combines a value without a level (${TRUST_LEVELS.join(', ')}) with others` };
  const values = new Map<TrustLevel, T | 'any'>();
  for (const [level, written] of pairs) {
    const parsed = read(written);
    if ('wrong' in parsed) return parsed;
    for (const one of level === undefined ? UNTRUSTED : [level]) {
      if (values.has(one)) return { wrong: `names ${one} twice` };
      values.set(one, parsed.value);
    }
  }
  return { value: filled(values) };
}

function filled<T>(values: ReadonlyMap<TrustLevel, T | 'any'>): Levels<T | 'any'> {
  const trusted = values.get('trusted') ?? 'any';
  const ordinary = values.get('ordinary') ?? trusted;
  return { fork: values.get('fork') ?? ordinary, ordinary, trusted };
}

/** A value as it is written for one level. Pure. */
export function formatRuleValue(kind: RuleKind, value: Names | Most): string {
  if (value === 'any') return 'any';
  if (typeof value !== 'number') return value.length === 0 ? 'none' : value.join(' ');
  return kind === 'cpu' ? formatCpuMillicores(value) : formatMemoryBytes(value);
}

/** A rule as its setting is written. Pure. */
export function formatRule(kind: RuleKind, value: Levels<Names | Most>): string {
  const [fork, ordinary, trusted] = TRUST_LEVELS.map((level) => formatRuleValue(kind, value[level]));
  if (fork === ordinary && trusted === 'any') return ordinary ?? 'any';
  return `fork:${fork},ordinary:${ordinary}${trusted === 'any' ? '' : `,trusted:${trusted}`}`;
}

/** The levels whose builds may choose whatever they like by this rule. Pure. */
export const openLevels = (value: Levels<Names | Most>): readonly TrustLevel[] =>
  UNTRUSTED.filter((level) => value[level] === 'any');
