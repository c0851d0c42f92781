import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../compile/compile.ts';
import { choosePolicy } from '../compile/policy.ts';
import { reducedAddress } from '../compile/pull-secret.ts';
import {
  aBuild,
  aCompileInput,
  aDetail,
  aPipeline,
  aPolicy,
  aPreparation,
  aRepo,
  aStep,
  someSettings,
  text,
} from '../compile/testing/a-pipeline.ts';
import { stageFile, stepFile } from '../compile/testing/read-compiled.ts';
import { parseDotenv } from '../config/dotenv.ts';
import { loadConfig } from '../config/load.ts';
import { lintPipeline } from '../lint/lint.ts';
import { GlobMatcher } from '../parse/glob-matcher.ts';
import { parseManifest } from '../parse/manifest.ts';
import { checkSize } from '../parse/pipeline-file.ts';
import { substitute } from '../parse/substitute.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { findSecret } from '../prepare/find-secret.ts';
import { commandLine, stepsOf } from './testing/command-line.ts';

const PAGE = readFileSync(new URL('../../../docs/migrate.md', import.meta.url), 'utf8');
const SECTION = PAGE.slice(PAGE.indexOf('## What is rejected'), PAGE.indexOf('## Values of the old chart'));
/** What each row of the table is about. */
const ROWS = [...SECTION.matchAll(/^\| (?!what |---)(.*?) \| /gm)].map(([, what = '']) => what);

const HEAD = 'kind: pipeline\ntype: kubernetes\n';
const warningsOf = (body: string): string => parseManifest(HEAD + body).warnings.join('\n');
const compiled = (changes: Parameters<typeof aPipeline>[0], more: Parameters<typeof aCompileInput>[0] = {}) =>
  compile(aCompileInput({ pipeline: aPipeline(changes), ...more }));
const load = (env: Record<string, string>) => {
  const missing = (path: string): string => {
    throw new Error(`${path}: ENOENT`);
  };
  const host = { hostname: 'h', version: '1', namespace: '' };
  return loadConfig(
    { DRONE_RPC_HOST: 'd', DRONE_RPC_SECRET: 'bea26a2221fd8090', DRONE_RPC_PROTO: 'https', ...env },
    missing,
    host,
  );
};

const configured = (
  env: Record<string, string>,
): { readonly problems: readonly string[]; readonly warnings: readonly string[] } => {
  const loaded = load(env);
  return 'problems' in loaded
    ? { problems: loaded.problems, warnings: [] }
    : { problems: [], warnings: loaded.ok.warnings };
};

const named = (namespace: string) => ({ metadata: { namespace, labels: {}, annotations: {} } });
/** Whether a pipeline is refused for what it chooses. */
const isRefused = (...[changes, more]: Parameters<typeof compiled>): boolean => {
  try {
    compiled(changes, more);
    return false;
  } catch (error) {
    return error instanceof PipelineError && error.code === 'refused-choice';
  }
};

