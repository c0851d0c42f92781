import type { PipelineStep } from '../pipeline/pipeline.ts';

/** What the steps of the runner itself leave as it is by default: they are not in the YAML text, and an author sets nothing of them. */
export const OWN_STEP: Omit<PipelineStep, 'name' | 'image'> = {
  commands: [],
  entrypoint: [],
  command: [],
  environment: {},
  settings: {},
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
