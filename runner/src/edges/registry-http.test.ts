import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { RegistryCredentials } from '../compile/settings.ts';
import type { ImageAnswer } from '../ports/image-lookup.ts';
import { createImageLookup, type RegistryLookup, type RegistryOptions } from './registry-http.ts';
import { type FakeRegistryOptions, fakeRegistry } from './testing/fake-registry.ts';
import { ScriptedServer } from './testing/scripted-server.ts';

const AMD = { os: 'linux', arch: 'amd64', variant: '' };
const config = (arch: string) => ({
  entrypoint: [`/bin/${arch}`],
  cmd: ['run'],
  stopSignal: 'SIGINT',
  user: '',
});
const options = (changes: Partial<RegistryOptions> = {}): RegistryOptions => ({
  plainHttp: [],
  privateRegistries: ['127.0.0.1'],
  mirrors: {},
  table: {},
  ...changes,
});

interface Registry {
  readonly lookup: RegistryLookup;
  readonly server: ScriptedServer;
  readonly clock: FakeClock;
  readonly find: (image: string, credentials?: readonly RegistryCredentials[]) => Promise<ImageAnswer>;
}

async function withRegistry(
  registry: FakeRegistryOptions | ScriptedServer,
  act: (registry: Registry) => Promise<void>,
  changes: (server: ScriptedServer) => Partial<RegistryOptions> = () => ({}),
): Promise<void> {
  await using server = registry instanceof ScriptedServer ? registry : await fakeRegistry(registry);
  const clock = new FakeClock();
  const lookup = createImageLookup(clock, options(changes(server)));
  const find = (image: string, credentials: readonly RegistryCredentials[] = []) =>
    lookup.find({ image: image.replace('REG', `127.0.0.1:${server.port}`), ...AMD }, credentials);
  try {
    await act({ lookup, server, clock, find });
  } finally {
    await lookup.close();
  }
}

const kim = (server: ScriptedServer, password = 'p') => [
  { address: `http://127.0.0.1:${server.port}/v1/`, username: 'kim', password },
];