/** By the words with which a row begins: what proves it. */
const PROOFS: Readonly<Record<string, () => unknown>> = {
  'a step whose image an earlier step of the same pipeline pushes, where neither': () => {
    const imageAfter = (command: string) => {
      const push = aStep({ name: 'push', commands: [command] });
      const use = aStep({ name: 'use', image: 'acme/app:1' });
      return compiled({ steps: [push, use] }).pod.spec?.containers.at(-1)?.image;
    };
    expect(imageAfter('make push')).toBe('docker.io/acme/app:1');
    expect(imageAfter('docker push acme/app:1')).toBe('ghcr.io/hangar/gate:0.1.0');
  },
  'a step that runs only after a failure': () => {
    const images = (when: ReturnType<typeof aStep>['when']) =>
      compiled({ steps: [aStep({ image: 'acme/mail:1', when })] }).pod.spec?.containers.map(
        ({ image }) => image,
      );
    expect(images({ status: { include: ['failure'], exclude: [] } })).toContain('docker.io/acme/mail:1');
    expect(images({ event: { include: ['cron'], exclude: [] } })).not.toContain('docker.io/acme/mail:1');
  },
  'a pipeline file above `HANGAR_PIPELINE_LIMIT`': () => {
    expect(() => {
      checkSize('xx', 1);
    }).toThrow('HANGAR_PIPELINE_LIMIT');
    expect(() => parseManifest('---\n'.repeat(1_001))).toThrow('more than 1000 documents');
    expect(parseManifest('---\n'.repeat(999)).pipelines).toEqual([]);
  },
  'globs of `when`': () => {
    const globs = new GlobMatcher();
    expect(() => {
      for (let n = 0; n < 100; n += 1) globs.matches(`${'*a'.repeat(500)}b`, `${n}${'a'.repeat(5_000)}`);
    }).toThrow('conditions');
  },
  'a list inside the list of a condition': () => {
    expect(() => parseManifest(`${HEAD}steps: [{name: a, image: b, when: {branch: [[main]]}}]`)).toThrow(
      'cannot unmarshal !!seq into string',
    );
  },
  '`workspace.path` with `:`': () => {
    for (const workspacePath of ['/a:b', '/a\0b'])
      expect(() => compiled({ workspacePath })).toThrow('cannot be mounted');
  },
  'an image whose host has an underscore': () => {
    expect(() => compiled({ steps: [aStep({ image: 'my_host.test/app' })] })).toThrow(
      'is not a valid image name',
    );
    expect(compiled({ steps: [aStep({ image: 'my-host.test/app' })] }).pod.spec?.containers[1]?.image).toBe(
      'my-host.test/app:latest',
    );
  },
  'a `toleration_seconds` without the effect': () => {
    expect(warningsOf('tolerations: [{key: a, toleration_seconds: 5}]')).toContain('is ignored');
    expect(warningsOf('tolerations: [{key: a, effect: NoExecute, toleration_seconds: 5}]')).toBe('');
  },
  'unknown keys, misspelt kinds': () => {
    expect(warningsOf('steps: [{name: a, image: b, comands: [c]}]')).toContain('unknown key `comands`');
    expect(parseManifest('kind: pipline').warnings.join()).toContain('is skipped');
  },
  'keys that are [new](pipelines.md)': () => {
    const readStep = (keys: string) => parseManifest(`${HEAD}steps: [{name: a, image: b, ${keys}}]`);
    expect(readStep('timeout: 10m').pipelines[0]?.steps[0]?.timeoutMs).toBe(600_000);
    expect(() => readStep('timeout: 60')).toThrow('is not a duration');
    expect(() => readStep('retry: 3')).toThrow('cannot unmarshal !!int');
    const fields = readFileSync(new URL('../../../docs/pipelines.md', import.meta.url), 'utf8');
    const rows = [...fields.matchAll(/^\| (`.*`) \| \*new\* \|/gm)]
      .map(([, keys = '']) => keys.split(', '))
      .flat();
    const named = ROWS.find((row) => row.startsWith('keys that are [new]')) ?? '';
    expect(rows.length).toBeGreaterThan(5);
    expect(rows.filter((key) => !named.includes(key))).toEqual([]);
  },
  '`DRONE_RUNNER_CAPACITY=0`': () => {
    for (const env of [{ DRONE_RUNNER_CAPACITY: '0' }, { DRONE_RESOURCE_LIMIT_CPU: '-1' }])
      expect(configured(env)).toMatchObject({ problems: [], warnings: [expect.any(String)] });
    expect(configured({})).toEqual({ problems: [], warnings: [] });
  },
  'a missing `DRONE_RUNNER_ENV_FILE`': () => {
    expect(configured({ DRONE_RUNNER_ENV_FILE: '/gone' }).problems).toHaveLength(1);
  },
  'negative numbers, such as': () => {
    const { problems, warnings } = configured({ DRONE_RESOURCE_LIMIT_CPU: '-1' });
    expect([problems, warnings]).toEqual([[], [expect.stringContaining('counts as 0')]]);
  },
  '`daemon FILE` where the file is missing': async () => {
    const { complained } = await commandLine(['daemon', '/gone'], {}, { env: {} });
    expect(complained.join()).toContain('the environment file /gone is ignored');
  },
  '`DRONE_RUNNER_MAX_PROCS`': () => {
    const { problems, warnings } = configured({ DRONE_RUNNER_MAX_PROCS: '4' });
    expect([problems, warnings]).toEqual([[], [expect.stringContaining('HANGAR_BUDGET_CPU')]]);
  },
  '`$NAME` in an `entrypoint`': () => {
    const withEntrypoint = (entrypoint: string): string =>
      warningsOf(`steps: [{name: a, image: b, entrypoint: ${entrypoint}}]`);
    expect(withEntrypoint('[server, --port, $PORT]')).toContain('$PORT in a list of "entrypoint"');
    expect(withEntrypoint('[server, --port, "${PORT}"]')).toContain('${PORT} in a list of "entrypoint"');
    expect(withEntrypoint('[server, "$(hostname)"]')).toContain('$(hostname) in a list of "entrypoint"');
    expect(withEntrypoint('["server --port $PORT"]')).toBe('');
  },
  '`$(NAME)` in `command`': () => {
    const step = { commands: [], command: ['$(PORT)'], environment: { URL: text('$(PORT)/$$') } };
    const image = { entrypoint: ['/server'], cmd: [], stopSignal: '', user: '' };
    const prepared = aPreparation({ images: { 'docker.io/library/s:1': image } });
    const started = compiled({ steps: [aStep({ image: 's:1', ...step })] }, { prepared });
    expect(stepFile(started, 2)).toMatchObject({ argv: ['/server', '$(PORT)'], env: { URL: '$(PORT)/$$' } });
    const swapped = compiled({ steps: [aStep({ image: 's:1', ...step })] }).pod.spec?.containers[1];
    expect(swapped).toMatchObject({ args: ['$$(PORT)'] });
    expect(swapped?.env).toContainEqual({ name: 'URL', value: '$$(PORT)/$$$$' });
    expect(warningsOf('steps: [{name: a, image: b, command: ["$(PORT)"]}]')).toContain(
      '$(PORT) in "command"',
    );
  },
  '`${v/#old/}` and `${v/%old/}`': () => {
    const results = ['${v/#v/}', '${v/%3/}', '${v/#v/w}', '${v/#x/}'].map((one) =>
      substitute(one, { v: 'v1.3' }),
    );
    expect(results).toEqual(['1.3', 'v1.', 'w1.3', 'v1.3']);
  },
  '`[a-z]` in the pattern of `${v%pattern}`': () => {
    const results = ['${v%rc[0-9]}', '${v%%[a-z]*}', '${v#[a-z]}'].map((one) =>
      substitute(one, { v: 'v1rc2' }),
    );
    expect(results).toEqual(['v1', '', '1rc2']);
  },
  'a mount of a volume that is not defined': () => {
    const lint = (volumes: string): unknown => {
      const body = `steps: [{name: a, image: b, volumes: [{name: v, path: /c}]}]\nvolumes: [${volumes}]`;
      const [pipeline = aPipeline()] = parseManifest(HEAD + body).pipelines;
      return lintPipeline(pipeline, { trusted: false, slug: 'a/b', namespaceRules: {} })?.message;
    };
    expect(lint('')).toContain('mounts unknown volume v');
    expect(lint('{name: v, temp: }')).toContain('volume v has no source');
    expect(lint('{name: v, temp: {}}, {name: w, temp: }')).toBeUndefined();
  },
  'a URL with a path': () => {
    expect(reducedAddress('https://registry.test/team')).toBe('registry.test/team');
    expect(reducedAddress('https://registry.test/')).toBe('registry.test');
  },
  'encrypted secrets (`kind: secret` with `data`)': async () => {
    const data = 'AAECAwQFBgcICQoLqpQ10ZmFMln1E07yBFxsjzaTn0jCG1capZ4=';
    const documents = [{ name: 's', data, get: undefined }];
    const repo = aRepo({ private: false, secret: 'O1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6' });
    const find = (event: string) => {
      const detail = aDetail({ repo, build: aBuild({ event, sourceRepo: '' }) });
      return findSecret('s', { detail, documents, runnerSecrets: {}, plugin: undefined });
    };
    expect(await find('pull_request')).toHaveProperty('missing');
    expect(await find('push')).toEqual({ value: 'hunter-two' });
  },
  "the runner's own service account": () => {
    const settings = someSettings({
      ownAccount: { namespace: 'default', name: 'hangar' },
      leaseNamespace: 'ci',
    });
    const choices = [{ serviceAccountName: 'hangar' }, named('kube-system'), named('ci')];
    expect(choices.map((one) => isRefused(one, { settings }))).toEqual([true, true, true]);
    expect(
      [{ serviceAccountName: 'builds' }, named('ci-builds')].map((one) => isRefused(one, { settings })),
    ).toEqual([false, false]);
  },
  'a named namespace with `DRONE_NAMESPACE_DEFAULT=drone-`': () => {
    const namespacesOf = (env: Record<string, string>) => {
      const loaded = load(env);
      return 'ok' in loaded ? loaded.ok.compile.restrictions.rules.namespaces.ordinary : loaded.problems;
    };
    expect(namespacesOf({ DRONE_NAMESPACE_DEFAULT: 'drone-' })).toEqual([]);
    expect(namespacesOf({ DRONE_NAMESPACE_DEFAULT: 'builds' })).toBe('any');
  },
  '`LD_PRELOAD`, `PATH` of the pipeline': () => {
    const steps = [aStep({ name: 'publish', image: 'plugins/docker', commands: [] })];
    const value = '/drone/src/x.so';
    expect(isRefused({ steps, environment: { LD_PRELOAD: value } })).toBe(true);
    expect(isRefused({ steps, environment: { PLUGIN_TAGS: value } })).toBe(false);
  },
  '`.env` in the working directory': async () => {
    const files = {
      '.drone.yml': stepsOf('- { name: a, image: b, commands: [c] }'),
      '.env': 'DRONE_NAMESPACE_DEFAULT=from-env',
    };
    expect((await commandLine(['compile'], files)).printed.join('\n')).not.toContain('from-env');
  },
  '`KEY=a#b` in an environment file': () => {
    expect(parseDotenv('KEY=a#b\nB=c #d')).toEqual({ KEY: 'a#b', B: 'c' });
  },
  'a policy called `default`': () => {
    expect(choosePolicy([aPolicy({ name: 'default' })], () => false)).toBeUndefined();
  },
  '`DRONE_WORKSPACE` of': () => {
    for (const workspacePath of ['/ws/', 'ws'])
      expect(stageFile(compiled({ workspacePath })).env['DRONE_WORKSPACE']).toBe('/ws');
  },
  '`node_name`': () => {
    const { spec } = compiled({ nodeName: 'node-1' }).pod;
    expect(spec?.nodeName).toBeUndefined();
    expect(spec?.affinity?.nodeAffinity).toBeDefined();
    expect(spec?.tolerations).toContainEqual({ operator: 'Exists', effect: 'NoSchedule' });
  },
  'annotations `cluster-autoscaler': () => {
    const name = 'cluster-autoscaler.kubernetes.io/safe-to-evict';
    const metadata = { namespace: '', labels: {}, annotations: { [name]: 'true' } };
    expect(compiled({}).pod.metadata?.annotations).toMatchObject({
      [name]: 'false',
      'karpenter.sh/do-not-disrupt': 'true',
    });
    expect(compiled({ metadata }).pod.metadata?.annotations).toMatchObject({ [name]: 'true' });
  },
  'labels of repositories': () => {
    const label = (name: string) =>
      compiled({}, { detail: aDetail({ repo: aRepo({ name }) }) }).pod.metadata?.labels?.[
        'io.drone.repo.name'
      ];
    expect([label('日本'), label('Söhne')]).toEqual([expect.stringMatching(/^[0-9a-f]{12}$/), 'sohne']);
    expect(label('日本')).not.toBe(label('中国'));
  },
  'annotations in `/run/drone/env`': () => {
    const metadata = { namespace: '', labels: {}, annotations: { note: 'mine' } };
    const { droneEnv } = stageFile(compiled({ metadata }));
    expect(Object.keys(droneEnv).every((key) => key.startsWith('io.drone'))).toBe(true);
  },
  'a custom step named `clone`': () => {
    const detail = aDetail({ netrc: { machine: 'git.test', login: 'ada', password: 'n3trc' } });
    const settings = someSettings({ netrcCloneOnly: true });
    const own = { clone: { ...aPipeline().clone, disable: true }, steps: [aStep({ name: 'clone' })] };
    const credentialsOf = (result: ReturnType<typeof compiled>) =>
      stepFile(result, 1).env['DRONE_NETRC_PASSWORD'];
    expect(credentialsOf(compiled(own, { detail, settings }))).toBe('n3trc');
    const fork = { ...detail, build: aBuild({ event: 'pull_request', sourceRepo: 'mallory/widget' }) };
    expect(credentialsOf(compiled(own, { detail: fork, settings }))).toBeUndefined();
    expect(credentialsOf(compiled({}, { detail, settings, prepared: aPreparation() }))).toBe('n3trc');
  },
  '`\\\\` and `\\/` outside': async () => {
    expect(substitute('a\\\\b\\/c', {})).toBe('a\\\\b\\/c');
    const file = { 'a.yml': stepsOf("- { name: a, image: b, commands: ['sed s/\\//x/'] }") };
    expect((await commandLine(['lint', 'a.yml'], file)).printed.join()).toContain('stays unchanged');
  },
};

describe('docs/migrate.md: what is rejected, and what differs', () => {
  it('has a proof for each row', () => {
    const isProved = (row: string): boolean => Object.keys(PROOFS).some((words) => row.startsWith(words));
    expect(ROWS.filter((row) => !isProved(row))).toEqual([]);
  });

  it.each(Object.entries(PROOFS))('%s', async (words, proof) => {
    expect(ROWS.filter((row) => row.startsWith(words))).toHaveLength(1);
    await proof();
  });
});
