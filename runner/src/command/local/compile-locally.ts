import { draftParts } from '../../assemble.ts';
import { compile } from '../../compile/compile.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import type { Compiled } from '../../pipeline/compiled.ts';
import type { ImageLookup } from '../../ports/image-lookup.ts';
import { prepare } from '../../prepare/prepare.ts';
import type { Surroundings } from '../command.ts';
import type { Subject } from './subject.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const NAME_LENGTH = 20;
const NONCE_LENGTH = 8;

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
export async function compileLocally(
  { clock, random, readFile }: Pick<Surroundings, 'clock' | 'random' | 'readFile'>,
  order: { subject: Subject & { kind: 'ready' }; config: RunnerConfig; images?: ImageLookup | undefined },
  signal: AbortSignal,
): Promise<Compiled> {
  const { detail, manifest, pipeline } = order.subject;
  const outside = { clock, random, readFile: (path: string) => Promise.resolve(readFile(path)) };
  const parts = draftParts(order.config, outside);
  const deps = order.images ? { ...parts.prepare, images: order.images } : parts.prepare;
  const settings = order.config.compile;
  const prepared = await prepare(deps, { detail, manifest, pipeline, settings }, signal);
  return compile({
    pipeline,
    detail,
    prepared: { ...prepared, warnings: [...manifest.warnings, ...prepared.warnings] },
    settings,
    nowMs: clock.now(),
    name: () => `drone-${letters(random, NAME_LENGTH)}`,
    nonce: letters(random, NONCE_LENGTH),
  });
}

/** Random small letters and digits. */
export function letters(random: () => number, length: number): string {
  return Array.from({ length }, () => LETTERS[Math.floor(random() * LETTERS.length)] ?? 'a').join('');
}
