/** The result of a step of a shape without faults. */
export interface ExpectedStep {
  readonly name: string;
  readonly status: 'success' | 'failure' | 'skipped';
  readonly exitCode: number;
  /** Number of numbered lines in its log. */
  readonly lines: number;
  /** Whether it ends by itself; a service is stopped with its pipeline. */
  readonly ends: boolean;
}

/** The result of a stage of a shape without faults. */
export interface ExpectedStage {
  readonly name: string;
  readonly status: 'success' | 'failure';
  readonly steps: readonly ExpectedStep[];
}

/** A kind of pipeline. Its steps print numbered lines, and record their start and end in a file outside of the Pod. */
export interface Shape {
  readonly name: string;
  /** Parameters of the build. */
  readonly params?: Readonly<Record<string, string>>;
  readonly stages: readonly ExpectedStage[];
  /**
   * @param file the file in which steps record their starts and ends
   * @param volume the folder of that file, mounted from the node; undefined: containers see it without a volume
   */
  yaml(file: string, volume?: string): string;
}

interface StepSpec {
  readonly name: string;
  readonly lines?: number;
  readonly pauses?: number;
  readonly code?: number;
  readonly status?: ExpectedStep['status'];
  readonly dependsOn?: readonly string[];
  readonly when?: 'failure';
  /** `swapped`: its command line is given as arguments, so that its container begins as a placeholder. */
  readonly form?: 'commands' | 'swapped' | 'service';
  /** It fails in its first run, which prints the first half of its lines, and runs again. */
  readonly isFlaky?: true;
  /** It does not end before its `timeout`. */
  readonly isSlow?: true;
  /** A service that the steps after it wait for; `no`: it never becomes ready. */
  readonly ready?: 'late' | 'no';
  /** It fails if the service is not ready when it starts. */
  readonly needsReady?: true;
}

interface StageSpec {
  readonly name?: string;
  readonly dependsOn?: readonly string[];
  readonly clone?: boolean;
  readonly steps: readonly StepSpec[];
}

const IMAGE = 'docker.io/library/busybox:latest';
const LINES = 20;
const PAUSE_S = 0.3;
/** Exit code of a step that exceeded its timeout, and of a service that was not ready in time. */
const LATE = 124;
/** A file in the workspace that shows that the service is ready. */
const READY_FILE = 'is-ready';
const SLEEPS = 'exec sleep 600';

/** The extra keys of a step. */
function fieldsOf({ isFlaky, isSlow, ready }: StepSpec): readonly string[] {
  return [
    ...(isFlaky ? ['  retry: { attempts: 3, exit_codes: [7], backoff: 1s }'] : []),
    ...(isSlow ? ['  timeout: 8s'] : []),
    ...(ready === 'late' ? [`  ready: { exec: [test, -f, ${READY_FILE}] }`] : []),
    ...(ready === 'no' ? ['  ready: { exec: ["false"], timeout: 4s }'] : []),
  ];
}

/** What a step does after its lines. */
function endOf({ code = 0, form, isFlaky, isSlow, ready }: StepSpec, recorded: string): readonly string[] {
  if (isSlow) return [SLEEPS];
  if (form === 'service') return [...(ready === 'late' ? ['sleep 1', `touch ${READY_FILE}`] : []), SLEEPS];
  return [...(isFlaky ? ['[ $HANGAR_STEP_ATTEMPT -gt 1 ] || exit 7'] : []), recorded, `exit ${code}`];
}

/** A shell script that records its start, prints numbered lines with pauses, and records its end. */
function scriptOf(spec: StepSpec, file: string): string {
  const { name, lines = LINES, pauses = 2, isFlaky, needsReady } = spec;
  const burst = Math.ceil(lines / (pauses + 1));
  const recorded = (kind: 'start' | 'end'): string =>
    `echo "${kind} ${name} $(date +%s) $HOSTNAME" >> ${file}`;
  const pause = `[ $((n % ${burst})) -ne 0 ] || sleep ${PAUSE_S}`;
  const half = Math.ceil(lines / 2);
  const [first, last] = isFlaky
    ? [`$(((HANGAR_STEP_ATTEMPT-1)*${half}))`, `$((HANGAR_STEP_ATTEMPT*${half}))`]
    : ['0', String(lines)];
  return [
    ...(isFlaky ? [`[ $HANGAR_STEP_ATTEMPT -gt 1 ] || ${recorded('start')}`] : [recorded('start')]),
    ...(needsReady ? [`[ -f ${READY_FILE} ] || exit 9`] : []),
    `n=${first}; while [ $n -lt ${last} ]; do n=$((n+1)); echo "#$n"; ${pause}; done`,
    ...endOf(spec, recorded('end')),
  ].join('\n');
}

