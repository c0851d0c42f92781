import { describe, expect, it } from 'vitest';
import { parseManifest } from '../parse/manifest.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { lintAll, lintPipeline } from './lint.ts';
import type { LintContext } from './problem.ts';

const pipelineOf = (body: string): Pipeline => {
  const [pipeline] = parseManifest(`kind: pipeline\ntype: kubernetes\n${body}`).pipelines;
  if (pipeline === undefined) throw new Error('no pipeline');
  return pipeline;
};

const UNTRUSTED: LintContext = { trusted: false, slug: 'octocat/hello', namespaceRules: {} };
const TRUSTED: LintContext = { ...UNTRUSTED, trusted: true };

const first = (body: string, context = UNTRUSTED): string | undefined =>
  lintPipeline(pipelineOf(body), context)?.message;

describe('lintPipeline: a valid pipeline', () => {
  it('has no problem', () => {
    const body = `
services: [{name: redis, image: redis}]
steps:
- {name: a, image: b, depends_on: [clone, redis], volumes: [{name: v, path: /v}]}
- {name: c, image: b, depends_on: [a], environment: {PATH: x, lower_case: y, 1ST: z}}
volumes: [{name: v, temp: {}}]
`;
    expect(first(body)).toBeUndefined();
  });

  it('may have labels over 63 characters: the compiler shortens them', () => {
    expect(first(`metadata: {labels: {a: ${'x'.repeat(100)}}}`)).toBeUndefined();
  });
});

describe('lintPipeline: the old checks with their messages (previous-runner §3.12.1, §3.12.2, §3.12.3, §3.12.4, §3.12.5)', () => {
  it.each([
    [
      'cpu limit of the stage',
      'resources: {limits: {cpu: 1}}',
      'linter: cpu limit cannot be applied at stage level',
    ],
    [
      'memory limit of the stage',
      'resources: {limits: {memory: 1}}',
      'linter: memory limit cannot be applied at stage level',
    ],
    [
      'a service with a step’s name',
      'services: [{name: a, image: b}]\nsteps: [{name: a, image: b}]',
      'linter: duplicate step names',
    ],
    ['two nameless services', 'services: [{image: b}, {image: b}]', 'linter: duplicate step names'],
    ['a step called clone', 'steps: [{name: clone, image: b}]', 'linter: duplicate step names'],
    ['no image', 'steps: [{name: a}]', 'linter: invalid or missing image'],
    [
      'privileged',
      'steps: [{name: a, image: b, privileged: true}]',
      'linter: untrusted repositories cannot enable privileged mode',
    ],
    ...['workspace', '_workspace', '_docker_socket', '_status'].map((name) => [
      `mount of ${name}`,
      `steps: [{name: a, image: b, volumes: [{name: ${name}, path: /x}]}]`,
      `linter: invalid volume name: ${name}`,
    ]),
    [
      'mount at /run/drone',
      'steps: [{name: a, image: b, volumes: [{name: v, path: /run/drone}]}]',
      'linter: cannot mount volume at /run/drone',
    ],
    [
      'unknown dependency',
      'steps: [{name: a, image: b, depends_on: [z]}]',
      'linter: unknown step dependency detected: a references z',
    ],
    [
      'forward dependency',
      'steps: [{name: a, image: b, depends_on: [c]}, {name: c, image: b}]',
      'linter: unknown step dependency detected: a references c',
    ],
    [
      'dependency on a clone that is off',
      'clone: {disable: true}\nsteps: [{name: a, image: b, depends_on: [clone]}]',
      'linter: unknown step dependency detected: a references clone',
    ],
    [
      'dependency on itself',
      'steps: [{name: a, image: b, depends_on: [a]}]',
      'linter: cyclical step dependency detected: a',
    ],
    [
      'memory volume',
      'volumes: [{name: v, temp: {medium: memory}}]',
      'linter: untrusted repositories cannot mount in-memory volumes',
    ],
    [
      'host volume',
      'volumes: [{name: v, host: {path: /x}}]',
      'linter: untrusted repositories cannot mount host volumes',
    ],
    ['claim', 'volumes: [{name: v, claim: {name: c}}]', 'linter: untrusted repositories cannot mount PVC'],
    [
      'config map',
      'volumes: [{name: v, config_map: {name: c}}]',
      'linter: untrusted repositories cannot mount configMap volumes',
    ],
    [
      'secret volume',
      'volumes: [{name: v, secret: {name: c}}]',
      'linter: untrusted repositories cannot mount secret volumes',
    ],
    ['nameless volume', 'volumes: [{temp: {}}]', 'linter: missing volume name'],
    ['reserved volume', 'volumes: [{name: _addons, temp: {}}]', 'linter: invalid volume name: _addons'],
  ])('%s', (_, body, want) => {
    expect(first(body ?? '')).toBe(want);
  });

  it('keeps the order: stage, services, steps, volumes, namespace', () => {
    const body = `
resources: {limits: {cpu: 1, memory: 1}}
metadata: {namespace: prod}
services: [{name: s}]
steps: [{name: a, depends_on: [z]}]
volumes: [{name: v, host: {path: /x}}]
`;
    const messages = lintAll(pipelineOf(body), { ...UNTRUSTED, namespaceRules: { prod: ['ops/*'] } });

    expect(messages).toEqual([
      { message: 'linter: cpu limit cannot be applied at stage level', at: ['resources', 'limits', 'cpu'] },
      {
        message: 'linter: memory limit cannot be applied at stage level',
        at: ['resources', 'limits', 'memory'],
      },
      { message: 'linter: invalid or missing image', at: ['services', 0, 'image'] },
      { message: 'linter: invalid or missing image', at: ['steps', 0, 'image'] },
      {
        message: 'linter: unknown step dependency detected: a references z',
        at: ['steps', 0, 'depends_on', 0],
      },
      { message: 'linter: untrusted repositories cannot mount host volumes', at: ['volumes', 0, 'host'] },
      {
        message: 'linter: pipeline restricted from using configured namespace',
        at: ['metadata', 'namespace'],
      },
    ]);
  });

  it('allows the privileged features to trusted repositories', () => {
    const body = `
steps: [{name: a, image: b, privileged: true}]
volumes:
- {name: m, temp: {medium: memory}}
- {name: h, host: {path: /x}}
- {name: c, claim: {name: c}}
- {name: f, config_map: {name: c}}
- {name: s, secret: {name: c}}
`;
    expect(first(body, TRUSTED)).toBeUndefined();
  });

  it('allows a step called clone if cloning is disabled', () => {
    expect(first('clone: {disable: true}\nsteps: [{name: clone, image: b}]')).toBeUndefined();
  });

  it('applies the namespace rules', () => {
    const context = { ...TRUSTED, namespaceRules: { prod: ['ops/*'], ci: ['octocat/*'] } };

    expect(first('metadata: {namespace: prod}', context)).toBe(
      'linter: pipeline restricted from using configured namespace',
    );
    expect(first('metadata: {namespace: ci}', context)).toBeUndefined();
    expect(first('metadata: {namespace: other}', context)).toBeUndefined();
    expect(first('', context)).toBeUndefined();
  });
});

