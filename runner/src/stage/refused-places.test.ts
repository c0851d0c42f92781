import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { CompileSettings } from '../compile/settings.ts';
import { aBuild, aDetail, anImage, aRepo } from '../compile/testing/a-pipeline.ts';
import { closedRules, restrictedSettings } from '../compile/testing/restricted-settings.ts';
import { IsolatedParser } from '../edges/parse-in-process.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RuleName, Rules } from '../restrict/restrictions.ts';
import { draft } from './draft.ts';

const never = new AbortController().signal;
const FORK_OF_TRUSTED = {
  repo: aRepo({ trusted: true }),
  build: aBuild({ event: 'pull_request', sourceRepo: 'eve/widget' }),
};
const HEAD = 'kind: pipeline\ntype: kubernetes\nname: default\n';
const STEPS = 'steps:\n- name: test\n  image: busybox\n  commands: [ id ]\n';
const DOCKER = 'steps:\n- name: image\n  image: plugins/docker\n';

interface Case {
  readonly rules?: Partial<Rules>;
  readonly detail?: Partial<StageDetail>;
  readonly settings?: Partial<CompileSettings>;
}

/** The message of a build that is refused for what it chooses. */
async function refusal(yaml: string, { rules = {}, detail = {}, settings = {} }: Case): Promise<string> {
  const clock = new FakeClock();
  const parts = {
    clock,
    random: () => 0,
    settings: restrictedSettings(closedRules(rules), {
      ownAccount: { namespace: 'builds', name: 'hangar-runner' },
      leaseNamespace: 'ci',
      ...settings,
    }),
    nameKey: Buffer.from('key'),
    access: { repos: [], events: [], trusted: false },
    namespaceRules: {},
    parser: new IsolatedParser(clock),
    fileLimitBytes: 1_000_000,
    prepare: {
      clock,
      environment: {},
      runnerSecrets: {},
      secretPlugin: undefined,
      registryPlugin: undefined,
      environmentPlugin: undefined,
      readDockerConfig: () => Promise.resolve(undefined),
      images: { find: () => Promise.resolve({ kind: 'found' as const, config: anImage() }) },
    },
  };
  const error: unknown = await draft(parts, aDetail({ yaml, ...detail }), never).catch((e: unknown) => e);
  if (!(error instanceof PipelineError) || error.code !== 'refused-choice') throw error;
  return error.message;
}

/** What stands in the text at each place that a message names. */
const pointedAt = (yaml: string, message: string): readonly string[] =>
  [...message.matchAll(/line (\d+), column (\d+): /g)].map(
    ([, line, column]) => yaml.split('\n')[Number(line) - 1]?.slice(Number(column) - 1) ?? '',
  );

const requests = (amount: string): string => `  resources: { requests: { ${amount} } }\n`;
const limits = (amount: string): string => `  resources: { limits: { ${amount} } }\n`;

const NOTHING = { cpuMillicores: 0, memoryBytes: 0 };
const SMALLEST = { requests: NOTHING, minRequests: { cpuMillicores: 0, memoryBytes: 8e6 } };

/** A sentence, what the pipeline has besides its head, and the text at the place that the error names. */
type Row = readonly [what: string, body: string, at: string, how?: Case];

