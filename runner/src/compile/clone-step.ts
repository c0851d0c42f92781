import type { EnvValue, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
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
    name: 'clone',
    image: settings.cloneImage,
    commands: [],
    entrypoint: [],
    command: [],
    environment: pipeline.clone.skipVerify ? { GIT_SSL_NO_VERIFY: text('true') } : {},
    settings: cloneSettings(pipeline),
    detach: false,
    dependsOn: [],
    failure: 'fail',
    when: {},
    pull: 'default',
    privileged: false,
    limits: { cpuMillicores: 0, memoryBytes: 0 },
    requests: { cpuMillicores: 0, memoryBytes: 0 },
    storage: { requestBytes: 0, limitBytes: 0 },
    devices: {},
    user: undefined,
    group: undefined,
    security: undefined,
    volumes: [],
    workingDir: '',
    line: 0,
  };
}