const mounting = (...paths: readonly string[]): string => {
  const mounts = paths.map((path) => `{name: v, path: ${JSON.stringify(path)}}`);
  return `steps: [{name: a, image: b, volumes: [${mounts.join(', ')}]}]\nvolumes: [{name: v, temp: {}}]`;
};

describe('lintPipeline: later checks (previous-runner §9)', () => {
  it.each(['Memory', 'MEMORY', 'mEmOrY'])('known issue 26: refuses medium %s as it does memory', (medium) => {
    const body = `volumes: [{name: v, temp: {medium: ${medium}}}]`;

    expect(first(body)).toBe('linter: untrusted repositories cannot mount in-memory volumes');
    expect(first(body, TRUSTED)).toBeUndefined();
  });

  it('known issue 26: finds a memory volume after a harmless one of the same name', () => {
    expect(first('volumes: [{name: v, temp: {}}, {name: v, temp: {medium: Memory}}]')).toContain('in-memory');
  });

  it.each([
    '/run/drone/',
    '/run//drone/x',
    '/run/./drone',
    '/x/../run/drone',
    'run/drone',
    '/var/run/drone',
    '/../run/drone',
  ])('known issue 29: refuses %s, which is /run/drone', (path) => {
    expect(first(mounting(path), TRUSTED)).toBe('linter: cannot mount volume at /run/drone');
  });

  it.each(['/run/drone2', '/run', '/RUN/DRONE'])('known issue 29: allows the similar path %s', (path) => {
    expect(first(mounting(path))).toBeUndefined();
  });

  it('known issue 29: ignores case on Windows, as Windows does', () => {
    expect(first(`platform: {os: windows}\n${mounting('C:\\Run\\Drone')}`)).toBe(
      'linter: cannot mount volume at /run/drone',
    );
  });

  it('known issue 29: refuses to mount _addons', () => {
    expect(first('steps: [{name: a, image: b, volumes: [{name: _addons, path: /x}]}]')).toBe(
      'linter: invalid volume name: _addons',
    );
  });

  it.each(['/hangar', '/hangar/bin', '/x/../hangar//bin'])('refuses %s, the runner’s own folder', (path) => {
    expect(first(mounting(path), TRUSTED)).toBe('linter: cannot mount volume at /hangar');
  });

  it('refuses to mount over the root', () => {
    expect(first(mounting('/x/..'))).toBe('linter: cannot mount volume at /');
  });

  it.each([
    ['twice the same', ['/x', '/x'], '/x'],
    ['the same path written differently', ['/x', '/y/../x/'], '/x'],
    ['the workspace', ['/drone/src'], '/drone/src'],
  ])('known issue 46: refuses a mount path in use: %s', (_, paths, want) => {
    expect(first(mounting(...paths))).toBe(`linter: step a has more than one mount at ${want}`);
  });

  it('known issue 46: allows a path below another', () => {
    expect(first(mounting('/x', '/x/y', '/drone/src/z'))).toBeUndefined();
  });

  it('known issue 46: checks a workspace path set by the author', () => {
    expect(first(`workspace: {path: /go}\n${mounting('/go')}`)).toBe(
      'linter: step a has more than one mount at /go',
    );
    expect(first(`workspace: {path: /go}\n${mounting('/drone/src')}`)).toBeUndefined();
  });

  it.each(['', 'a=b', 'a\nb', '\u0000'])('known issue 46: refuses the variable name %j', (name) => {
    const text = JSON.stringify(name);

    expect(first(`environment: {${text}: x}`)).toContain(`linter: invalid variable name ${text} of pipeline`);
    expect(first(`steps: [{name: a, image: b, environment: {${text}: x}}]`)).toContain(`${text} of step a`);
  });

  it('known issue 46: refuses a setting that can’t be a variable name, not one that is merely unusual', () => {
    expect(first('steps: [{name: a, image: b, settings: {"x=y": 1}}]')).toContain('"PLUGIN_X=Y" of step a');
    expect(first('steps: [{name: a, image: b, settings: {my-key.x: 1}}]')).toBeUndefined();
  });

  it('known issue 50: refuses a mount of an unknown volume', () => {
    expect(first('steps: [{name: a, image: b, volumes: [{name: cache, path: /c}]}]')).toBe(
      'linter: step a mounts unknown volume cache: declare it under volumes of the pipeline',
    );
  });

  it('known issue 50: refuses a volume without a source that a step mounts', () => {
    const steps = 'steps: [{name: a, image: b, volumes: [{name: v, path: /c}]}]';

    expect(first(`volumes: [{name: v, temp: }]\n${steps}`)).toContain('linter: volume v has no source: ');
    expect(first(`volumes: [{name: w, temp: }, {name: v, temp: {}}]\n${steps}`)).toBeUndefined();
  });

  it('refuses a mount without a path', () => {
    expect(lintAll(pipelineOf(mounting('')), UNTRUSTED).map(({ message }) => message)).toContain(
      'linter: step a mounts volume v without a path',
    );
  });

  it.each(['../x', 'a/../../x', '/x', 'a\\..\\x'])('refuses sub_path %s', (subPath) => {
    const body = `steps: [{name: a, image: b, volumes: [{name: v, path: /x, sub_path: '${subPath}'}]}]\nvolumes: [{name: v, temp: {}}]`;

    expect(first(body)).toBe(
      `linter: step a mounts volume v with sub_path ${subPath}: it must be relative and without ..`,
    );
  });

  it('come after all old checks', () => {
    const messages = lintAll(
      pipelineOf(`${mounting('/hangar')}\nresources: {limits: {cpu: 1}}\n`),
      UNTRUSTED,
    );

    expect(messages.map(({ message }) => message)).toEqual([
      'linter: cpu limit cannot be applied at stage level',
      'linter: cannot mount volume at /hangar',
    ]);
  });
});

