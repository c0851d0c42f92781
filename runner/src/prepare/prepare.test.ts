import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { aPipeline, aService, aStep, secret } from '../compile/testing/a-pipeline.ts';
import { detailFromWire } from '../edges/drone-wire.ts';
import type { EnvValue, Manifest, Pipeline, PipelineStep, SecretDocument } from '../pipeline/pipeline.ts';
import type { ImageLookup, ImageQuestion } from '../ports/image-lookup.ts';
import { PluginError, type SecretPlugin } from '../ports/plugins.ts';
import { type PrepareDeps, prepare } from './prepare.ts';

const KEY = 'O1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6';
const ENCRYPTED = 'AAECAwQFBgcICQoLqpQ10ZmFMln1E07yBFxsjzaTn0jCG1capZ4=';

const detailOf = (changes: { repository?: object; build?: object; secrets?: unknown } = {}) =>
  detailFromWire({
    repository: { id: 7, slug: 'acme/widget', private: true, secret: KEY, ...changes.repository },
    build: { id: 41, event: 'push', ...changes.build },
    secrets: changes.secrets ?? null,
    netrc: { machine: 'git', login: 'l', password: 'git-password' },
  });

/** Plugins that have no data and record their requests. */
function lookupOf(answers: Record<string, string> = {}): ImageLookup & { readonly asked: ImageQuestion[] } {
  const asked: ImageQuestion[] = [];
  return {
    asked,
    find: (question) => {
      asked.push(question);
      const entrypoint = answers[question.image];
      const config = { entrypoint: [entrypoint ?? ''], cmd: [], stopSignal: '', user: '' };
      return Promise.resolve(
        entrypoint === undefined ? { kind: 'unknown', why: '404' } : { kind: 'found', config },
      );
    },
  };
}

function depsOf(changes: Partial<PrepareDeps> = {}): PrepareDeps {
  return {
    clock: new FakeClock(),
    environment: {},
    runnerSecrets: {},
    secretPlugin: undefined,
    registryPlugin: undefined,
    environmentPlugin: undefined,
    readDockerConfig: () => Promise.resolve(undefined),
    images: lookupOf({ 'docker.io/drone/git:latest': 'clone' }),
    ...changes,
  };
}

const vault = (values: Record<string, string>): SecretPlugin & { readonly asked: unknown[] } => {
  const asked: unknown[] = [];
  return {
    asked,
    find: (wanted, subject) => {
      asked.push({ ...wanted, ...subject });
      return Promise.resolve(values[`${wanted.path}/${wanted.name}`]);
    },
  };
};

const get = (name: string, path: string, key: string): SecretDocument => ({
  name,
  data: '',
  get: { path, name: key },
});
const encrypted = (name: string, data = ENCRYPTED): SecretDocument => ({ name, data, get: undefined });

function run(
  deps: PrepareDeps,
  given: {
    pipeline?: Pipeline;
    detail?: ReturnType<typeof detailOf>;
    documents?: readonly SecretDocument[];
    signal?: AbortSignal;
  } = {},
) {
  const pipeline = given.pipeline ?? aPipeline();
  const manifest: Manifest = { pipelines: [pipeline], secrets: given.documents ?? [], warnings: [] };
  const settings = { cloneImage: 'drone/git:latest' };
  return prepare(deps, { detail: given.detail ?? detailOf(), manifest, pipeline, settings }, given.signal);
}

/** A pipeline whose step uses these secrets. */
function asking(...names: readonly string[]): Pipeline {
  const environment = Object.fromEntries(names.map((name, i): [string, EnvValue] => [`V${i}`, secret(name)]));
  return aPipeline({ steps: [aStep({ environment })] });
}

