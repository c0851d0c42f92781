import { draftParts } from '../../assemble.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { compilePipeline } from '../../stage/compile-pipeline.ts';
import type { Compiled } from '../../pipeline/compiled.ts';
import type { ImageLookup } from '../../ports/image-lookup.ts';
import type { Surroundings } from '../command.ts';
import type { Subject } from './subject.ts';

/** A registry that is never asked: plugin images compile as swapped. */
export const NO_LOOKUP: ImageLookup = {
  find: () => Promise.resolve({ kind: 'unknown', why: 'images are looked up only with --look-up' }),
};

/**
 * From a judged pipeline to its Pod and Secrets, as the daemon's draft does it, but for whom it may run.
 *
 * @param images who is asked for command lines of images; the registries unless told
 * @throws {PipelineError} for what can't be compiled
 */
export function compileLocally(
  { clock, random, readFile }: Pick<Surroundings, 'clock' | 'random' | 'readFile'>,
  order: { subject: Subject & { kind: 'ready' }; config: RunnerConfig; images?: ImageLookup | undefined },
  signal: AbortSignal,
): Promise<Compiled> {
  const outside = { clock, random, readFile: (path: string) => Promise.resolve(readFile(path)) };
  const parts = draftParts(order.config, outside);
  const prepare = order.images ? { ...parts.prepare, images: order.images } : parts.prepare;
  return compilePipeline({ ...parts, prepare }, order.subject, signal);
}
