import type { FieldPath, Manifest } from '../pipeline/pipeline.ts';
import { type ErrorPlace, PipelineError } from '../pipeline/pipeline-error.ts';
import { substitute } from './substitute.ts';

/** The text of a pipeline file, with what its expressions may refer to. */
export interface PipelineFile {
  /** Whose turn it is when many files are to be parsed: the slug of its repository. Not a variable: authors set these. */
  readonly owner: string;
  readonly yaml: string;
  readonly variables: Readonly<Record<string, string>>;
  /** Largest file, before and after substitution. */
  readonly limitBytes: number;
}

/** Values of one pipeline of a file. */
export interface WantedPlaces {
  readonly pipeline: string;
  readonly paths: readonly FieldPath[];
}

/** Parses pipeline files. An implementation may use another process for a large one. */
export interface PipelineParser {
  /** @throws {PipelineError} as `substitutedText` and `parseManifest` do; the reason of `signal` */
  parse(file: PipelineFile, signal: AbortSignal): Promise<Manifest>;
  /** As `valuePlaces`. @throws {PipelineError} `pipeline-too-large`, where reading takes too long; the reason of `signal` */
  places(
    file: PipelineFile,
    wanted: WantedPlaces,
    signal: AbortSignal,
  ): Promise<readonly (ErrorPlace | undefined)[]>;
}

/** @throws {PipelineError} `pipeline-too-large` for a file larger than the operator allows */
export function checkSize(text: string, limitBytes: number): void {
  if (Buffer.byteLength(text) <= limitBytes) return;
  throw new PipelineError(
    'pipeline-too-large',
    `the pipeline file has more than ${limitBytes} bytes, and this runner reads at most ${limitBytes} (HANGAR_PIPELINE_LIMIT); split it, or keep long scripts in the repository`,
  );
}

/**
 * The text that is parsed: the file with its expressions replaced.
 *
 * @throws {PipelineError} `pipeline-too-large` for a file larger than the operator allows; `substitution`
 */
export function substitutedText({ yaml, variables, limitBytes }: Omit<PipelineFile, 'owner'>): string {
  checkSize(yaml, limitBytes);
  const text = substitute(yaml, variables);
  checkSize(text, limitBytes);
  return text;
}