const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(', ');

describe('lintPipeline: parts that are compared item by item', () => {
  const pair = (index: number): string => `k${index}: v`;
  const nodes = (count: number): string =>
    `affinity: {node_affinity: {required_during_scheduling_ignored_during_execution: {node_selector_terms: [{match_expressions: [{key: a, operator: In, values: [${list(count - 1, (n) => `v${n}`)}]}]}]}}}`;

  it.each<[string, number, (count: number) => string]>([
    ['node_selector', 1_000, (count) => `node_selector: {${list(count, pair)}}`],
    ['metadata.labels', 1_000, (count) => `metadata: {labels: {${list(count, pair)}}}`],
    ['metadata.annotations', 1_000, (count) => `metadata: {annotations: {${list(count, pair)}}}`],
    ['affinity.node_affinity', 50_000, nodes],
    [
      'security_context.supplemental_groups',
      1_000,
      (count) => `security_context: {supplemental_groups: [${list(count, String)}]}`,
    ],
    [
      'host_aliases',
      1_000,
      (count) => `host_aliases: [{ip: 1.1.1.1, hostnames: [${list(count, (n) => `h${n}`)}]}]`,
    ],
    [
      'the extended resources of steps',
      1_000,
      (count) => `steps: [{name: a, image: b, resources: {limits: {${list(count, (n) => `x.y/d${n}: 1`)}}}}]`,
    ],
    [
      'the names of secrets in all steps',
      1_000,
      (count) =>
        `steps: [{name: a, image: b, environment: {${list(count, (n) => `K${n}: {from_secret: n${n}}`)}}}]`,
    ],
    ['environment', 10_000, (count) => `environment: {${list(count, pair)}}`],
    [
      'environment and settings of step a',
      10_000,
      (count) => `steps: [{name: a, image: b, environment: {K: v}, settings: {${list(count - 1, pair)}}}]`,
    ],
    ['image_pull_secrets', 100, (count) => `image_pull_secrets: [${list(count, (n) => `n${n}`)}]`],
  ])('%s: at most %i', (what, most, body) => {
    expect(first(body(most))).toBeUndefined();
    expect(first(body(most + 1))).toBe(
      `linter: ${what}: ${most + 1} items, and at most ${most} are allowed: remove some`,
    );
  });

  it('environment and settings: at most 60,000 variables in all steps together', () => {
    const body = (count: number): string =>
      `environment: {K: v}\nsteps: [{name: a, image: b, environment: &e {${list(500, pair)}}}, ${list(count, (n) => `{name: s${n}, image: b, environment: *e}`)}]`;
    expect(first(body(118))).toBeUndefined();
    expect(first(body(119))).toBe(
      'linter: environment and settings of all steps together: 60001 items, and at most 60000 are allowed: remove some',
    );
  });

  it('a name twice in image_pull_secrets counts once', () => {
    expect(first(`image_pull_secrets: [${list(500, () => 'n')}]`)).toBeUndefined();
  });
});

