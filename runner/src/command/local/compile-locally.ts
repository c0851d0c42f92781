import { CommandError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT } from '@hangar/shared/program/exit-codes';
import { draftParts } from '../../assemble.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { valuePlaces } from '../../parse/value-places.ts';
import type { Compiled } from '../../pipeline/compiled.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import type { ImageLookup } from '../../ports/image-lookup.ts';
import { type CompileParts, compilePipeline } from '../../stage/compile-pipeline.ts';
import type { PipelineOptions } from '../options.ts';
import { type Finding, findingText } from './check.ts';
import { problemsOf } from './compile-problem.ts';
import { localConfigOf } from './settings.ts';
import { type Subject, type SubjectSources, subjectOf } from './subject.ts';

/** What to compile. */
export interface CompileOrder extends Omit<SubjectSources, 'config'> {
  readonly options: PipelineOptions;
  /** Default if neither option nor variable names a namespace. */
  readonly namespace: string;
  /** Looks up command lines of images; default: the registries. */
  readonly images?: ImageLookup | undefined;
}

/** A pipeline with its compiled form. */
export interface LocalPipeline {
  readonly config: RunnerConfig;
  readonly subject: Subject & { kind: 'ready' };
  readonly compiled: Compiled;
}

/**
 * Compiles one pipeline of a file with the given options to its Pod and Secrets, as the daemon does, except for the checks of who may run
 * it.
 *
 * @returns undefined if it can't be run as written: each finding was reported
 * @throws {CommandError} for any other reason why it can't be compiled
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
    const compiled = await compileSubject({ ...parts, prepare }, subject, signal);
    if (compiled instanceof PipelineError) {
      for (const finding of findingsOf(compiled, subject)) complain(findingText(order.file, finding));
      return undefined;
    }
    return { config, subject, compiled };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    throw new CommandError(error.blame === 'pipeline' ? EXIT.config : EXIT.failed, error.message);
  }
}

type ReadySubject = LocalPipeline['subject'];

/** Returns the error that blames values of the file, and throws every other. */
async function compileSubject(
  parts: CompileParts,
  subject: ReadySubject,
  signal: AbortSignal,
): Promise<Compiled | PipelineError> {
  try {
    return await compilePipeline(parts, subject, signal);
  } catch (error) {
    if (!(error instanceof PipelineError) || error.blame !== 'pipeline') throw error;
    if (error.refused === undefined) throw error;
    return error;
  }
}

/** Each refused value with its place. */
function findingsOf(error: PipelineError, { file, pipeline: { name } }: ReadySubject): readonly Finding[] {
  const problems = problemsOf(error);
  const places = valuePlaces(file, { pipeline: name, paths: problems.map(({ at }) => at) });
  return problems.map(({ message }, index) => ({
    ...(places[index] ?? { line: 1, column: 1 }),
    severity: 'error',
    message,
    pipeline: name,
  }));
}