describe('secrets (previous-runner §4.9.1)', () => {
  const server = [
    { name: 'Token', data: 'from-server', pull_request: false },
    { name: 'open', data: 'for-all', pull_request: true },
    { name: 'hollow', data: '' },
  ];

  it('are looked up in order, the first non-empty value is used', async () => {
    const deps = depsOf({
      runnerSecrets: { TOKEN: 'from-runner', Hollow: 'from-runner', yaml: 'from-runner' },
      secretPlugin: vault({ 'p/k': 'from-plugin' }),
    });
    const { secrets, warnings } = await run(deps, {
      pipeline: asking('token', 'hollow', 'yaml', 'ext'),
      detail: detailOf({ secrets: server }),
      documents: [encrypted('token'), encrypted('yaml'), get('hollow', 'p', 'k'), get('ext', 'p', 'k')],
    });
    expect(secrets).toEqual({
      token: 'from-server',
      hollow: 'from-runner',
      yaml: 'hunter-two',
      ext: 'from-plugin',
    });
    expect(warnings).toEqual([]);
  });

  it('known issue 32: that are missing are named, each with its reason', async () => {
    const secretPlugin: SecretPlugin = { find: () => Promise.reject(new PluginError('the vault is sealed')) };
    const { secrets, missingSecrets, warnings } = await run(
      depsOf({ secretPlugin, runnerSecrets: { bad: 'x' } }),
      {
        pipeline: asking('gone', 'sealed', 'bad'),
        documents: [get('sealed', 'p', 'k'), encrypted('bad', 'AAAA')],
      },
    );
    expect(secrets).toEqual({ gone: undefined, sealed: undefined, bad: undefined });
    expect(missingSecrets).toEqual({
      gone: 'it was not found',
      sealed: 'the vault is sealed',
      bad: 'too short to be encrypted',
    });
    expect(warnings).toEqual([]);
  });

  it('of the server and of the runner are withheld from pull requests, unless they are allowed there', async () => {
    const { secrets, missingSecrets } = await run(depsOf({ runnerSecrets: { own: 'x' } }), {
      pipeline: asking('token', 'open', 'own'),
      detail: detailOf({ secrets: server, build: { event: 'pull_request' } }),
    });
    expect(secrets).toEqual({ token: undefined, open: 'for-all', own: undefined });
    expect(missingSecrets).toEqual({
      token: 'it is not available to pull requests',
      own: 'secrets of the runner are not available to pull requests',
    });
  });

  it.each([
    [
      'a fork of a public repository',
      { private: false },
      { event: 'pull_request', source_repo: 'eve/widget' },
      undefined,
    ],
    [
      'a pull request of a public repository from a source that nobody names',
      { private: false },
      { event: 'pull_request', source_repo: '' },
      undefined,
    ],
    [
      'a fork of a private repository',
      { private: true },
      { event: 'pull_request', source_repo: 'eve/widget' },
      'hunter-two',
    ],
    ['a push to a public repository', { private: false }, { event: 'push' }, 'hunter-two'],
  ])('that are encrypted in the YAML, for %s', async (_, repository, build, want) => {
    const given = {
      pipeline: asking('x'),
      detail: detailOf({ repository, build }),
      documents: [encrypted('x')],
    };
    expect((await run(depsOf(), given)).secrets.x).toBe(want);
  });

  it('of the plugin are requested once each, by path and name, without the key of the repository', async () => {
    const secretPlugin = vault({ 'p/k': 'v' });
    const pipeline = aPipeline({
      services: [aService({ settings: { PLUGIN_A: secret('ext') } })],
      steps: [
        aStep({ environment: { A: secret('ext') } }),
        aStep({ name: 'b', settings: { PLUGIN_B: secret('ext') } }),
      ],
    });
    await run(depsOf({ secretPlugin }), {
      pipeline,
      documents: [get('ext', 'p', 'k'), get('unused', 'p', 'q')],
    });
    expect(secretPlugin.asked).toEqual([
      {
        path: 'p',
        name: 'k',
        repo: { id: 7, slug: 'acme/widget', private: true },
        build: { id: 41, event: 'push' },
      },
    ]);
  });

  it('are not requested from a plugin in another case, nor without path and name', async () => {
    const secretPlugin = vault({ 'p/k': 'v', '/': 'v' });
    const documents = [get('EXT', 'p', 'k'), get('void', '', '')];
    const { secrets } = await run(depsOf({ secretPlugin }), { pipeline: asking('ext', 'void'), documents });
    expect(secrets).toEqual({ ext: undefined, void: undefined });
    expect(secretPlugin.asked).toEqual([]);
  });

  it('that need a plugin are reported if there is none', async () => {
    const given = { pipeline: asking('ext'), documents: [get('ext', 'p', 'k')] };
    const { missingSecrets } = await run(depsOf(), given);
    expect(missingSecrets?.['ext']).toBe('this runner has no secret plugin (DRONE_SECRET_PLUGIN_ENDPOINT)');
  });

  it('known issue 27: do not include Git credentials, not even if a secret has such a name', async () => {
    const secrets = [{ name: 'drone_netrc_password', data: 'x', pull_request: true }];
    const got = await run(depsOf(), {
      pipeline: asking('DRONE_NETRC_PASSWORD'),
      detail: detailOf({ secrets }),
    });
    expect(got.secrets).toEqual({ DRONE_NETRC_PASSWORD: undefined });
    expect(JSON.stringify(got)).not.toContain('git-password');
  });
});