const ROWS: Readonly<Record<Exclude<RuleName, 'privilegedImages'>, readonly Row[]>> = {
  serviceAccounts: [['a service account', `${STEPS}service_account_name: deploy`, 'deploy']],
  namespaces: [['a namespace', `${STEPS}metadata:\n  namespace: prod`, 'prod']],
  nodes: [['a node', `${STEPS}node_name: node-7`, 'node-7']],
  nodeSelectors: [
    ['a node selector', `${STEPS}node_selector: { disk: ssd }`, 'ssd }'],
    [
      'a label of node affinity',
      `${STEPS}affinity: { node_affinity: { required_during_scheduling_ignored_during_execution: { node_selector_terms: [ { match_expressions: [ { key: disk, operator: Exists } ] } ] } } }`,
      'disk, operator: Exists } ] } ] } } }',
    ],
  ],
  tolerations: [
    ['a toleration', `${STEPS}tolerations:\n- effect: NoSchedule\n  key: gpu\n  operator: Exists`, 'gpu'],
    ['a toleration of everything', `${STEPS}tolerations:\n- operator: Exists`, 'operator: Exists'],
  ],
  podAffinity: [
    [
      'a topology of anti-affinity',
      `${STEPS}affinity: { pod_anti_affinity: { required_during_scheduling_ignored_during_execution: [ { topology_key: zone } ] } }`,
      'zone } ] } }',
    ],
  ],
  topologySpread: [
    [
      'a topology',
      `${STEPS}topology_spread_constraints: [ { max_skew: 1, topology_key: rack, when_unsatisfiable: ScheduleAnyway } ]`,
      'rack, when_unsatisfiable: ScheduleAnyway } ]',
    ],
  ],
  capabilities: [
    [
      'an added capability',
      `${STEPS}  security_context: { capabilities: { add: [ SYS_ADMIN ] } }`,
      'SYS_ADMIN ] } }',
    ],
  ],
  securityProfiles: [
    [
      'a profile of a step',
      `${STEPS}  security_context: { seccomp_profile: { type: Unconfined } }`,
      'Unconfined } }',
    ],
    [
      'a profile of the pipeline',
      `${STEPS}security_context: { app_armor_profile: { type: Unconfined } }`,
      'Unconfined } }',
    ],
  ],
  priorityClasses: [['a priority class', `${STEPS}priority_class_name: urgent`, 'urgent']],
  runtimeClasses: [['a runtime class', `${STEPS}runtime_class_name: kata`, 'kata']],
  extendedResources: [
    ['a resource', STEPS + limits('nvidia.com/gpu: 1'), '1 } }'],
    ['a requested resource', STEPS + requests('nvidia.com/gpu: 2'), '2 } }'],
  ],
  labels: [['a label', `${STEPS}metadata: { labels: { app.test/team: a } }`, 'a } }']],
  annotations: [['an annotation', `${STEPS}metadata: { annotations: { note: b } }`, 'b } }']],
  root: [
    ['user 0', `${STEPS}  user: 0`, '0'],
    ['user 0 of the pipeline', `${STEPS}security_context: { run_as_user: 0 }`, '0 }'],
    ['group 0 of a service', `services: [ { name: a, image: b, group: 0 } ]\n${STEPS}`, '0 } ]'],
  ],
  caches: [['a cache', `${STEPS}volumes:\n- name: npm\n  cache: {}`, '{}']],
  hostAccess: [
    ['a privileged step', `${STEPS}  privileged: true`, 'true', { detail: FORK_OF_TRUSTED }],
    [
      'a host volume',
      `${STEPS}volumes:\n- name: v\n  host:\n    path: /x`,
      'path: /x',
      { detail: FORK_OF_TRUSTED },
    ],
    [
      'a volume in memory',
      `${STEPS}volumes: [ { name: v, temp: { medium: memory } } ]`,
      'memory } } ]',
      { detail: FORK_OF_TRUSTED },
    ],
  ],
  privilegedEnvironment: [
    [
      'a variable of the step',
      `${DOCKER}  environment: { X: y }`,
      'y }',
      { rules: { privilegedImages: 'any' } },
    ],
    [
      'a variable of the pipeline',
      `${DOCKER}environment: { X: z }`,
      'z }',
      { rules: { privilegedImages: 'any' } },
    ],
    [
      'a parameter of the build, at the image that makes the step privileged',
      DOCKER,
      'plugins/docker',
      { rules: { privilegedImages: 'any' }, detail: { build: aBuild({ params: { X: 'a' } }) } },
    ],
    ['the workspace', `${DOCKER}workspace: { path: /go }`, '/go }', { rules: { privilegedImages: 'any' } }],
  ],
  requestCpu: [
    [
      'the request of the Pod',
      `${STEPS}resources: { requests: { cpu: 9000 } }`,
      '9000 } }',
      { rules: { requestCpu: 4000 } },
    ],
    [
      'the larger request of a step',
      `metadata: { annotations: { hangar.dev/resources: peak } }\n${STEPS}${requests('cpu: 5')}- name: b\n  image: c\n${requests('cpu: 5000')}`,
      '5000 } }',
      { rules: { requestCpu: 4000 } },
    ],
  ],
  requestMemory: [
    [
      'the request of the Pod',
      `${STEPS}resources: { requests: { memory: 9GiB } }`,
      '9GiB } }',
      { rules: { requestMemory: 2 ** 30 } },
    ],
    [
      'steps without requests that exceed it together',
      STEPS,
      '- name: test',
      { rules: { requestMemory: 9e6 }, settings: SMALLEST },
    ],
    [
      'a limit, where nothing is requested',
      STEPS + limits('memory: 1GiB'),
      '1GiB } }',
      { rules: { requestMemory: 9e6 }, settings: { requests: NOTHING, minRequests: NOTHING } },
    ],
  ],
  volumeSize: [
    [
      'the size of a volume',
      `${STEPS}volumes: [ { name: v, temp: { size_limit: 2GiB } } ]`,
      '2GiB } } ]',
      { rules: { volumeSize: 2 ** 30 } },
    ],
  ],
  ephemeralStorage: [
    [
      'a limit',
      STEPS + limits('ephemeral_storage: 2GiB'),
      '2GiB } }',
      { rules: { ephemeralStorage: 2 ** 30 } },
    ],
    [
      'a request',
      STEPS + requests('ephemeral_storage: 3GiB'),
      '3GiB } }',
      { rules: { ephemeralStorage: 2 ** 30 } },
    ],
  ],
};

