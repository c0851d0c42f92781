import { CommandError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT } from '@hangar/shared/program/exit-codes';
import { draftParts } from '../../assemble.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { compilePipeline } from '../../stage/compile-pipeline.ts';
import type { Compiled } from '../../pipeline/compiled.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import type { ImageLookup } from '../../ports/image-lookup.ts';
import type { PipelineOptions } from '../options.ts';
import { findingText } from './check.ts';
import { localConfigOf } from './settings.ts';
import { type Subject, type SubjectSources, subjectOf } from './subject.ts';

/** What is compiled. */
export interface CompileOrder extends Omit<SubjectSources, 'config'> {
  readonly options: PipelineOptions;
  /** Where neither option nor variable names a namespace. */
  readonly namespace: string;
  /** Who is asked for command lines of images; the registries unless told. */
  readonly images?: ImageLookup | undefined;
}

/** A pipeline with all that was made of it. */
export interface LocalPipeline {
  readonly config: RunnerConfig;
  readonly subject: Subject & { kind: 'ready' };
  readonly compiled: Compiled;
}

/**
 * From a file and options to the Pod and Secrets of one pipeline, as the daemon's draft does it, but for whom it may run.
 *
 * @returns undefined when it can't be run as it stands: each finding was told
 * @throws {CommandError} for anything else that keeps it from being compiled
 */
export async function compileLocally(
  order: CompileOrder,
  context: CommandContext,
  signal: AbortSignal,
): Promise<LocalPipeline | undefined> {
  const { clock, random, readFile, complain } = context;
  const config = localConfigOf(order.options, context, order.namespace);
  try {
    const subject = subjectOf({ ...order, config }, context);
    if (subject.kind === 'refused') {
      for (const finding of subject.findings) complain(findingText(order.file, finding));
      return undefined;
    }
    const outside = { clock, random, readFile: (path: string) => Promise.resolve(readFile(path)) };
    const parts = draftParts(config, outside);
    const prepare = order.images ? { ...parts.prepare, images: order.images } : parts.prepare;
    return { config, subject, compiled: await compilePipeline({ ...parts, prepare }, subject, signal) };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    throw new CommandError(error.blame === 'pipeline' ? EXIT.config : EXIT.failed, error.message);
  }
}