describe('the image look-up', () => {
  it('requests HEAD, index, manifest and config, and connects to loopback without TLS', () =>
    withRegistry({ login: 'none' }, async ({ find, server }) => {
      expect(await find('REG/team/tool:1')).toEqual({ kind: 'found', config: config('amd64') });
      expect(server.seen.map(({ method, url }) => `${method} ${url.replace(/sha256:.*/, '…')}`)).toEqual([
        'HEAD /v2/team/tool/manifests/1',
        'GET /v2/team/tool/manifests/…',
        'GET /v2/team/tool/manifests/…',
        'GET /v2/team/tool/blobs/…',
      ]);
    }));

  it('selects the Pod’s architecture, linux/amd64 if unset', () =>
    withRegistry({ login: 'none' }, async ({ lookup, server }) => {
      const image = `127.0.0.1:${server.port}/team/tool:1`;
      const of = (platform: typeof AMD) => lookup.find({ image, ...platform }, []);
      expect(await of({ os: '', arch: 'arm64', variant: 'v8' })).toEqual({
        kind: 'found',
        config: config('arm64'),
      });
      expect(await of({ os: '', arch: '', variant: '' })).toEqual({ kind: 'found', config: config('amd64') });
      expect(await of({ os: 'linux', arch: 'riscv64', variant: '' })).toEqual({
        kind: 'unknown',
        why: 'the image does not support linux/riscv64',
      });
    }));

  it('sends only a HEAD for a known digest', () =>
    withRegistry({ login: 'none' }, async ({ find, server }) => {
      await find('REG/team/tool:1');
      await find('REG/team/tool:1');
      expect(server.seen).toHaveLength(5);
    }));

  it('requests again if the registry returns no digest', () =>
    withRegistry({ login: 'none', tellsDigest: false }, async ({ find, server }) => {
      await find('REG/team/tool:1');
      expect(await find('REG/team/tool:1')).toEqual({ kind: 'found', config: config('amd64') });
      expect(server.seen).toHaveLength(8);
    }));

  it('sends one request for stages that start together', () =>
    withRegistry({ login: 'none' }, async ({ find, server }) => {
      const answers = await Promise.all([1, 2, 3].map(() => find('REG/team/tool:1')));
      expect(answers.map(({ kind }) => kind)).toEqual(['found', 'found', 'found']);
      expect(server.seen).toHaveLength(4);
    }));

  it.each(['basic', 'bearer'] as const)('authenticates by %s with the pipeline’s credentials', (login) =>
    withRegistry({ login }, async ({ find, server }) => {
      expect(await find('REG/team/tool:1', kim(server))).toEqual({ kind: 'found', config: config('amd64') });
    }),
  );

  it.each(['basic', 'bearer'] as const)(
    'reports missing and wrong credentials (%s), and does not serve them from the cache',
    (login) =>
      withRegistry({ login }, async ({ find, server }) => {
        await find('REG/team/tool:1', kim(server));
        expect(await find('REG/team/tool:1')).toMatchObject({ kind: 'unknown' });
        expect(await find('REG/team/tool:1', kim(server, 'wrong'))).toMatchObject({ kind: 'unknown' });
      }),
  );

  it('follows redirects of blobs, without our credentials', () =>
    withRegistry({ login: 'basic', redirects: true }, async ({ find, server }) => {
      expect(await find('REG/team/tool:1', kim(server))).toMatchObject({ kind: 'found' });
      const away = server.seen.filter(({ url }) => url.startsWith('/elsewhere/'));
      expect(away.map(({ headers }) => headers.authorization)).toEqual([undefined]);
    }));

  it('uses a mirror in place of a registry, with its own path', () =>
    withRegistry(
      { login: 'none' },
      async ({ find, server }) => {
        const missing = await find('docker.io/tool:1');
        expect(missing).toMatchObject({ kind: 'unknown' });
        // What a mirror lacks may come from elsewhere.
        expect(missing).not.toHaveProperty('isAbsent');
        expect(server.seen.map(({ url }) => url)).toEqual(['/v2/team/library/tool/manifests/1']);
        expect(await find('quay.io/tool:1')).toMatchObject({ kind: 'found' });
      },
      (server) => ({
        mirrors: {
          'docker.io': `127.0.0.1:${server.port}/team`,
          'quay.io': `127.0.0.1:${server.port}/team/`,
        },
      }),
    ));

  it('uses the operator’s table, by full name or for all tags, without a request', () =>
    withRegistry(
      { login: 'none' },
      async ({ find, server }) => {
        expect(await find('docker.io/plugins/slack:5')).toEqual({ kind: 'found', config: config('slack') });
        expect(await find('docker.io/library/tool:2')).toEqual({ kind: 'found', config: config('tool') });
        expect(server.seen).toHaveLength(0);
      },
      () => ({ table: { 'plugins/slack': config('slack'), 'docker.io/library/tool:2': config('tool') } }),
    ));

  it('caches a failure for a minute, not longer', () =>
    withRegistry({ login: 'none' }, async ({ find, server, clock }) => {
      const want = { kind: 'unknown', why: 'the registry does not have this image (404)', isAbsent: true };
      expect(await find('REG/team/tool:9')).toEqual(want);
      await clock.step(59_999);
      expect(await find('REG/team/tool:9')).toEqual(want);
      expect(server.seen).toHaveLength(1);
      await clock.step(1);
      expect(await find('REG/team/tool:9')).toEqual(want);
      expect(server.seen).toHaveLength(2);
    }));

  it('gives up after 3 s in total', async () =>
    withRegistry(await ScriptedServer.playing('hang'), async ({ find, server, clock }) => {
      const finding = find('REG/team/tool:1');
      await server.asked(1);
      await clock.step(3_000);
      expect(await finding).toMatchObject({
        kind: 'unknown',
        why: expect.stringMatching(/longer than 3 s|within 3 s/) as string,
      });
    }));

  it('rejects at once when a stage is cancelled, with the reason of its signal', async () =>
    withRegistry(await ScriptedServer.playing('hang'), async ({ lookup, server, clock }) => {
      const stop = new AbortController();
      const image = `127.0.0.1:${server.port}/team/tool:1`;
      const finding = lookup.find({ image, ...AMD }, [], stop.signal);
      await server.asked(1);
      stop.abort(new Error('cancelled'));
      await expect(finding).rejects.toThrow('cancelled');
      await clock.step(3_000);
    }));

  it.each([
    ['HTML', { status: 200, body: '<html>' }, /JSON/],
    ['a manifest of version 1', { status: 200, body: '{"schemaVersion":1}' }, /unknown kind/],
    ['too many requests', { status: 429 }, /429/],
    ['a redirect to nowhere', { status: 302 }, /redirects without an address/],
    [
      'an unknown login',
      { status: 401, headers: { 'www-authenticate': 'Negotiate' } },
      /unsupported type of authentication/,
    ],
    ['a broken connection', 'cut', /did not answer/],
  ] as const)('reports %s with a message', async (_, play, why) =>
    withRegistry(await ScriptedServer.playing(play), async ({ find }) => {
      expect(await find('REG/team/tool:1')).toEqual({
        kind: 'unknown',
        why: expect.stringMatching(why) as string,
      });
    }),
  );

  it.each(['docker.io/library/constructor:1', 'toString/x:1'])('treats %s as an ordinary image', (image) =>
    withRegistry(
      { login: 'none' },
      async ({ find }) => {
        expect(await find(image)).toMatchObject({ kind: 'unknown' });
      },
      (server) => ({
        mirrors: { 'docker.io': `127.0.0.1:${server.port}`, toString: `127.0.0.1:${server.port}` },
      }),
    ),
  );

  it('refuses an invalid image name', () =>
    withRegistry({ login: 'none' }, async ({ find }) => {
      expect(await find('Not An Image')).toEqual({ kind: 'unknown', why: 'that is not a valid image name' });
    }));
});