function stepYaml(spec: StepSpec, file: string, volume: string | undefined): string {
  const { name, form = 'commands', dependsOn, when } = spec;
  const script = JSON.stringify(scriptOf(spec, file));
  return [
    `- name: ${name}`,
    `  image: ${IMAGE}`,
    form === 'swapped' ? `  command: ["sh", "-c", ${script}]` : `  commands: [${script}]`,
    ...(volume ? [`  volumes: [{ name: records, path: ${volume} }]`] : []),
    ...(dependsOn ? [`  depends_on: [${dependsOn.join(', ')}]`] : []),
    ...(when ? [`  when: { status: [${when}] }`] : []),
    ...fieldsOf(spec),
  ].join('\n');
}

function stageYaml(stage: StageSpec, file: string, volume: string | undefined): string {
  const { name = 'default', dependsOn, clone = false, steps } = stage;
  const yamlOf = (one: StepSpec): string => stepYaml(one, file, volume);
  const services = steps.filter(({ form }) => form === 'service');
  const ordinary = steps.filter(({ form }) => form !== 'service');
  return [
    'kind: pipeline',
    'type: kubernetes',
    `name: ${name}`,
    ...(clone ? [] : ['clone: { disable: true }']),
    ...(dependsOn ? [`depends_on: [${dependsOn.join(', ')}]`] : []),
    ...(volume ? [`volumes: [{ name: records, host: { path: ${volume} } }]`] : []),
    'steps:',
    ...ordinary.map(yamlOf),
    ...(services.length > 0 ? ['services:', ...services.map(yamlOf)] : []),
  ].join('\n');
}

function expected(spec: StepSpec): ExpectedStep {
  const { name, lines = LINES, status, form, isSlow, ready } = spec;
  const code = isSlow || ready === 'no' ? LATE : (spec.code ?? 0);
  const end = status ?? (code === 0 ? 'success' : 'failure');
  return {
    name,
    status: end,
    exitCode: code,
    lines: end === 'skipped' ? 0 : lines,
    ends: form !== 'service' || ready === 'no',
  };
}

function shape(name: string, ...stages: readonly StageSpec[]): Shape {
  return {
    name,
    yaml: (file, volume) => stages.map((one) => stageYaml(one, file, volume)).join('\n---\n'),
    stages: stages.map((stage) => {
      const steps = stage.steps.map(expected);
      const failed = steps.some(({ status }) => status === 'failure');
      return { name: stage.name ?? 'default', status: failed ? 'failure' : 'success', steps };
    }),
  };
}

/** All shapes. */
export const SHAPES: readonly Shape[] = [
  shape('one step', { steps: [{ name: 'one' }] }),
  shape('three steps', { steps: [{ name: 'one' }, { name: 'two' }, { name: 'three' }] }),
  shape('a step that fails', {
    steps: [
      { name: 'before' },
      { name: 'fails', code: 3 },
      { name: 'never', status: 'skipped' },
      { name: 'cares', when: 'failure' },
    ],
  }),
  shape('parallel steps', {
    steps: [
      { name: 'first' },
      { name: 'left', dependsOn: ['first'] },
      { name: 'right', dependsOn: ['first'] },
      { name: 'last', dependsOn: ['left', 'right'] },
    ],
  }),
  shape('a service', { steps: [{ name: 'beside', form: 'service', lines: 3 }, { name: 'uses' }] }),
  shape('many lines', { steps: [{ name: 'chatty', lines: 3_000, pauses: 6 }] }),
  shape('swapped steps', { steps: [{ name: 'plugin', form: 'swapped' }, { name: 'after' }] }),
  shape('ten short steps', {
    steps: Array.from({ length: 10 }, (_, nth) => ({ name: `step-${nth + 1}`, lines: 6, pauses: 2 })),
  }),
  shape('a long step', {
    steps: [
      { name: 'long', lines: 60, pauses: 30 },
      { name: 'after', lines: 2 },
    ],
  }),
  shape('a retry and a timeout', {
    steps: [
      { name: 'flaky', isFlaky: true },
      { name: 'slow', isSlow: true, lines: 3, pauses: 0 },
      { name: 'never', status: 'skipped' },
      { name: 'cares', when: 'failure' },
    ],
  }),
  shape('a service that becomes ready', {
    steps: [
      { name: 'beside', form: 'service', lines: 3, ready: 'late' },
      { name: 'uses', needsReady: true },
    ],
  }),
  shape('a service that is not ready', {
    steps: [
      { name: 'beside', form: 'service', lines: 3, pauses: 0, ready: 'no' },
      { name: 'uses', status: 'skipped' },
      { name: 'cares', when: 'failure' },
    ],
  }),
  {
    ...shape('a failed step that is kept', {
      steps: [
        { name: 'fails', lines: 6, code: 3 },
        { name: 'never', status: 'skipped' },
        { name: 'cares', lines: 6, when: 'failure' },
      ],
    }),
    params: { HANGAR_KEEP_FAILED: '15s' },
  },
  shape(
    'two stages',
    { name: 'first', steps: [{ name: 'one' }] },
    { name: 'second', dependsOn: ['first'], steps: [{ name: 'two' }] },
  ),
];
