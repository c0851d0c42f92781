import type { ExpositionFormat, Family, MetricType, Sample } from './exposition.ts';
import { excerpt, LineProblem } from './sample-line.ts';

const TYPES: Readonly<Record<string, MetricType>> = {
  counter: 'counter',
  gauge: 'gauge',
  histogram: 'histogram',
  gaugehistogram: 'gaugehistogram',
  summary: 'summary',
  info: 'info',
  stateset: 'stateset',
  untyped: 'unknown',
  unknown: 'unknown',
};

/** Suffixes that a family's samples may have, by type. */
const SUFFIXES: Readonly<Record<string, readonly MetricType[]>> = {
  _bucket: ['histogram', 'gaugehistogram'],
  _sum: ['histogram', 'summary'],
  _count: ['histogram', 'summary'],
  _gsum: ['gaugehistogram'],
  _gcount: ['gaugehistogram'],
  _created: ['histogram', 'summary', 'counter'],
  _total: ['counter'],
  _info: ['info'],
};

interface Growing {
  readonly name: string;
  type: MetricType | undefined;
  help: string | undefined;
  unit: string | undefined;
  readonly samples: Sample[];
}

/**
 * Unlike names and values, a HELP text allows the escapes `
 * ` and `\\`, in OpenMetrics also `\"`.
 */
function unescapeHelp(text: string, format: ExpositionFormat): string {
  return text.replace(/\\([^])/g, (whole, letter: string) => {
    if (letter === 'n') return '\n';
    if (letter === '\\') return '\\';
    return letter === '"' && format === 'openmetrics' ? '"' : whole;
  });
}

/** A unique key for one series: its name and its labels, independent of their order. */
function seriesKey({ name, labels, timestampMs }: Sample): string {
  const pairs = [...labels].sort(([one], [other]) => (one < other ? -1 : 1));
  return JSON.stringify([name, pairs, timestampMs]);
}

/** Groups lines into families; the TYPE line decides the type of a family, wherever its samples are. */
export class FamilyGatherer {
  readonly #families = new Map<string, Growing>();
  readonly #seen = new Set<string>();
  readonly #format: ExpositionFormat;

  constructor(format: ExpositionFormat) {
    this.#format = format;
  }

  /** Number of samples so far. */
  get sampleCount(): number {
    return this.#seen.size;
  }

  /** @throws {LineProblem} for a second HELP, TYPE or UNIT, an unknown type, or a TYPE after its samples */
  describe(keyword: 'HELP' | 'TYPE' | 'UNIT', name: string, text: string): void {
    const family = this.#family(name);
    switch (keyword) {
      case 'HELP':
        if (family.help !== undefined) throw twice(keyword, name);
        family.help = unescapeHelp(text, this.#format);
        return;
      case 'UNIT':
        if (family.unit !== undefined) throw twice(keyword, name);
        family.unit = text;
        return;
      case 'TYPE':
        this.#setType(family, text.trim());
    }
  }

  #setType(family: Growing, word: string): void {
    const type = Object.hasOwn(TYPES, word) ? TYPES[word] : undefined;
    if (type === undefined) {
      throw new LineProblem(
        `${excerpt(word)} is not a metric type`,
        `write one of ${Object.keys(TYPES).join(', ')}`,
      );
    }
    if (family.type !== undefined) throw twice('TYPE', family.name);
    if (family.samples.length > 0) {
      throw new LineProblem(
        `the TYPE of ${excerpt(family.name)} stands behind its values`,
        'write TYPE before the first value',
      );
    }
    family.type = type;
  }

  /** @throws {LineProblem} for a duplicate series; the first one is kept */
  add(sample: Sample): void {
    const key = seriesKey(sample);
    if (this.#seen.has(key)) {
      throw new LineProblem(
        `${excerpt(sample.name)} appears twice with the same labels`,
        'write each series once',
      );
    }
    this.#seen.add(key);
    this.#familyOf(sample.name).samples.push(sample);
  }

  #familyOf(name: string): Growing {
    const [suffix = ''] = /_(?:bucket|sum|count|gsum|gcount|created|total|info)$/.exec(name) ?? [];
    const owner = suffix === '' ? undefined : this.#families.get(name.slice(0, -suffix.length));
    const fits = owner?.type !== undefined && SUFFIXES[suffix]?.includes(owner.type) === true;
    return owner !== undefined && fits ? owner : this.#family(name);
  }

  #family(name: string): Growing {
    const known = this.#families.get(name);
    if (known !== undefined) return known;
    const family: Growing = { name, type: undefined, help: undefined, unit: undefined, samples: [] };
    this.#families.set(name, family);
    return family;
  }

  /** All families in the order of their first line, frozen. */
  done(): ReadonlyMap<string, Family> {
    return new Map(
      [...this.#families].map(([name, { type = 'unknown', help, unit, samples }]) => [
        name,
        Object.freeze({
          name,
          type,
          samples,
          ...(help === undefined ? {} : { help }),
          ...(unit === undefined ? {} : { unit }),
        }),
      ]),
    );
  }
}

const twice = (keyword: string, name: string): LineProblem =>
  new LineProblem(`a second ${keyword} for ${excerpt(name)}`, `write one ${keyword} for each metric`);
