import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BuildRequest } from '../../parts/drone/build-request.ts';
import { freePort } from '../../parts/free-port.ts';
import { type GitServer, startGitServer } from '../../parts/git-server.ts';
import { imageNames } from '../../parts/images/catalog.ts';
import { pluginImages } from '../../parts/images/plugins.ts';
import { type ObjectStore, startObjectStore } from '../../parts/object-store.ts';
import { clusterImages, offer } from '../../parts/real/images.ts';
import { type Forwarder, forward } from '../../parts/site/forwarder.ts';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import { startTestSystem, type TestSystem } from '../flows/test-system.ts';
import { ownNamespaceAccess } from '../real-flows/real-cluster-access.ts';

const PATIENCE = { timeoutMs: 120_000 };
const NO_CLONE = 'clone: { disable: true }';

let system: TestSystem;
beforeAll(async () => {
  const { cluster, ground } = await ownNamespaceAccess('plugins');
  const busybox = (await clusterImages(cluster.layout)).find(({ name }) => name === imageNames.busybox);
  if (busybox === undefined) throw new Error('the catalog has no busybox');
  await offer(cluster.layout, await pluginImages(busybox.image));
  system = await startTestSystem(ground, { env: { DRONE_IMAGE_CLONE: 'docker.io/local/drone-git:1' } });
});
afterAll(() => system.close());

async function run(request: BuildRequest): Promise<{ id: number; results: ReturnType<typeof stepResults> }> {
  const { id } = system.drone.createBuild(request);
  const results = stepResults(await system.drone.waitForBuild(id, PATIENCE));
  expect(system.drone.complaints).toEqual([]);
  return { id, results };
}

describe('plugins with the contract of those that many people use', () => {
  it('docker: privileged by its name, with settings of each form', async () => {
    const settings = {
      repo: 'acme/widget',
      tags: ['latest', '1.0'],
      'build-args': ['A=1', 'B=two words'],
      custom_labels: { team: 'blue', owner: { name: 'ada' } },
      dry_run: true,
      compress: null,
      timeout: 90,
      username: { from_secret: 'user' },
      password: { from_secret: 'absent' },
    };
    const yaml = pipeline(
      `- name: image\n  image: plugins/docker:20\n  settings: ${JSON.stringify(settings)}\n`,
      NO_CLONE,
    );
    const { id, results } = await run({ yaml, secrets: { user: 'octocat' } });

    expect(results).toEqual([['image', 'success', 0]]);
    const lines = (system.drone.logText(id, 'image') ?? '').trimEnd().split('\n');
    expect(lines.filter((line) => !line.includes('secret "absent"'))).toEqual([
      'privileged',
      'writes /var/run',
      'PLUGIN_BUILD-ARGS=A=1,B=two words',
      'PLUGIN_CUSTOM_LABELS={"owner":{"name":"ada"},"team":"blue"}',
      'PLUGIN_DRY_RUN=true',
      'PLUGIN_PASSWORD=',
      'PLUGIN_REPO=acme/widget',
      'PLUGIN_TAGS=latest,1.0',
      'PLUGIN_TIMEOUT=90',
      'PLUGIN_USERNAME=******',
    ]);
  });

  it('docker with commands of the author: not privileged', async () => {
    const yaml = pipeline(
      '- name: image\n  image: plugins/docker:20\n  commands: ["/bin/docker-plugin | grep -v PLUGIN"]\n',
      NO_CLONE,
    );
    const { id } = await run({ yaml });
    expect(system.drone.logText(id, 'image')).not.toMatch(/^privileged$/m);
  });

  it('slack: the status of the build at that moment, after a failure', async () => {
    const slack = (name: string, when: string): string =>
      `- name: ${name}\n  image: plugins/slack:1\n  settings: { channel: ci, template: "see\\nlogs" }\n  when: { status: [${when}] }\n`;
    const yaml = pipeline(
      slack('begins', 'success') + step('fails', ['exit 7']) + slack('ends', 'failure'),
      NO_CLONE,
    );
    const { id, results } = await run({ yaml });

    expect(results.map(([name, status, code]) => [name, status, code])).toEqual([
      ['begins', 'success', 0],
      ['fails', 'failure', 7],
      ['ends', 'success', 0],
    ]);
    expect(system.drone.logText(id, 'begins')).toMatch(
      /to ci: build \d+ of acme\/widget is success; see\nlogs\n$/,
    );
    expect(system.drone.logText(id, 'ends')).toMatch(/is failure; see\nlogs\n$/);
  });

  it('cache: keeps folders of the workspace in a volume', async () => {
    const cache = (name: string, mode: string): string =>
      `- name: ${name}\n  image: meltwater/drone-cache:1\n  settings: { ${mode}: true, mount: [one, two] }\n  volumes: [{ name: cache, path: /cache }]\n`;
    const yaml = `${pipeline(
      step('makes', ['mkdir one two && echo 1 > one/a && echo 2 > two/b']) +
        cache('rebuild', 'rebuild') +
        step('removes', ['rm -r one two']) +
        cache('restore', 'restore') +
        step('reads', ['cat one/a two/b']),
      NO_CLONE,
    )}volumes: [{ name: cache, temp: {} }]\n`;
    const { id, results } = await run({ yaml });

    expect(results.map(([, status]) => status)).toEqual(Array(5).fill('success'));
    expect(system.drone.logText(id, 'restore')).toMatch(/restored one\nrestored two\n$/);
    expect(system.drone.logText(id, 'reads')).toMatch(/\n1\n2\n$/);
  });
});

