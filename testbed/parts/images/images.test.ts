import { spawnSync } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalog, gateFiles, imageNames } from './catalog.ts';
import { architectureOf, archive, image, index, layer } from './image.ts';
import { destinationOf, pushImage } from './push.ts';
import { type TarEntry, tar } from './tar.ts';

/** Ours is verified by the system's tar. */
function listing(data: Uint8Array): readonly string[] {
  const { stdout, stderr, status } = spawnSync('tar', ['-tvf', '-', '--numeric-owner'], { input: data });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout.toString().split('\n').filter(Boolean);
}

function fileOf(data: Uint8Array, path: string): Buffer {
  return spawnSync('tar', ['-xOf', '-', path], { input: data, maxBuffer: 100_000_000 }).stdout;
}

const file = (path: string, text: string, mode = 0o644): TarEntry => ({
  kind: 'file',
  path,
  mode,
  data: Buffer.from(text),
});

describe('tar', () => {
  it('keeps modes and links, owned by root and without a time', () => {
    const lines = listing(
      tar([
        { kind: 'folder', path: 'tmp', mode: 0o1777 },
        file('bin/sh', 'x', 0o755),
        { kind: 'symlink', path: 'bin/ls', target: 'sh' },
        { kind: 'hardlink', path: 'bin/ash', target: 'bin/sh' },
      ]),
    );

    expect(lines.map((line) => line.replace(/\s+/g, ' '))).toEqual([
      'drwxrwxrwt 0/0 0 1970-01-01 00:00 tmp/',
      '-rwxr-xr-x 0/0 1 1970-01-01 00:00 bin/sh',
      'lrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/ls -> sh',
      'hrwxrwxrwx 0/0 0 1970-01-01 00:00 bin/ash link to bin/sh',
    ]);
  });

  it('takes a path of 101 bytes apart at a slash, and refuses one without', () => {
    const path = `${'a'.repeat(50)}/${'b'.repeat(50)}`;

    expect(listing(tar([file(path, '')]))[0]).toContain(path);
    expect(() => tar([file('c'.repeat(101), '')])).toThrow('too long for a tar file');
  });

  it('gives every content back, whatever its length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1100 }), (data) => {
        const packed = tar([{ kind: 'file', path: 'x', mode: 0o644, data }, file('y', 'after')]);
        expect(packed.length % 512).toBe(0);
        expect(fileOf(packed, 'x')).toEqual(Buffer.from(data));
        expect(fileOf(packed, 'y').toString()).toBe('after');
      }),
      { numRuns: 12 },
    );
  });
});

const small = image('amd64', [layer([file('a', 'one')]), layer([file('b', 'two')])], {
  entrypoint: ['/a'],
  user: '1000',
});

describe('image', () => {
  it('is the same for the same files, and another for others', () => {
    const again = image('amd64', [layer([file('a', 'one')]), layer([file('b', 'two')])], {
      entrypoint: ['/a'],
      user: '1000',
    });

    expect(again.manifest.digest).toBe(small.manifest.digest);
    expect(image('amd64', small.layers, { entrypoint: ['/b'] }).manifest.digest).not.toBe(
      small.manifest.digest,
    );
  });

  it('has its command and the digests of its layers in its configuration', () => {
    const config: unknown = JSON.parse(small.config.data.toString());

    expect(config).toMatchObject({
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: ['/a'], User: '1000', WorkingDir: '/' },
      rootfs: { diff_ids: small.layers.map(({ diffId }) => diffId) },
    });
    expect(config).not.toHaveProperty('config.Cmd');
  });

  it('of a machine that we have no programs for is refused', () => {
    expect(architectureOf('x64')).toBe('amd64');
    expect(() => architectureOf('ppc64')).toThrow('no images for ppc64');
  });
});

