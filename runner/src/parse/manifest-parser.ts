import type { Manifest } from '../pipeline/pipeline.ts';

/** Parses pipeline files. An implementation may use another thread for a large one. */
export interface ManifestParser {
  /** @throws {PipelineError} as `parseManifest` does; the reason of `signal` */
  parse(text: string, signal: AbortSignal): Promise<Manifest>;
}
