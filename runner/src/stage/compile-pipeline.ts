import type { Clock } from '@hangar/shared/clock';
import { compile } from '../compile/compile.ts';
import type { CompileSettings } from '../compile/settings.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import type { Manifest, Pipeline } from '../pipeline/pipeline.ts';
import { type PrepareDeps, prepare } from '../prepare/prepare.ts';
import { stageName } from './stage-name.ts';

/** The dependencies of compilation. `random`: 0 ≤ x < 1. */
export interface CompileParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: CompileSettings;
  /** Key of the names of Pods. */
  readonly nameKey: Buffer;
  readonly prepare: PrepareDeps;
}

/** A pipeline that passed the checks, with its source. */
export interface JudgedPipeline {
  readonly detail: StageDetail;
  readonly manifest: Manifest;
  readonly pipeline: Pipeline;
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const NONCE_LENGTH = 8;

/**
 * The last two parts of a draft: prepare (secrets, credentials, command lines of images) → compile.
 *
 * @throws {PipelineError} with the text for the author of the pipeline
 */
export async function compilePipeline(
  { clock, random, settings, nameKey, prepare: deps }: CompileParts,
  { detail, manifest, pipeline }: JudgedPipeline,
  signal: AbortSignal,
): Promise<Compiled> {
  const nowMs = clock.now();
  const prepared = await prepare(deps, { detail, manifest, pipeline, settings }, signal);
  return compile({
    pipeline,
    detail,
    prepared: { ...prepared, warnings: [...manifest.warnings, ...prepared.warnings] },
    settings,
    nowMs,
    name: () => stageName(detail, nameKey),
    nonce: letters(random, NONCE_LENGTH),
  });
}

/** Random lower-case letters and digits. */
export function letters(random: () => number, length: number): string {
  return Array.from({ length }, () => LETTERS[Math.floor(random() * LETTERS.length)] ?? 'a').join('');
}