it('an archive names each image and holds shared blobs once', () => {
  const other = image('amd64', small.layers, { command: ['sh'] });
  const packed = archive([
    { name: 'docker.io/local/a:1', image: small },
    { name: 'docker.io/local/b:1', image: other },
  ]);

  const blobs = listing(packed).filter((line) => line.includes('blobs/'));
  expect(blobs).toHaveLength(2 + 2 + 2);
  const named: unknown = JSON.parse(fileOf(packed, 'index.json').toString());
  expect(named).toMatchObject({
    manifests: [
      { annotations: { 'io.containerd.image.name': 'docker.io/local/a:1' } },
      { annotations: { 'io.containerd.image.name': 'docker.io/local/b:1' } },
    ],
  });
});

describe('catalog', () => {
  const bytes = Buffer.from('program');
  const images = catalog({
    architecture: 'arm64',
    busybox: bytes,
    applets: ['busybox', 'sh', '['],
    pause: bytes,
    scratch: bytes,
    cloneScript: bytes,
    pluginScript: bytes,
  });

  it('has every image that pipelines of the tests name', () => {
    expect(images.map(({ name }) => name).sort()).toEqual(Object.values(imageNames).sort());
  });

  it('links applets to busybox, but not busybox to itself', () => {
    const busybox = images.find(({ name }) => name === imageNames.busybox);
    const [base] = busybox?.image.layers ?? [];
    if (base === undefined) throw new Error('no layer');

    const lines = listing(gunzipSync(base.blob.data));

    expect(lines.some((line) => line.endsWith('bin/sh -> busybox'))).toBe(true);
    expect(lines.some((line) => line.endsWith('bin/[ -> busybox'))).toBe(true);
    expect(lines.some((line) => line.endsWith('bin/busybox -> busybox'))).toBe(false);
  });

  it('holds the gate once, under both of its names', () => {
    expect(listing(tar(gateFiles(bytes))).map((line) => line.split(/\s+/).slice(5).join(' '))).toEqual([
      'gate',
      'placeholder link to gate',
    ]);
  });
});

describe('pushImage', () => {
  const stored = new Map<string, Buffer>();
  const uploads: string[] = [];
  const server = createServer((request, response) => void answer(request, response));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://registry');
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (url.pathname.includes('/refusing/')) {
      response.writeHead(request.method === 'HEAD' ? 404 : 403).end('quota is spent');
    } else if (request.method === 'HEAD') {
      response.writeHead(stored.has(url.pathname) ? 200 : 404).end();
    } else if (request.method === 'POST') {
      // A relative location with a query of its own, as registries may answer.
      response.writeHead(202, { location: `${url.pathname}one?state=kept` }).end();
    } else {
      const digest = url.searchParams.get('digest');
      const path = digest === null ? url.pathname : url.pathname.replace('uploads/one', digest);
      if (digest !== null) uploads.push(url.search);
      stored.set(path, Buffer.concat(chunks));
      response.writeHead(201).end();
    }
  }

  let registry = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    registry = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it('stores every blob and the manifest, and sends no blob twice', async () => {
    await pushImage(small, { registry, repository: 'local/a', tag: '1' });
    const first = uploads.length;
    await pushImage(small, { registry, repository: 'local/a', tag: '2' });

    expect(first).toBe(3);
    expect(uploads).toHaveLength(first);
    expect(uploads.every((query) => query.startsWith('?state=kept&digest='))).toBe(true);
    expect(stored.get('/v2/local/a/manifests/2')).toEqual(small.manifest.data);
  });

  it('as an index stores the manifest by its digest and the index by its tag', async () => {
    await pushImage(small, { registry, repository: 'local/a', tag: 'multi' }, 'index');

    expect(stored.get('/v2/local/a/manifests/multi')).toEqual(index(small).data);
    expect(stored.get(`/v2/local/a/manifests/${small.manifest.digest}`)).toEqual(small.manifest.data);
  });

  it("that is refused fails with the registry's message", async () => {
    const destination = { registry, repository: 'refusing', tag: '1' };

    await expect(pushImage(small, destination)).rejects.toThrow(/403 quota is spent/);
  });

  it('parses a full image name, and refuses one without a tag', () => {
    expect(destinationOf('docker.io/library/busybox:latest', 'r')).toEqual({
      registry: 'r',
      repository: 'library/busybox',
      tag: 'latest',
    });
    expect(() => destinationOf('docker.io/library/busybox', 'r')).toThrow('must be registry/repository:tag');
  });
});
