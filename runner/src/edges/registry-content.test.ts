import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RegistryCredentials } from '../compile/settings.ts';
import { algorithmOf, hasDigest } from './registry-digest.ts';
import { createImageLookup } from './registry-http.ts';
import { fakeRegistry } from './testing/fake-registry.ts';
import type { ScriptedServer } from './testing/scripted-server.ts';

const NO_ANSWER = 'its registry did not return a usable answer; see the log of the runner';
const HONEST = { kind: 'found', config: { entrypoint: ['/bin/amd64'] } };

/** One runner, and what it logs; images of tenants are looked up at their registries. */
function aRunner() {
  const warned: unknown[] = [];
  const log = { warn: (about: unknown) => void warned.push(about) };
  const options = { plainHttp: [], privateRegistries: ['*'], mirrors: {}, table: {}, log };
  const lookup = createImageLookup(new FakeClock(), options);
  onTestFinished(() => lookup.close());
  const find = (server: ScriptedServer, version = ':1', logins: readonly RegistryCredentials[] = []) => {
    const image = `127.0.0.1:${server.port}/team/tool${version}`;
    return lookup.find({ image, os: 'linux', arch: 'amd64', variant: '' }, logins);
  };
  return { find, warned };
}

/** The digest that a registry tells for its image. */
async function digestOf(server: ScriptedServer): Promise<string> {
  const { headers } = await fetch(`${server.url}/v2/team/tool/manifests/1`, { method: 'HEAD' });
  return headers.get('docker-content-digest') ?? '';
}

const evil = (document: string): string => document.replace('/bin/amd64', '/bin/evil');

describe('a registry that returns other content than that of the digest it claims', () => {
  it.each([
    ['a config', evil],
    ['an index', (text: string) => text.replace('"architecture":"arm64"', '"architecture":"amd64"')],
    [
      'a manifest',
      (text: string) => text.replace('"schemaVersion":2,"config"', '"schemaVersion":3,"config"'),
    ],
  ])('has no command line in place of another tenant’s: %s is hashed', async (_, lie) => {
    const { find, warned } = aRunner();
    await using lying = await fakeRegistry({ login: 'none', lie });
    await using honest = await fakeRegistry({ login: 'none' });
    expect(await digestOf(lying)).toBe(await digestOf(honest));

    expect(await find(lying)).toEqual({ kind: 'unknown', why: NO_ANSWER });
    expect(await find(lying, `@${await digestOf(honest)}`)).toEqual({ kind: 'unknown', why: NO_ANSWER });
    expect(JSON.stringify(warned)).toContain('other content than that of sha256:');
    expect(await find(honest)).toMatchObject(HONEST);
    expect(await find(lying)).toEqual({ kind: 'unknown', why: NO_ANSWER });
  });

  it('is found out where the tag has no digest, too; without a lie that is no trouble', async () => {
    const { find } = aRunner();
    await using lying = await fakeRegistry({ login: 'none', lie: evil, tellsDigest: false });
    await using honest = await fakeRegistry({ login: 'none', tellsDigest: false });

    expect(await find(lying)).toEqual({ kind: 'unknown', why: NO_ANSWER });
    expect(await find(honest)).toMatchObject(HONEST);
  });
});

describe('a remembered command line', () => {
  it('of a private image is not given to those who claim its digest at a registry of their own', async () => {
    const { find } = aRunner();
    await using secret = await fakeRegistry({ login: 'basic', program: '/bin/secret-' });
    await using open = await fakeRegistry({ login: 'none', program: '/bin/secret-' });
    await using claiming = await fakeRegistry({ login: 'none', program: '/bin/secret-', lie: () => '{}' });
    const kim = { address: `127.0.0.1:${secret.port}`, username: 'kim', password: 'p' };
    const digest = `@${await digestOf(open)}`;

    expect(await find(secret, digest, [kim])).toMatchObject({ kind: 'found' });
    expect(await find(secret, digest)).toMatchObject({ kind: 'unknown' });
    expect(await find(claiming, digest)).toEqual({ kind: 'unknown', why: NO_ANSWER });
    expect(await find(secret, digest, [kim])).toMatchObject({ kind: 'found' });
  });

  it.each([
    ['found', 30_000],
    ['unknown', 40_000],
  ])('is bounded: one is %s with %i characters', async (kind, chars) => {
    const { find } = aRunner();
    await using server = await fakeRegistry({ login: 'none', program: `/${'x'.repeat(chars)}/` });

    expect(await find(server)).toMatchObject({ kind });
  });
});

describe('a digest', () => {
  const sha256 = 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08';
  it.each([
    [sha256, 'sha256', true],
    [sha256.replace('9', '8'), 'sha256', false],
    [sha256.slice(0, -1), undefined, false],
    [sha256.toUpperCase(), undefined, false],
    ['sha256:../../blobs/x', undefined, false],
    ['md5:098f6bcd4621d373cade4e832627b4f6', undefined, false],
    ['constructor:00', undefined, false],
    ['', undefined, false],
    [
      'sha512:ee26b0dd4af7e749aa1a8ee3c10ae9923f618980772e473f8819a5d4940e0db27ac185f8a0e1d5f84f88bc887fd67b143732c304cc5fa9ad8e6f57f50028a8ff',
      'sha512',
      true,
    ],
  ])('%s: algorithm %s, of "test": %s', (digest, algorithm, isOfTest) => {
    expect(algorithmOf(digest)).toBe(algorithm);
    expect(hasDigest(Buffer.from('test'), digest)).toBe(isOfTest);
  });
});
