import { PipelineError } from '../pipeline/pipeline-error.ts';

/** One document of a pipeline file, and the number of its first line in the file, from 1. */
export interface SourceDocument {
  readonly text: string;
  readonly firstLine: number;
}

/** Maximum number of documents: far more than any server accepts from one file. */
const MAX_DOCUMENTS = 1_000;

/** A line that separates documents, or ends the input, with the line break before it. */
const SEPARATOR = /(?:^|\n)(?:---|\.\.\.)/g;
const MARK_CHARS = 3;

/**
 * Splits a pipeline file into documents by lines (previous-runner §3.1): a line starting with `---` starts one (its rest is dropped),
 * a line starting with `...` ends the input. Lines may be of any length (known issue 43).
 *
 * @throws {PipelineError} `yaml`, for too many documents
 */
export function splitDocuments(text: string): readonly SourceDocument[] {
  const source = text.includes('\r') ? text.replace(/\r(?=\n|$)/g, '') : text;
  const documents: SourceDocument[] = [];
  let start = 0;
  let firstLine = 1;
  for (const found of source.matchAll(SEPARATOR)) {
    const end = found.index + found[0].length - MARK_CHARS;
    documents.push({ text: source.slice(start, end), firstLine });
    if (found[0].endsWith('.')) return documents;
    const line = firstLine + lineBreaks(source, start, end);
    if (documents.length >= MAX_DOCUMENTS) throw tooMany(line);
    const behind = source.indexOf('\n', end);
    start = behind < 0 ? source.length : behind + 1;
    firstLine = line + 1;
  }
  documents.push({ text: source.slice(start), firstLine });
  return documents;
}

function lineBreaks(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at >= 0 && at < to; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

const tooMany = (line: number): PipelineError =>
  new PipelineError(
    'yaml',
    `yaml: line ${line}: the file has more than ${MAX_DOCUMENTS} documents; split it`,
    {
      place: { line, column: 1 },
    },
  );
