import { describe, expect, it } from 'vitest';
import { createEnvironmentPlugin, createRegistryPlugin, createSecretPlugin } from './plugin-http.ts';
import { signedHeaders } from './plugin-signature.ts';
import { InstantClock, type Play, ScriptedServer } from './testing/scripted-server.ts';

const TOKEN = 'k3Jq8sVd0LmZ7xTnB5wRfYc2HpUeGaQ1';
const BODY =
  '{"path":"teams/core","name":"api_token","repo":{"id":7,"slug":"acme/widget"},"build":{"id":41,"number":12,"event":"push"}}';
const subject = { repo: { id: 7, slug: 'acme/widget' }, build: { id: 41, number: 12, event: 'push' } };
const SIGNATURE =
  'keyId="hmac-key",algorithm="hmac-sha256",signature="p3skF8KNqHALHUxlxy7Qu88Y8axttPpioutbB1RBSpE=",headers="accept accept-encoding content-type date digest"';

async function asking<T>(
  play: Play,
  ask: (options: { endpoint: string; token: string; skipVerify: boolean }, clock: InstantClock) => Promise<T>,
): Promise<{ result: T; server: ScriptedServer }> {
  await using server = await ScriptedServer.playing(play);
  const result = await ask(
    { endpoint: `${server.url}/secrets`, token: TOKEN, skipVerify: false },
    new InstantClock(),
  );
  return { result, server };
}

const findSecret = (play: Play, token = TOKEN) =>
  asking(play, async (options, clock) => {
    const plugin = createSecretPlugin(clock, { ...options, token });
    return plugin.find({ path: 'teams/core', name: 'api_token' }, subject).finally(() => plugin.close());
  });

it('an answer of a plugin has at most 4 MiB', async () => {
  const data = (mebibytes: number) => JSON.stringify({ data: 'x'.repeat(mebibytes * 1024 * 1024) });
  expect((await findSecret({ status: 200, body: data(3) })).result).toHaveLength(3 * 1024 * 1024);
  await expect(findSecret({ status: 200, body: data(5) })).rejects.toThrow('longer than 4194304 bytes');
});

describe('the signature', () => {
  it('is identical, byte for byte, to the worked example', () => {
    const accept = 'application/vnd.drone.secret.v1+json';
    const headers = signedHeaders(accept, BODY, TOKEN, Date.parse('2026-01-14T09:30:00Z'));
    expect(headers).toMatchObject({
      date: 'Wed, 14 Jan 2026 09:30:00 GMT',
      digest: 'SHA-256=SLEL0JwYrSpPEMesgmErxOtqur43yDzyG1hm8H0QpSo=',
      signature: SIGNATURE,
    });
  });

  it('is sent unchanged', async () => {
    const { result, server } = await findSecret({ status: 200, body: '{"data":"s3cr3t-value"}' });
    expect(result).toBe('s3cr3t-value');
    expect(server.seen).toMatchObject([
      {
        method: 'POST',
        url: '/secrets',
        body: BODY,
        headers: {
          accept: 'application/vnd.drone.secret.v1+json',
          'accept-encoding': 'identity',
          date: 'Wed, 14 Jan 2026 09:30:00 GMT',
          signature: SIGNATURE,
        },
      },
    ]);
  });
});

describe('a secret plugin', () => {
  const encrypted = Buffer.from(
    'AAECAwQFBgcICQoLAYlsSxNchLK3WV0oC/MPd4Hd3LsHiN1NGBfS7VnlOfMh/uNiSFg9X1a8UXBENegm+W1WjPnh0BFlWg==',
    'base64',
  );
  const aesgcm = { 'content-encoding': 'aesgcm', 'content-type': 'application/octet-stream' };

  it('may encrypt its response with our token', async () => {
    const { result } = await findSecret({ status: 200, body: encrypted, headers: aesgcm });
    expect(result).toBe('s3cr3t-value');
  });

  it.each<[string, Play]>([
    ['204', { status: 204 }],
    ['an empty value', { status: 200, body: '{"data":""}' }],
    ['an empty body', { status: 200 }],
  ])('%s means not found', async (_, play) => {
    expect((await findSecret(play)).result).toBeUndefined();
  });

  it.each<[string, Play, RegExp]>([
    [
      'an error with text',
      { status: 404, body: 'vault is sealed' },
      /secret plugin at http.* refused: 404 vault is sealed/,
    ],
    ['an error without text', { status: 500 }, /500 Internal Server Error/],
    ['a redirect', { status: 302, headers: { location: '/x' } }, /302 Found/],
    ['no JSON', { status: 200, body: '<html>' }, /did not answer in JSON/],
    ['a broken connection', 'cut', /did not answer/],
    ['an answer for another key', { status: 200, body: Buffer.alloc(40), headers: aesgcm }, /cannot decrypt/],
    ['the token in its text', { status: 400, body: `bad ${TOKEN}` }, /bad \[redacted\]/],
  ])('%s is an error', async (_, play, want) => {
    await expect(findSecret(play)).rejects.toThrow(want);
  });

  it('requires a token of 32 bytes for an encrypted response', async () => {
    await expect(findSecret({ status: 200, body: encrypted, headers: aesgcm }, 'short')).rejects.toThrow(
      'shorter than 32',
    );
  });
});

describe('the other plugins', () => {
  it('registry: returns credentials, none for 204', async () => {
    const list = (play: Play) =>
      asking(play, async (options, clock) => {
        const plugin = createRegistryPlugin(clock, options);
        return plugin.list(subject).finally(() => plugin.close());
      });
    const one = { address: 'docker.io', username: 'kim', password: 'p' };
    expect((await list({ status: 200, body: JSON.stringify([{ ...one, email: 'x' }, {}]) })).result).toEqual([
      one,
    ]);
    expect((await list({ status: 204 })).result).toEqual([]);
  });

  it.each([
    [
      'v2',
      '[{"name":"A","data":"1","mask":true},{"name":"","data":"2"}]',
      [{ name: 'A', value: '1', mask: true }],
    ],
    ['v1', '{"A":"1"}', [{ name: 'A', value: '1', mask: false }]],
  ])('environment: parses %s', async (_, body, want) => {
    const { result, server } = await asking({ status: 200, body }, async (options, clock) => {
      const plugin = createEnvironmentPlugin(clock, options);
      return plugin.list(subject).finally(() => plugin.close());
    });
    expect(result).toEqual(want);
    expect(server.seen[0]?.headers.accept).toBe('application/vnd.drone.env.v2+json');
  });
});