const OPEN = {
  namespaces: 'any',
  serviceAccounts: 'any',
  priorityClasses: 'any',
  annotations: 'any',
} as const;
const FORBIDDEN: readonly Row[] = [
  ["Kubernetes' own namespace", `${STEPS}metadata: { namespace: kube-system }`, 'kube-system }'],
  ["the Leases' namespace", `${STEPS}metadata: { namespace: ci }`, 'ci }'],
  [
    "the runner's account",
    `${STEPS}metadata: { namespace: builds }\nservice_account_name: hangar-runner`,
    'hangar-runner',
  ],
  [
    "Kubernetes' own priority class",
    `${STEPS}priority_class_name: system-node-critical`,
    'system-node-critical',
  ],
  [
    'a security profile',
    `${STEPS}metadata: { annotations: { seccomp.security.alpha.kubernetes.io/pod: unconfined } }`,
    'unconfined } }',
    { settings: { hardening: 'restricted' } },
  ],
  [
    'a variable by which programs are loaded',
    `${DOCKER}  environment: { LD_PRELOAD: /x }`,
    '/x }',
    { rules: { privilegedImages: 'any' } },
  ],
  [
    'a workspace over the files of an image',
    `${DOCKER}workspace: { path: /usr }`,
    '/usr }',
    { rules: { privilegedImages: 'any' } },
  ],
];

const caseOf = (what: string, [, body, at, how = {}]: Row) => ({ what, yaml: `${HEAD}${body}\n`, at, how });

describe('the place of a refused choice, in the error of the build', () => {
  const cases = Object.entries(ROWS).flatMap(([rule, rows]) =>
    rows.map((row) => caseOf(`${rule}: ${row[0]}`, row)),
  );

  it.each(cases)('$what', async ({ yaml, at, how }) => {
    expect(pointedAt(yaml, await refusal(yaml, how))).toEqual([at]);
  });

  it.each(FORBIDDEN.map((row) => caseOf(row[0], row)))(
    'what no rule allows: $what',
    async ({ yaml, at, how }) => {
      const rules = { ...OPEN, ...how.rules };
      expect(pointedAt(yaml, await refusal(yaml, { ...how, rules }))).toEqual([at]);
    },
  );

  it('names each of several values, in its own line of the message', async () => {
    const yaml = `${HEAD}${STEPS}  user: 0\nservice_account_name: deploy\n`;
    const message = await refusal(yaml, {});
    expect(message.split('\n- ')).toEqual([
      'not allowed in this build:',
      expect.stringMatching(/^line 9, column 23: service_account_name "deploy": HANGAR_UNTRUSTED/),
      expect.stringMatching(/^line 8, column 9: user 0 of step "test": HANGAR_UNTRUSTED_ROOT/),
    ]);
  });

  it.each([
    ['an alias', `x: &account deploy\n${STEPS}service_account_name: *account`, 'deploy'],
    ['a merged map', `x: &common\n  user: 0 # common\n${STEPS}  <<: *common`, '0 # common'],
    [
      'a value beside a merged map',
      `x: &common { user: 0 }\n${STEPS}  <<: *common\n  group: 0\n  user: 1`,
      '0',
    ],
  ])('is where the value is written: %s', async (_what, body, at) => {
    const yaml = `${HEAD}${body}\n`;
    expect(pointedAt(yaml, await refusal(yaml, {}))).toEqual([at]);
  });

  it('is in the file as it was before substitution, whose values may have lines of their own', async () => {
    const detail = { build: aBuild({ message: 'one\ntwo\nthree' }) };
    const yaml = `# \${DRONE_COMMIT_MESSAGE}\n${HEAD}${STEPS}  environment: { A: \${DRONE_COMMIT_MESSAGE} }\nnode_name: "\${DRONE_REPO_NAME}-1"\n`;
    expect(pointedAt(yaml, await refusal(yaml, { detail }))).toEqual(['"${DRONE_REPO_NAME}-1"']);
    const whole = `${HEAD}${STEPS}node_name: \${DRONE_REPO_NAME}\n`;
    expect(pointedAt(whole, await refusal(whole, {}))).toEqual(['${DRONE_REPO_NAME}']);
  });

  it('is in the document of the pipeline', async () => {
    const other = `${HEAD}${STEPS}service_account_name: first\n`.replace('default', 'other');
    const yaml = `${other}---\n${HEAD}${STEPS}service_account_name: deploy\n`;
    expect(pointedAt(yaml, await refusal(yaml, {}))).toEqual(['deploy']);
  });

  it('is found in a large file too, which another process reads', async () => {
    const yaml = `${HEAD}# ${'x'.repeat(40_000)}\n${STEPS}service_account_name: deploy\n`;
    expect(pointedAt(yaml, await refusal(yaml, {}))).toEqual(['deploy']);
  }, 60_000);
});