describe('s3, on a server that checks each signature', () => {
  let store: ObjectStore;
  let forwarder: Forwarder;
  beforeAll(async () => {
    store = await startObjectStore({ accessKey: 'AKID', secretKey: 's3cr/et+key' });
    forwarder = await forward(store.port);
  });
  afterAll(async () => {
    await forwarder.close();
    await store.close();
  });

  const upload = (bucket: string, secret_key: string) => {
    const settings = {
      bucket,
      secret_key: { from_secret: 'secret_key' },
      access_key: { from_secret: 'access_key' },
      region: 'eu-west-1',
      endpoint: `http://${forwarder.host}:${forwarder.port}`,
      path_style: true,
      acl: 'public-read',
      source: 'public/**/*',
      strip_prefix: 'public/',
      target: '/docs/${DRONE_BUILD_NUMBER}',
    };
    const makes = step('makes', ['mkdir -p public/sub', 'echo one > public/a', 'echo two > public/sub/b']);
    const s3 = `- name: uploads\n  image: plugins/s3:1\n  settings: ${JSON.stringify(settings)}\n`;
    return run({ yaml: pipeline(makes + s3, NO_CLONE), secrets: { access_key: 'AKID', secret_key } });
  };

  it('uploads files of the workspace with credentials from secrets', async () => {
    const { id, results } = await upload('site', 's3cr/et+key');
    expect(results.at(-1), system.drone.logText(id, 'uploads')).toEqual(['uploads', 'success', 0]);
    const { number } = system.drone.build(id);
    expect([...store.objects]).toEqual([
      [`site/docs/${number}/a`, { text: 'one\n', acl: 'public-read' }],
      [`site/docs/${number}/sub/b`, { text: 'two\n', acl: 'public-read' }],
    ]);
  });

  it('fails with another secret, and uploads nothing', async () => {
    const { results } = await upload('other', 'wrong');
    expect(results.at(-1)).toEqual(['uploads', 'failure', 1]);
    expect([...store.objects.keys()].filter((key) => key.startsWith('other'))).toEqual([]);
  });
});

describe('a private repository over HTTP', () => {
  const USER = { name: 'ada', password: 'p:a-ss' };
  let folder: string;
  let server: GitServer;
  let forwarder: Forwarder;
  let head: string;
  const git = (repository: string, ...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@acme.test', ...args], {
      cwd: join(folder, repository),
      encoding: 'utf8',
    }).trim();
  const url = (repository: string): string => `http://${forwarder.host}:${forwarder.port}/${repository}/.git`;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-private-'));
    server = await startGitServer(folder, USER);
    forwarder = await forward(server.port);
    for (const name of ['whole', 'part']) {
      execFileSync('git', ['init', '-q', '-b', 'main', join(folder, name)]);
      writeFileSync(join(folder, name, `of-${name}`), `${name}\n`);
      git(name, 'add', '.');
      git(name, 'commit', '-q', '-m', name);
    }
    // As "git submodule add" writes it, which would fetch the part.
    writeFileSync(
      join(folder, 'whole/.gitmodules'),
      `[submodule "part"]\n\tpath = part\n\turl = ${url('part')}\n`,
    );
    git('whole', 'add', '.gitmodules');
    git('whole', 'update-index', '--add', '--cacheinfo', `160000,${git('part', 'rev-parse', 'HEAD')},part`);
    git('whole', 'commit', '-q', '-m', 'with a part');
    head = git('whole', 'rev-parse', 'HEAD');
  });
  afterAll(async () => {
    await forwarder.close();
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const build = (commands: readonly string[], password: string) =>
    run({
      yaml: pipeline(`- name: shows\n  image: local/drone-git:1\n  commands: ${JSON.stringify(commands)}\n`),
      repo: { slug: 'acme/private', git_http_url: url('whole') },
      build: { after: head },
      netrc: { machine: forwarder.host, login: USER.name, password },
    });

  it('is cloned with the credentials of the build, which no log shows', async () => {
    const { id, results } = await build(['cat of-whole', 'ls part'], USER.password);
    expect(results, system.drone.logText(id, 'clone')).toEqual([
      ['clone', 'success', 0],
      ['shows', 'success', 0],
    ]);
    expect(system.drone.logText(id, 'shows')).toBe('+ cat of-whole\nwhole\n+ ls part\n');
    expect(system.drone.logText(id, 'clone')).not.toContain(USER.password);
  });

  it('is not cloned with others', async () => {
    const { results } = await build(['true'], 'wrong');
    expect(results[0]?.slice(0, 2)).toEqual(['clone', 'failure']);
    expect(results[1]?.slice(0, 2)).toEqual(['shows', 'skipped']);
  });

  it('has its submodules once a step fetches them, with the same credentials', async () => {
    const { id, results } = await build(
      ['git submodule update --init --quiet', 'cat part/of-part'],
      USER.password,
    );
    expect(results.at(-1), system.drone.logText(id, 'shows')).toEqual(['shows', 'success', 0]);
    expect(system.drone.logText(id, 'shows')).toMatch(/\npart\n$/);
  });
});

