import { describe, expect, it } from 'vitest';
import type { Manifest, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { parseManifest } from './manifest.ts';

const HEAD = 'kind: pipeline\ntype: kubernetes\n';

const only = (manifest: Manifest): Pipeline => {
  const [pipeline] = manifest.pipelines;
  if (pipeline === undefined || manifest.pipelines.length !== 1) throw new Error('not one pipeline');
  return pipeline;
};

const pipelineOf = (body: string): Pipeline => only(parseManifest(HEAD + body));

const stepOf = (fields: string): PipelineStep => {
  const [step] = pipelineOf(`steps:\n- name: a\n  image: b\n${fields.replace(/^/gm, '  ')}\n`).steps;
  if (step === undefined) throw new Error('no step');
  return step;
};

describe('parseManifest: documents (previous-runner §3.1)', () => {
  it('ignores unknown keys of a platform, and checks the types of the known ones', () => {
    expect(parseManifest('kind: pipeline\ntype: docker\nplatform: {foo: [a]}').pipelines).toEqual([]);
    expect(() => parseManifest('kind: pipeline\ntype: docker\nplatform: {os: [a]}')).toThrow(
      'cannot unmarshal',
    );
  });

  it('keeps Kubernetes pipelines and secrets, skips the rest', () => {
    const manifest = parseManifest(
      [
        `${HEAD}name: one`,
        'kind: pipeline\ntype: docker\nsteps: what ever',
        'kind: secret\nname: token\ndata: c2VjcmV0',
        'kind: secret\nname: found\nget: {path: a/b, name: c, key: d}',
        'kind: signature\nhmac: abc',
        '',
        `${HEAD}name: two`,
      ].join('\n---\n'),
    );

    expect(manifest.pipelines.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(manifest.secrets).toEqual([
      { name: 'token', data: 'c2VjcmV0', get: undefined },
      { name: 'found', data: '', get: { path: 'a/b', name: 'c' } },
    ]);
  });

  it.each([
    ['a wrong type in the head of a foreign document', 'kind: pipeline\ntype: docker\ndepends_on: x'],
    ['a syntax error in a foreign document', 'kind: x\na: ['],
    ['a document that is no map', '- a'],
  ])('fails for %s', (_, foreign) => {
    expect(() => parseManifest(`${HEAD}\n---\n${foreign}`)).toThrow(/^yaml: /);
  });

  it('known issue 43: reads the lines after a line of 64 KiB and more', () => {
    const pipeline = pipelineOf(`environment: {A: ${'x'.repeat(100_000)}}\nsteps: [{name: last, image: b}]`);

    expect(pipeline.environment['A']?.length).toBe(100_000);
    expect(pipeline.steps.map(({ name }) => name)).toEqual(['last']);
  });

  it('records the line of each step in the whole file', () => {
    const manifest = parseManifest(
      `# first\n---\n${HEAD}steps:\n- name: a\n  image: b\n\n- image: b\n  name: c\n`,
    );

    expect(only(manifest).steps.map(({ line }) => line)).toEqual([6, 9]);
  });
});

describe('parseManifest: pipelines (previous-runner §3.5)', () => {
  it('uses empty values for absent fields', () => {
    expect(pipelineOf('')).toEqual({
      name: 'default',
      platform: { os: '', arch: '', variant: '', version: '' },
      clone: { disable: false, depth: 0, skipVerify: false, trace: false, retries: 0 },
      environment: {},
      requests: { cpuMillicores: 0, memoryBytes: 0 },
      limits: { cpuMillicores: 0, memoryBytes: 0 },
      services: [],
      steps: [],
      parallelism: undefined,
      volumes: [],
      imagePullSecrets: [],
      workspacePath: '',
      metadata: { namespace: '', labels: {}, annotations: {} },
      nodeName: '',
      nodeSelector: {},
      serviceAccountName: '',
      priorityClassName: '',
      runtimeClassName: '',
      dnsPolicy: '',
      tolerations: [],
      topologySpread: [],
      dnsConfig: { nameservers: [], searches: [], options: [] },
      hostAliases: [],
    });
  });

  it('reads every field', () => {
    const pipeline = pipelineOf(`
name: full
platform: {os: linux, arch: arm64, variant: v8, version: 1.10}
clone: {disable: yes, depth: 50, skip_verify: on, trace: true, retries: 3}
environment: {A: 1.10, B: yes, C: ~}
resources: {requests: {cpu: 1_000, memory: 1.5GiB}, limits: {cpu: 0.5, memory: 5}}
image_pull_secrets: [hub]
workspace: {path: /go/src}
metadata: {namespace: ci, labels: {a: b}, annotations: {n: 1}}
node_name: n1
node_selector: {disk: ssd}
service_account_name: robot
priority_class_name: low
runtime_class_name: gvisor
dns_policy: None
dns_config: {nameservers: [1.1.1.1], searches: [a.b], options: [{name: ndots, value: 2}, {name: edns0}]}
host_aliases: [{ip: 10.0.0.1, hostnames: [x, y]}]
`);

    expect(pipeline).toMatchObject({
      name: 'full',
      platform: { os: 'linux', arch: 'arm64', variant: 'v8', version: '1.10' },
      clone: { disable: true, depth: 50, skipVerify: true, trace: true, retries: 3 },
      environment: { A: '1.10', B: 'yes', C: '' },
      requests: { cpuMillicores: 1000, memoryBytes: 1_610_612_736 },
      limits: { cpuMillicores: 0, memoryBytes: 5 },
      imagePullSecrets: ['hub'],
      workspacePath: '/go/src',
      metadata: { namespace: 'ci', labels: { a: 'b' }, annotations: { n: '1' } },
      nodeName: 'n1',
      nodeSelector: { disk: 'ssd' },
      serviceAccountName: 'robot',
      priorityClassName: 'low',
      runtimeClassName: 'gvisor',
      dnsPolicy: 'None',
      dnsConfig: {
        nameservers: ['1.1.1.1'],
        searches: ['a.b'],
        options: [
          { name: 'ndots', value: '2' },
          { name: 'edns0', value: undefined },
        ],
      },
      hostAliases: [{ ip: '10.0.0.1', hostnames: ['x', 'y'] }],
    });
  });

  it.each([
    ['known issue 42: the natural spelling', '{toleration_seconds: 5}', 5],
    ['the spelling that always worked', '{tolerationseconds: 6}', 6],
    ['which wins over the other', '{tolerationseconds: 6, toleration_seconds: 5}', 6],
    ['neither', '{key: a}', undefined],
  ])('toleration seconds: %s', (_, toleration, want) => {
    expect(pipelineOf(`tolerations: [${toleration}]`).tolerations[0]?.tolerationSeconds).toBe(want);
  });

  it.each([
    ['{key: a, effect: NoExecute, toleration_seconds: 5}', []],
    [
      '{key: a, effect: NoSchedule, toleration_seconds: 5}',
      ['line 3: `toleration_seconds` needs the effect NoExecute and is ignored'],
    ],
  ])('warns of seconds that have no effect: %s', (toleration, want) => {
    expect(parseManifest(`${HEAD}tolerations: [${toleration}]`).warnings).toEqual(want);
  });

  it('known issue 47: reads clone.retries', () => {
    expect(pipelineOf('clone: {retries: 4}').clone.retries).toBe(4);
  });

  it('keeps names that are special in JavaScript', () => {
    const { environment } = pipelineOf('environment: {__proto__: a, constructor: b}');

    expect(Object.entries(environment)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
    ]);
  });
});

describe('parseManifest: steps (previous-runner §3.6)', () => {
  it('reads every field', () => {
    const step = stepOf(`
commands: [go build, 1.0]
entrypoint: [/bin/x]
command: [--all]
environment: {A: 1.10, S: {from_secret: token}, V: {value: 0644}, N: ~, E: {}}
settings: {repo: a/b, tags: [1, 1.10], token: {from_secret: t}, nothing: ~}
detach: true
depends_on: [clone]
failure: ignore
when: {branch: main, event: [push, tag], status: {exclude: [failure]}, paths: ~}
pull: Always
privileged: true
resources:
  limits: {cpu: 500, memory: 512Mi, ephemeral_storage: 2GiB, nvidia.com/gpu: 1}
  requests: {cpu: 100, memory: 1, ephemeral_storage: 1000, amd.com/gpu: 2, nvidia.com/gpu: 1}
user: 0
group: 1000
volumes: [{name: v, path: /v, sub_path: s}]
working_dir: /src
shell: bash`);

    expect(step).toEqual({
      name: 'a',
      image: 'b',
      commands: ['go build', '1.0'],
      entrypoint: ['/bin/x'],
      command: ['--all'],
      environment: {
        A: { kind: 'text', text: '1.10' },
        S: { kind: 'secret', secret: 'token' },
        V: { kind: 'text', text: '0644' },
        E: { kind: 'text', text: '' },
      },
      settings: {
        PLUGIN_REPO: { kind: 'text', text: 'a/b' },
        PLUGIN_TAGS: { kind: 'text', text: '1,1.1' },
        PLUGIN_TOKEN: { kind: 'secret', secret: 't' },
      },
      detach: true,
      dependsOn: ['clone'],
      failure: 'ignore',
      when: {
        branch: { include: ['main'], exclude: [] },
        event: { include: ['push', 'tag'], exclude: [] },
        status: { include: [], exclude: ['failure'] },
      },
      pull: 'always',
      privileged: true,
      limits: { cpuMillicores: 500, memoryBytes: 536_870_912 },
      requests: { cpuMillicores: 100, memoryBytes: 1 },
      storage: { requestBytes: 1000, limitBytes: 2_147_483_648 },
      devices: { 'amd.com/gpu': 2, 'nvidia.com/gpu': 1 },
      deviceParts: { 'amd.com/gpu': 'requests', 'nvidia.com/gpu': 'limits' },
      user: 0,
      group: 1000,
      volumes: [{ name: 'v', path: '/v', subPath: 's' }],
      workingDir: '/src',
      line: 4,
      at: ['steps', 0],
    });
  });

  it('refuses an extended resource whose request differs from its limit, and takes equal ones', () => {
    const withCounts = (request: number) =>
      `resources: {requests: {nvidia.com/gpu: ${request}}, limits: {nvidia.com/gpu: 2}}`;

    expect(() => stepOf(withCounts(1))).toThrow('the request of nvidia.com/gpu must be equal to its limit');
    expect(stepOf(withCounts(2)).devices).toEqual({ 'nvidia.com/gpu': 2 });
  });

  it('warns of a resource that is neither known nor extended, and of one of the pipeline', () => {
    const step = `${HEAD}steps: [{name: a, image: b, resources: {limits: {gpu: 1}}}]`;
    const whole = `${HEAD}resources: {requests: {nvidia.com/gpu: 1}}`;

    expect(parseManifest(step).warnings).toEqual([expect.stringContaining('unknown key `gpu`')]);
    expect(parseManifest(whole).warnings).toEqual([expect.stringContaining('unknown key `nvidia.com/gpu`')]);
  });

  it.each([
    ['ignore', 'ignore'],
    ['fast', 'fast'],
    ['fast-fail', 'fast'],
    ['fail-fast', 'fast'],
    ['Ignore', 'fail'],
    ['always', 'fail'],
  ])('failure: %s is %s', (text, want) => {
    expect(stepOf(`failure: ${text}`).failure).toBe(want);
  });

  it.each([
    ['never', 'never'],
    ['IF-NOT-EXISTS', 'if-not-exists'],
    ['if_not_exists', 'default'],
  ])('pull: %s is %s', (text, want) => {
    expect(stepOf(`pull: ${text}`).pull).toBe(want);
  });

  it('makes every service a background step, also without a name', () => {
    expect(pipelineOf('services: [{image: redis, detach: false}]').services).toMatchObject([
      { name: '', image: 'redis', detach: true },
    ]);
  });

  it('known issue 41: (previous-runner §3.8.1) a scalar below include or exclude becomes a list of one, with a warning', () => {
    const manifest = parseManifest(
      `${HEAD}steps:\n- name: a\n  when:\n    branch: {include: main, exclude: dev}\n`,
    );

    expect(only(manifest).steps[0]?.when).toEqual({ branch: { include: ['main'], exclude: ['dev'] } });
    expect(manifest.warnings).toEqual([
      'line 6: `branch.include: main` is read as the list [main]; the previous runner ignored it',
      'line 6: `branch.exclude: dev` is read as the list [dev]; the previous runner ignored it',
    ]);
  });

  it('warns of keys that only other Drone runners know, and of unknown ones', () => {
    const manifest = parseManifest(
      `${HEAD}matrix: {a: b}\nfoo: bar\nsteps:\n- name: a\n  ports: [80]\n  foo: bar\n`,
    );

    expect(manifest.warnings).toEqual([
      'line 4: unknown key `foo` of pipeline is ignored',
      'line 3: `matrix` of pipeline default is not supported by the Kubernetes runner and was ignored',
      'line 8: unknown key `foo` of step is ignored',
      'line 7: `ports` of step a is not supported by the Kubernetes runner and was ignored',
    ]);
  });
});

describe('parseManifest: volumes (previous-runner §3.7)', () => {
  it.each<[string, string, object]>([
    ['temp', 'temp: {}', { kind: 'temp', medium: '', sizeLimitBytes: 0 }],
    [
      'temp in memory',
      'temp: {medium: memory, size_limit: 1Gi}',
      { kind: 'temp', medium: 'memory', sizeLimitBytes: 2 ** 30 },
    ],
    [
      'known issue 49: a size limit for any medium',
      'temp: {size_limit: 100}',
      { kind: 'temp', medium: '', sizeLimitBytes: 100 },
    ],
    [
      'known issue 48: host, with its path as written',
      'host: {path: /var/run/docker.sock}',
      { kind: 'host', path: '/var/run/docker.sock' },
    ],
    ['cache', 'cache: {}', { kind: 'cache' }],
    ['claim', 'claim: {name: c, read_only: true}', { kind: 'claim', claimName: 'c', readOnly: true }],
    [
      'known issue 45: an omitted mode stays unsaid',
      'config_map: {name: c}',
      { kind: 'config_map', configMapName: 'c', defaultMode: undefined, optional: false },
    ],
    [
      'a mode of 0 is a mode',
      'secret: {name: s, default_mode: 0, optional: true}',
      { kind: 'secret', secretName: 's', defaultMode: 0, optional: true },
    ],
    [
      'an octal mode',
      'secret: {name: s, default_mode: 0400}',
      { kind: 'secret', secretName: 's', defaultMode: 256, optional: false },
    ],
    ['known issue 50: temp with nothing behind it has no source', 'temp:', { kind: 'none' }],
    ['an unknown source is none', 'nfs: {}', { kind: 'none' }],
    [
      'of several sources the first of a fixed order counts',
      'host: {path: /x}, temp: {}',
      { kind: 'temp', medium: '', sizeLimitBytes: 0 },
    ],
  ])('%s', (_, source, want) => {
    expect(pipelineOf(`volumes: [{name: v, ${source}}]`).volumes).toEqual([
      { name: 'v', at: ['volumes', 0], ...want },
    ]);
  });
});

describe('parseManifest: errors (previous-runner §3.3)', () => {
  it.each([
    [
      'text for a list',
      'steps: [{name: a, commands: go build}]',
      'line 3: cannot unmarshal !!str `go build` into []string',
    ],
    [
      'a map for a text',
      'steps: [{name: a, commands: [echo a: b]}]',
      'line 3: cannot unmarshal !!map into string',
    ],
    ['a quoted number', 'steps: [{name: a, user: "1000"}]', 'line 3: cannot unmarshal !!str `1000` into int'],
    [
      'a number with unit',
      'resources: {requests: {cpu: 1000m}}',
      'line 3: cannot unmarshal !!str `1000m` into int',
    ],
    ['a quoted bool', 'clone: {disable: "yes"}', 'line 3: cannot unmarshal !!str `yes` into bool'],
    [
      'a long text is cut',
      'clone: {depth: abcdefghijkl}',
      'line 3: cannot unmarshal !!str `abcdefg...` into int',
    ],
    ['a list for a map', 'environment: [a]', 'line 3: cannot unmarshal !!seq into map[string]string'],
    [
      'a secret in the pipeline environment',
      'environment: {A: {from_secret: b}}',
      'line 3: cannot unmarshal !!map into string',
    ],
    ['a size that is none', 'resources: {requests: {memory: 10Q}}', "line 3: invalid size: '10Q'"],
    [
      'a number beyond exact integers',
      'clone: {depth: 99999999999999999}',
      'line 3: cannot unmarshal !!int `9999999...` into int',
    ],
    [
      'a when that is no map',
      'steps: [{name: a, when: push}]',
      'line 3: cannot unmarshal !!str `push` into conditions',
    ],
    [
      'a map of a list below include',
      'steps: [{name: a, when: {ref: {include: {a: b}}}}]',
      'line 3: cannot unmarshal !!map into []string',
    ],
  ])('%s', (_, body, want) => {
    const message = `yaml: unmarshal errors:\n  ${want}`;

    expect(() => parseManifest(HEAD + body)).toThrow(new PipelineError('yaml', message));
  });

  it('reports all problems at once', () => {
    expect(() => parseManifest(`${HEAD}clone: x\nenvironment: z`)).toThrow(
      'yaml: unmarshal errors:\n  line 3: cannot unmarshal !!str `x` into clone\n  line 4: cannot unmarshal !!str `z` into map[string]string',
    );
  });

  it.each([
    ['a null step', '[~]', 'Linter: detected nil step'],
    ['a nameless step', '[{image: x}]', 'Linter: invalid or missing step name'],
    ['a name of 101 bytes', `[{name: ${'ö'.repeat(50)}x}]`, 'Linter: step name cannot exceed 100 characters'],
    ['a name twice', '[{name: a}, {name: b}, {name: a}]', 'Linter: duplicate step name'],
  ])('previous-runner §3.11: %s', (_, steps, message) => {
    expect(() => pipelineOf(`steps: ${steps}`)).toThrow(new PipelineError('lint', message));
  });

  it('accepts a name of 100 bytes, and a service without a name', () => {
    expect(pipelineOf(`services: [{image: x}]\nsteps: [{name: ${'x'.repeat(100)}}]`).steps).toHaveLength(1);
  });

  it('a null service', () => {
    expect(() => pipelineOf('services: [~]')).toThrow('linter: nil step');
    expect(() => pipelineOf('services: [~]\nclone: {depth: x}')).toThrow('cannot unmarshal');
  });

  it('refuses more steps than a Pod can have, however small their text is', () => {
    const body = `services: [&s {image: x},${'*s,'.repeat(2000)}]`;

    expect(() => pipelineOf(body)).toThrow('more than 2000 items');
  });
});

describe('warnings', () => {
  it.each([
    ['entrypoint: [server, --port, $PORT]', 1],
    ['entrypoint: [server]\n    command: [--port, "x$PORT"]', 1],
    ['entrypoint: [/bin/bash, -c, "server --port $PORT"]', 0],
    ['entrypoint: ["server --port $PORT"]', 0],
    ['entrypoint: [server, "costs $5"]', 0],
    ['command: [--port, $PORT]', 0],
  ])('%s: a variable that no shell will put in is warned of %i times', (keys, times) => {
    const { warnings } = parseManifest(`${HEAD}steps:\n  - name: a\n    image: b\n    ${keys}\n`);

    expect(warnings.filter((text) => /^line \d+: \$PORT in a list of "entrypoint"/.test(text))).toHaveLength(
      times,
    );
  });

  it.each([
    ['entrypoint: [server, --port, "${PORT}"]', '${PORT} in a list of "entrypoint"'],
    ['entrypoint: [server, "$(date $FORMAT)"]', '$FORMAT in a list of "entrypoint"'],
    ['entrypoint: [server, --since, "$(date +%F)"]', '$(date +%F) in a list of "entrypoint"'],
    ['entrypoint: [server]\n    command: ["`hostname`"]', '`hostname` in a list of "entrypoint"'],
    ['command: [--requirepass, "$(PASSWORD)"]', '$(PASSWORD) in "command"'],
    ['command: ["--url=http://$(MY.HOST-1)/"]', '$(MY.HOST-1) in "command"'],
  ])('%s: what a shell or Kubernetes put in before is warned of', (keys, beginning) => {
    const { warnings } = parseManifest(`${HEAD}steps:\n  - name: a\n    image: b\n    ${keys}\n`);

    expect(warnings).toEqual([expect.stringContaining(`: ${beginning} is not substituted`)]);
  });

  it.each([
    'entrypoint: [server, "costs $5", "$", "${", "$("]',
    'entrypoint: [/bin/sh, -c]\n    command: ["server $(hostname)"]',
    'command: ["$PORT", "${PORT}", "`hostname`", "$(date +%F)", "$()", "$$(PORT)"]',
    'commands: ["echo $(PORT)"]',
  ])('%s: nothing was put in by the previous runner, or a shell still does it', (keys) => {
    expect(parseManifest(`${HEAD}steps:\n  - name: a\n    image: b\n    ${keys}\n`).warnings).toEqual([]);
  });

  it('are limited, so that no file fills the log', () => {
    const keys = Array.from({ length: 200 }, (_, n) => `k${n}: 1`).join('\n');
    const { warnings } = parseManifest(HEAD + keys);

    expect(warnings).toHaveLength(51);
    expect(warnings.at(-1)).toBe('and 150 more warnings');
  });
});