describe('lintPipeline: fields that belong to steps, or to what runs in the background', () => {
  const problems = (body: string) => lintAll(pipelineOf(body), TRUSTED);

  it.each([
    ['timeout of a step', 'steps: [{name: a, image: b, timeout: 10m}]'],
    ['retry of a step', 'steps: [{name: a, image: b, retry: {attempts: 3}}]'],
    ['ready of a service', 'services: [{name: db, image: b, ready: {tcp: 1}}]'],
    ['ready of a detached step', 'steps: [{name: a, image: b, detach: true, ready: {tcp: 1}}]'],
    ['none of them', 'services: [{name: db, image: b}]\nsteps: [{name: a, image: b, detach: true}]'],
  ])('accepts %s', (_, body) => {
    expect(problems(body)).toEqual([]);
  });

  it.each([
    [
      'ready of a step',
      'steps: [{name: a, image: b, ready: {tcp: 1}}]',
      'linter: step a cannot have ready, because the steps after it wait for its end: move it to services, or set detach: true',
      ['steps', 0, 'ready'],
    ],
    [
      'timeout of a service',
      'services: [{name: db, image: b, timeout: 10m}]',
      'linter: service db cannot have timeout, because it runs until the last step has ended: use ready.timeout to limit how long the steps wait for it, or the timeout of those steps',
      ['services', 0, 'timeout'],
    ],
    [
      'timeout of a detached step',
      'steps: [{name: a, image: b}, {name: c, image: b, detach: true, timeout: 10m}]',
      'linter: detached step c cannot have timeout, because it runs until the last step has ended: use ready.timeout to limit how long the steps wait for it, or the timeout of those steps',
      ['steps', 1, 'timeout'],
    ],
    [
      'retry of a service',
      'services: [{name: db, image: b, retry: {attempts: 2}}]',
      'linter: service db cannot have retry, because no step waits for its end: use ready to let the steps wait until it is ready',
      ['services', 0, 'retry'],
    ],
    [
      'retry of a detached step',
      'steps: [{name: c, image: b, detach: true, retry: {attempts: 2}}]',
      'linter: detached step c cannot have retry, because no step waits for its end: use ready to let the steps wait until it is ready',
      ['steps', 0, 'retry'],
    ],
  ])('refuses %s', (_, body, message, at) => {
    expect(problems(body)).toEqual([{ message, at }]);
  });
});