describe('a clone step with the real git', () => {
  let folder: string;
  let daemon: ChildProcess;
  let forwarder: Forwarder;
  const git = (...args: readonly string[]): string =>
    execFileSync('git', ['-c', 'user.name=ada', '-c', 'user.email=ada@acme.test', ...args], {
      cwd: join(folder, 'widget'),
      encoding: 'utf8',
    }).trim();
  const commit = (name: string): string => {
    writeFileSync(join(folder, 'widget', name), `${name}\n`);
    git('add', name);
    git('commit', '-q', '-m', name);
    return git('rev-parse', 'HEAD');
  };
  const sha: Record<'main' | 'tag' | 'pull', string> = { main: '', tag: '', pull: '' };

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-git-'));
    for (const name of ['widget', 'part'])
      execFileSync('git', ['init', '-q', '-b', 'main', join(folder, name)]);
    const port = await freePort();
    const listen = ['--listen=127.0.0.1', `--port=${port}`, '--export-all', '--reuseaddr'];
    daemon = spawn('git', ['daemon', ...listen, `--base-path=${folder}`, folder], { stdio: 'ignore' });
    forwarder = await forward(port);
    commit('one');
    sha.tag = commit('two');
    git('tag', 'v1.2.3');
    sha.main = commit('three');
    git('checkout', '-q', '-b', 'feature', 'v1.2.3');
    sha.pull = commit('four');
    git('update-ref', 'refs/pull/9/head', sha.pull);
    git('checkout', '-q', 'main');
  });
  afterAll(async () => {
    daemon.kill('SIGTERM');
    await forwarder.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const cloned = async (request: Omit<BuildRequest, 'yaml'>, more = ''): Promise<string> => {
    const git_http_url = `git://${forwarder.host}:${forwarder.port}/widget`;
    const yaml = pipeline(
      `- name: shows\n  image: local/drone-git:1\n  commands: [git rev-parse HEAD, git rev-list --count HEAD, ls]\n`,
      more,
    );
    const { id, results } = await run({ ...request, yaml, repo: { slug: 'acme/cloned', git_http_url } });
    expect(results, system.drone.logText(id, 'clone')).toEqual([
      ['clone', 'success', 0],
      ['shows', 'success', 0],
    ]);
    const log = system.drone.logText(id, 'shows') ?? '';
    return log
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('+'))
      .join(' ');
  };

  it('has the commit of a push, with its whole history', async () => {
    expect(await cloned({ build: { after: sha.main } })).toBe(`${sha.main} 3 one three two`);
  });

  it('has as much history as clone.depth', async () => {
    expect(await cloned({ build: { after: sha.main } }, 'clone: { depth: 1 }')).toBe(
      `${sha.main} 1 one three two`,
    );
  });

  it('has the commit of a tag', async () => {
    const build = { after: sha.tag, ref: 'refs/tags/v1.2.3' };
    expect(await cloned({ event: 'tag', build })).toBe(`${sha.tag} 2 one two`);
  });

  it('has a pull request merged into its target', async () => {
    const build = { after: sha.pull, ref: 'refs/pull/9/head', source: 'feature', target: 'main' };
    expect(await cloned({ event: 'pull_request', build })).toMatch(/^\w{40} 5 four one three two$/);
  });
});