describe('registry credentials', () => {
  const config = (address: string) =>
    JSON.stringify({ auths: { [address]: { username: 'kim', password: 'p' } } });

  it('are read from file, plugin and image_pull_secrets, in this order', async () => {
    const deps = depsOf({
      readDockerConfig: () => Promise.resolve(config('https://file.test/v1/')),
      registryPlugin: {
        list: () => Promise.resolve([{ address: 'plugin.test', username: 'u', password: 'p' }]),
      },
      runnerSecrets: { pull: config('secret.test') },
    });
    const { registries, warnings } = await run(deps, { pipeline: aPipeline({ imagePullSecrets: ['pull'] }) });
    expect(registries.map(({ address }) => address)).toEqual(['file.test', 'plugin.test', 'secret.test']);
    // What an author names opens no private address to image look-ups.
    expect(registries.map(({ isOperators = false }) => isOperators)).toEqual([true, true, false]);
    expect(warnings).toEqual([]);
  });

  it('are looked up once for each name, and not all at the same time', async () => {
    const names = Array.from({ length: 100 }, (_, index) => `n${index}`);
    const load = { now: 0, most: 0, calls: 0 };
    const secretPlugin: SecretPlugin = {
      find: async () => {
        load.calls += 1;
        load.now += 1;
        load.most = Math.max(load.most, load.now);
        await settle();
        load.now -= 1;
        return config('x.test');
      },
    };
    const documents = names.map((name) => ({ name, data: '', get: { path: 'p', name } }));
    const pipeline = aPipeline({ imagePullSecrets: [...names, ...names, ...names] });
    const { registries } = await run(depsOf({ secretPlugin }), { pipeline, documents });

    expect(registries).toHaveLength(100);
    expect(load).toEqual({ now: 0, most: 8, calls: 100 });
  });

  it('known issue 32: are kept from working sources, failures are reported', async () => {
    const deps = depsOf({
      readDockerConfig: () => Promise.reject(new Error('ENOENT')),
      registryPlugin: { list: () => Promise.reject(new PluginError('plugin is down')) },
      runnerSecrets: { good: config('good.test'), bad: 'hush, no JSON' },
    });
    const { registries, warnings } = await run(deps, {
      pipeline: aPipeline({ imagePullSecrets: ['gone', 'bad', 'good'] }),
    });
    expect(registries.map(({ address }) => address)).toEqual(['good.test']);
    expect(warnings).toEqual([
      expect.stringMatching(/DRONE_DOCKER_CONFIG.*ENOENT/),
      expect.stringMatching(/registry plugin.*plugin is down/),
      expect.stringMatching(/"gone" is ignored: it was not found/),
      expect.stringMatching(/"bad" is ignored: it is not valid JSON/),
    ]);
    expect(warnings.join()).not.toContain('hush');
  });
});

describe('environment', () => {
  const entry = { name: 'CACHE', value: 'http://cache', mask: true };

  it('contains the runner’s variables, then the plugin’s', async () => {
    const environmentPlugin = { list: () => Promise.resolve([entry]) };
    const { environment } = await run(depsOf({ environment: { A: '1' }, environmentPlugin }));
    expect(environment).toEqual([{ name: 'A', value: '1', mask: false }, entry]);
  });

  it('known issue 32: keeps the runner’s variables when the plugin fails, with a warning', async () => {
    const environmentPlugin = { list: () => Promise.reject(new PluginError('down')) };
    const { environment, warnings } = await run(depsOf({ environment: { A: '1' }, environmentPlugin }));
    expect(environment).toEqual([{ name: 'A', value: '1', mask: false }]);
    expect(warnings).toEqual(['the variables of the environment plugin are missing: down']);
  });
});

