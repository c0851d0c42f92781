import { PipelineError } from '../pipeline/pipeline-error.ts';

/** One document of a pipeline file, and the number of its first line in the file, from 1. */
export interface SourceDocument {
  readonly text: string;
  readonly firstLine: number;
}

/** With the last line break, which belongs to a block of text that keeps all of them. */
const wholeLines = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join('');

/** Maximum number of documents: far more than any server accepts from one file. */
const MAX_DOCUMENTS = 1_000;

/**
 * Splits a pipeline file into documents by lines (previous-runner §3.1): a line starting with `---` starts one (its rest is dropped),
 * a line starting with `...` ends the input. Lines may be of any length (known issue 43).
 *
 * @throws {PipelineError} `yaml`, for too many documents
 */
export function splitDocuments(text: string): readonly SourceDocument[] {
  const documents: SourceDocument[] = [];
  let lines: string[] = [];
  let firstLine = 1;
  const finish = (text: string): void => {
    documents.push({ text, firstLine });
  };
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.startsWith('...')) {
      finish(wholeLines(lines));
      return documents;
    }
    if (!line.startsWith('---')) {
      lines.push(line);
      continue;
    }
    finish(wholeLines(lines));
    if (documents.length >= MAX_DOCUMENTS)
      throw new PipelineError(
        'yaml',
        `yaml: line ${index + 1}: the file has more than ${MAX_DOCUMENTS} documents; split it`,
        { place: { line: index + 1, column: 1 } },
      );
    lines = [];
    firstLine = index + 2;
  }
  finish(lines.join('\n'));
  return documents;
}
