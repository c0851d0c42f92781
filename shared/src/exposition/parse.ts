import type { Exposition, ExpositionFormat, ExpositionProblem } from './exposition.ts';
import { FamilyGatherer } from './families.ts';
import { LineProblem, parseSampleLine } from './sample-line.ts';

/** More samples, and more described metrics, than any sensible target has: the rest is not parsed, and the result is marked incomplete. */
const MAX_SAMPLES = 20_000;
/** An invalid line costs many times a valid one: a text with more of them is not what it claims to be, and the rest is not parsed. */
const MAX_INVALID_LINES = 1_000;
/** Labels per sample, on average over a text. Each costs about as much as a sample. */
const MAX_LABELS_EACH = 5;
/** What is invalid, or a quoted name, may have cost as much as a label for each of so many characters. */
const CHARS_OF_LABEL = 8;
/** A longer line is invalid, and is not looked at. */
const MAX_LINE_CHARS = 16_384;
/** Enough to find the mistake, and a target with a million invalid lines doesn't fill the memory with problems. */
const MAX_PROBLEMS = 20;
const DESCRIPTION = /^[ \t]*#[ \t]+(HELP|TYPE|UNIT)[ \t]+("(?:[^"\\]|\\[^])*"|[^ \t\r]+)[ \t]?(.*)$/s;

/** Settings of {@link parseExposition}. */
export interface ParseOptions {
  readonly format?: ExpositionFormat;
  readonly maxSamples?: number;
}

/** The format that a Content-Type announces; the Prometheus text format if it names none. */
export function formatOfContentType(contentType: string | undefined): ExpositionFormat {
  return contentType?.trim().toLowerCase().startsWith('application/openmetrics-text') === true
    ? 'openmetrics'
    : 'prometheus-text';
}

class Reading {
  readonly problems: ExpositionProblem[] = [];
  problemCount = 0;
  ended = false;
  #descriptions = 0;
  /** Labels that were read, and what cost as much as labels. */
  #labels = 0;
  readonly #families: FamilyGatherer;
  readonly #format: ExpositionFormat;
  readonly #maxSamples: number;

  constructor(format: ExpositionFormat, maxSamples: number) {
    this.#format = format;
    this.#maxSamples = maxSamples;
    this.#families = new FamilyGatherer(format);
  }

  /** Parses a line; returns false if parsing must stop. */
  take(text: string, line: number): boolean {
    if (this.ended && text.trim() !== '') {
      this.complain(line, new LineProblem('there is more text after # EOF', 'end the text with # EOF'));
      return false;
    }
    const excess = this.#excess();
    if (excess !== undefined) {
      this.complain(line, excess, true);
      return false;
    }
    try {
      this.#line(text);
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error;
      if (text.length <= MAX_LINE_CHARS) this.#labels += text.length / CHARS_OF_LABEL;
      this.complain(line, error);
    }
    return true;
  }

  /** Why the rest is not parsed. */
  #excess(): LineProblem | undefined {
    if (Math.max(this.#families.sampleCount, this.#descriptions) >= this.#maxSamples)
      return new LineProblem(`more than ${this.#maxSamples} values`, 'drop labels with many values');
    if (this.#labels >= MAX_LABELS_EACH * this.#maxSamples)
      return new LineProblem(
        `more than ${MAX_LABELS_EACH * this.#maxSamples} labels, or as much invalid text`,
        'drop labels; is it a text of metrics?',
      );
    if (this.problemCount >= MAX_INVALID_LINES)
      return new LineProblem(`more than ${MAX_INVALID_LINES} invalid lines`, 'is it a text of metrics?');
    return undefined;
  }

  #line(text: string): void {
    if (text.length > MAX_LINE_CHARS)
      throw new LineProblem(`the line has more than ${MAX_LINE_CHARS} characters`, 'shorten its labels');
    const start = text.trimStart();
    if (start === '') return;
    if (!start.startsWith('#')) return this.#sample(text);
    if (this.#format === 'openmetrics' && text.trimEnd() === '# EOF') {
      this.ended = true;
      return;
    }
    this.#description(text);
  }

  #sample(text: string): void {
    const sample = parseSampleLine(text, this.#format);
    this.#families.add(sample);
    this.#labels += sample.labels.size + (sample.exemplar?.labels.size ?? 0);
  }

  /** Any other line that starts with # is a comment. */
  #description(text: string): void {
    const [, keyword, name, rest = ''] = DESCRIPTION.exec(text) ?? [];
    if (keyword === 'HELP' || keyword === 'TYPE' || keyword === 'UNIT') {
      this.#descriptions += 1;
      if (name?.startsWith('"') === true) this.#labels += name.length / CHARS_OF_LABEL;
      this.#families.describe(keyword, unquoted(name ?? ''), rest.replace(/\r$/, ''));
    }
  }

  /** @param isLast why parsing stopped: it is kept, however many there were before */
  complain(line: number, { message, cure }: LineProblem, isLast = false): void {
    this.problemCount += 1;
    if (isLast || this.problems.length < MAX_PROBLEMS) this.problems.push({ line, problem: message, cure });
  }

  done(complete: boolean): Exposition {
    const { problems, problemCount } = this;
    return { families: this.#families.done(), problems, problemCount, complete };
  }
}

const unquoted = (name: string): string =>
  name.startsWith('"') && name.length > 1
    ? name.slice(1, -1).replace(/\\([^])/g, (_, letter: string) => (letter === 'n' ? '\n' : letter))
    : name;

/**
 * Parses Prometheus' text format (0.0.4) or OpenMetrics (1.0) as far as metrics need it: HELP, TYPE, UNIT, escapes, NaN and
 * infinities, timestamps, exemplars, quoted names, `# EOF`.
 *
 * Never throws and reads each character a bounded number of times. An invalid line becomes a problem with its line number
 * and remedy and is left out; of duplicate series the first is kept.
 *
 * @param text the whole response of a target
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function parseExposition(text: string, options: ParseOptions = {}): Exposition {
  const { format = 'prometheus-text', maxSamples = MAX_SAMPLES } = options;
  const reading = new Reading(format, maxSamples);
  let from = 0;
  let line = 0;
  let goOn = true;
  while (goOn && from < text.length) {
    const end = text.indexOf('\n', from);
    const stop = end < 0 ? text.length : end;
    line += 1;
    goOn = reading.take(text.slice(from, stop), line);
    from = stop + 1;
  }
  if (goOn && format === 'openmetrics' && !reading.ended) {
    reading.complain(
      line + 1,
      new LineProblem('the text ends without # EOF', 'send the whole text, with # EOF as its last line'),
    );
    return reading.done(false);
  }
  return reading.done(goOn);
}
