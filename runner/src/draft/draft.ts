import type { Clock } from '@hangar/shared/clock';
import { type AccessLimits, isAllowed } from '../admit/access.ts';
import { compile } from '../compile/compile.ts';
import type { CompileSettings } from '../compile/settings.ts';
import { substitutionVariables } from '../compile/stage-environment.ts';
import { lintPipeline } from '../lint/lint.ts';
import type { NamespaceRules } from '../lint/namespace-rules.ts';
import { findPipeline } from '../parse/find-pipeline.ts';
import { parseManifest } from '../parse/manifest.ts';
import { substitute } from '../parse/substitute.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type PrepareDeps, prepare } from '../prepare/prepare.ts';

/** What a draft is made with. `random`: 0 ≤ x < 1. */
export interface DraftParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly settings: CompileSettings;
  readonly access: AccessLimits;
  readonly namespaceRules: NamespaceRules;
  readonly prepare: PrepareDeps;
}

const NAME_LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const NAME_LENGTH = 20;
const NONCE_LENGTH = 8;

/**
 * From a stage's details to what will be made in the cluster: allowed? → substitute → parse → find → lint → prepare → compile.
 *
 * @throws {PipelineError} with the text that the author reads
 */
export async function draft(parts: DraftParts, detail: StageDetail, signal: AbortSignal): Promise<Compiled> {
  if (!isAllowed(parts.access, detail))
    throw new PipelineError('not-allowed', 'insufficient permission to run the pipeline', {
      blame: 'operator',
    });
  const nowMs = parts.clock.now();
  const text = substitute(detail.yaml, substitutionVariables(detail, parts.prepare.environment, nowMs));
  const manifest = parseManifest(text);
  const pipeline = findPipeline(manifest, detail.stage.name);
  const problem = lintPipeline(pipeline, {
    trusted: detail.repo.trusted,
    slug: detail.repo.slug,
    namespaceRules: parts.namespaceRules,
  });
  if (problem) throw new PipelineError('lint', problem.message);
  const prepared = await prepare(
    parts.prepare,
    { detail, manifest, pipeline, settings: parts.settings },
    signal,
  );
  const warned = { ...prepared, warnings: [...manifest.warnings, ...prepared.warnings] };
  const name = (): string => `drone-${letters(parts.random, NAME_LENGTH)}`;
  return compile({
    pipeline,
    detail,
    prepared: warned,
    settings: parts.settings,
    nowMs,
    name,
    nonce: letters(parts.random, NONCE_LENGTH),
  });
}

function letters(random: () => number, length: number): string {
  return Array.from({ length }, () => NAME_LETTERS[Math.floor(random() * NAME_LETTERS.length)] ?? 'a').join(
    '',
  );
}