describe('images', () => {
  const plugin = (image: string, changes: Partial<PipelineStep> = {}) =>
    aStep({ name: image, image, commands: [], ...changes });

  it('are only looked up if their own command runs, each once, by full name', async () => {
    const images = lookupOf({
      'docker.io/drone/git:latest': 'clone',
      'docker.io/plugins/slack:latest': 'slack',
    });
    const pipeline = aPipeline({
      platform: { os: 'linux', arch: 'arm64', variant: 'v8', version: '' },
      services: [aService({ image: 'redis:8' })],
      steps: [
        aStep({ image: 'golang:1.25' }),
        plugin('alpine', { entrypoint: ['/bin/true'] }),
        plugin('plugins/slack'),
        plugin('plugins/slack:latest', { command: ['x'] }),
      ],
    });
    const got = await run(depsOf({ images }), { pipeline });
    expect(images.asked.map(({ image }) => image)).toEqual([
      'docker.io/drone/git:latest',
      'docker.io/library/redis:8',
      'docker.io/plugins/slack:latest',
    ]);
    expect(images.asked[0]).toMatchObject({ os: 'linux', arch: 'arm64', variant: 'v8' });
    expect(got.images['docker.io/plugins/slack:latest']?.entrypoint).toEqual(['slack']);
    expect(got.images).toHaveProperty(['docker.io/library/redis:8'], undefined);
    expect(got.warnings).toEqual([
      expect.stringMatching(/docker.io\/library\/redis:8 could not be looked up \(404\)/),
    ]);
  });

  it('that an earlier step pushes are not looked up: their command may be another one by then', async () => {
    const images = lookupOf();
    const pipeline = aPipeline({
      clone: { ...aPipeline().clone, disable: true },
      steps: [
        plugin('plugins/docker', { settings: { PLUGIN_REPO: { kind: 'text', text: 'acme/tool' } } }),
        plugin('acme/tool:1'),
      ],
    });
    await run(depsOf({ images }), { pipeline });
    expect(images.asked.map(({ image }) => image)).toEqual(['docker.io/plugins/docker:latest']);
  });

  it('of steps whose conditions do not match the build are not looked up: they have no containers', async () => {
    const images = lookupOf();
    const on = (event: string) => ({ when: { event: { include: [event], exclude: [] } } });
    const pipeline = aPipeline({
      clone: { ...aPipeline().clone, disable: true },
      services: [aService({ name: 'nightly', image: 'redis:8', ...on('cron') })],
      steps: [
        plugin('plugins/slack', on('promote')),
        plugin('plugins/npm', on('push')),
        plugin('plugins/s3', { when: { status: { include: ['failure'], exclude: [] } } }),
      ],
    });
    const got = await run(depsOf({ images }), { pipeline });
    expect(images.asked.map(({ image }) => image)).toEqual([
      'docker.io/plugins/npm:latest',
      'docker.io/plugins/s3:latest',
    ]);
    expect(got.warnings.join()).not.toMatch(/redis|slack/);
  });

  it.each([
    ['no clone', { clone: { ...aPipeline().clone, disable: true } }],
    ['Windows, where all is swapped', { platform: { os: 'windows', arch: '', variant: '', version: '' } }],
  ])('are not looked up with %s', async (_, changes) => {
    const images = lookupOf();
    await run(depsOf({ images }), { pipeline: aPipeline(changes) });
    expect(images.asked).toEqual([]);
  });

  it('are given up together after 3 s; earlier results are kept', async () => {
    const clock = new FakeClock();
    const quick = lookupOf({ 'docker.io/drone/git:latest': 'clone' });
    const images: ImageLookup = {
      find: (question, credentials, signal) =>
        question.image.includes('git')
          ? quick.find(question, credentials)
          : new Promise((_, reject) =>
              signal?.addEventListener('abort', () => reject(signal.reason as Error)),
            ),
    };
    const steps = Array.from({ length: 20 }, (_, i) => plugin(`plugins/p${i}`));
    const preparing = run(depsOf({ clock, images }), { pipeline: aPipeline({ steps }) });
    await settle();
    await clock.step(3_000);
    const got = await preparing;
    expect(Object.values(got.images).filter(Boolean)).toHaveLength(1);
    expect(got.warnings).toHaveLength(20);
    expect(got.warnings[19]).toContain('no answer within 3 s');
    expect(clock.pending).toBe(0);
  });
});

it('rejects with the reason of its signal, not with warnings', async () => {
  const stop = new AbortController();
  const secretPlugin: SecretPlugin = {
    find: () => {
      stop.abort(new Error('cancelled'));
      return Promise.reject(new Error('aborted'));
    },
  };
  const given = { pipeline: asking('ext'), documents: [get('ext', 'p', 'k')], signal: stop.signal };
  await expect(run(depsOf({ secretPlugin }), given)).rejects.toThrow('cancelled');
});
