import { type DraftParts, draft } from '@hangar/runner/draft';
import { IsolatedParser } from '@hangar/runner/parse-in-process';
import { aBuild, aDetail, someSettings } from '@hangar/runner/testing';
import { systemClock } from '@hangar/shared/clock';
import type { Area } from '../area.ts';
import { PIPELINE_ADVERSARIES, type PipelineInput } from './adversaries.ts';
import { generatedPipelines } from './generated.ts';

const clock = systemClock();
const PARTS: DraftParts = {
  clock,
  random: () => 0.5,
  settings: someSettings(),
  nameKey: Buffer.from('key'),
  access: { repos: [], events: [], trusted: false },
  namespaceRules: { prod: ['ops/*'] },
  parser: new IsolatedParser(clock),
  fileLimitBytes: 1024 * 1024,
  prepare: {
    clock,
    environment: {},
    runnerSecrets: {},
    secretPlugin: undefined,
    registryPlugin: undefined,
    environmentPlugin: undefined,
    readDockerConfig: () => Promise.resolve(undefined),
    images: { find: () => Promise.resolve({ kind: 'unknown', why: 'no registry is queried' }) },
  },
};
/** Git allows long branch names, which an author controls. */
const REF = `refs/heads/${'a'.repeat(90)}/${'a/'.repeat(60)}b`;
const never = new AbortController().signal;

/** Drafts the pipeline as the runner does; a refusal with a text for the author is a valid result. */
async function feed({ yaml, variables, ref = REF }: PipelineInput): Promise<void> {
  const build = aBuild({ ref, params: variables });
  try {
    await draft(PARTS, aDetail({ yaml, build }), never);
  } catch (error) {
    if (!(error instanceof Error && error.name === 'PipelineError')) throw error;
  }
}

/** Pipeline files: substitution, YAML, conditions, checks and the compiler. */
export const PIPELINES: Area<PipelineInput> = {
  name: 'pipelines',
  adversaries: PIPELINE_ADVERSARIES,
  generated: generatedPipelines,
  feed,
  largestChars: 1_000_000,
};
