import type { EnvValue, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import { OWN_STEP } from './own-step.ts';
import type { CompileSettings } from './settings.ts';

const text = (value: string): EnvValue => ({ kind: 'text', text: value });

function cloneSettings({ clone }: Pipeline): Readonly<Record<string, EnvValue>> {
  return {
    ...(clone.depth > 0 ? { PLUGIN_DEPTH: text(String(clone.depth)) } : {}),
    ...(clone.skipVerify ? { PLUGIN_SKIP_VERIFY: text('true') } : {}),
    ...(clone.retries > 0 ? { PLUGIN_RETRIES: text(String(clone.retries)) } : {}),
  };
}

/** The step that clones the repository before all others (previous-runner §4.8; retries are passed on, known issue 47). */
export function cloneStep(pipeline: Pipeline, settings: CompileSettings): PipelineStep {
  return {
    ...OWN_STEP,
    name: 'clone',
    image: settings.cloneImage,
    environment: pipeline.clone.skipVerify ? { GIT_SSL_NO_VERIFY: text('true') } : {},
    settings: cloneSettings(pipeline),
  };
}
