import { createHmac } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { bodyDigest, seal, unseal, verifySignature } from './plugin-crypto.ts';
import {
  type PluginDouble,
  startEnvironmentPlugin,
  startRegistryPlugin,
  startSecretPlugin,
} from './plugins.ts';
import { rawCall } from './rpc-caller.ts';

vi.setConfig({ testTimeout: 30_000 });

/** The worked example of drone-rpc §6.2; all bytes exact. */
const TOKEN = 'k3Jq8sVd0LmZ7xTnB5wRfYc2HpUeGaQ1';
const BODY =
  '{"path":"teams/core","name":"api_token","repo":{"id":7,"slug":"acme/widget"},"build":{"id":41,"number":12,"event":"push"}}';
const SIGNED = 'accept accept-encoding content-type date digest';
const HEADERS = {
  accept: 'application/vnd.drone.secret.v1+json',
  'accept-encoding': 'identity',
  'content-type': 'application/json',
  date: 'Wed, 14 Jan 2026 09:30:00 GMT',
  digest: 'SHA-256=SLEL0JwYrSpPEMesgmErxOtqur43yDzyG1hm8H0QpSo=',
  signature: `keyId="hmac-key",algorithm="hmac-sha256",signature="p3skF8KNqHALHUxlxy7Qu88Y8axttPpioutbB1RBSpE=",headers="${SIGNED}"`,
};
const { signature: SIGNATURE, ...UNSIGNED } = HEADERS;

describe('the signature (drone-rpc §6.2)', () => {
  it('of the worked example is valid, and its digest fits', () => {
    expect(verifySignature(HEADERS, TOKEN)).toBe('valid');
    expect(bodyDigest(Buffer.from(BODY))).toBe(HEADERS.digest);
    expect(Buffer.byteLength(BODY)).toBe(122);
  });

  const bad = 'Invalid or Missing Signature';
  it.each([
    ['in Authorization', { ...UNSIGNED, authorization: `Signature ${SIGNATURE}` }, 'valid'],
    ['in Authorization with another scheme', { ...UNSIGNED, authorization: `Bearer ${SIGNATURE}` }, bad],
    ['missing', UNSIGNED, bad],
    ['over another date', { ...HEADERS, date: 'Wed, 14 Jan 2026 09:30:01 GMT' }, 'Invalid Signature'],
    ['over a header that is not there', { ...HEADERS, digest: '' }, bad],
    ['with an unknown member', { ...HEADERS, signature: `${SIGNATURE},created="1"` }, bad],
    ['without keyId', { ...HEADERS, signature: SIGNATURE.replace('keyId="hmac-key",', '') }, bad],
    ['with an unknown algorithm', { ...HEADERS, signature: SIGNATURE.replace('sha256', 'sha512') }, bad],
    ['that does not cover the date', { ...HEADERS, signature: SIGNATURE.replace(' date', '') }, bad],
    [
      'with names in capitals',
      { ...HEADERS, signature: SIGNATURE.replace('accept date', 'Accept Date') },
      'valid',
    ],
    ['cut short', { ...HEADERS, signature: SIGNATURE.replace('p3skF8KN', '') }, 'Invalid Signature'],
  ])('%s is judged as plugins do', (_name, headers, verdict) => {
    expect(verifySignature(headers, TOKEN)).toBe(verdict);
  });

  it('of another token is invalid', () => {
    expect(verifySignature(HEADERS, TOKEN.toLowerCase())).toBe('Invalid Signature');
  });

  it('without a list of headers covers the date', () => {
    const value = createHmac('sha1', TOKEN).update(`date: ${HEADERS.date}`).digest('base64');
    const signature = `keyId="k",algorithm="hmac-sha1",signature="${value}"`;

    expect(verifySignature({ date: HEADERS.date, signature }, TOKEN)).toBe('valid');
  });
});

describe('encryption (drone-rpc §6.3)', () => {
  const TEXT = '{"name":"api_token","data":"s3cr3t-value"}';
  const SEALED =
    'AAECAwQFBgcICQoLAYlsSxNchLK3WV0oC/MPd4Hd3LsHiN1NGBfS7VnlOfMh/uNiSFg9X1a8UXBENegm+W1WjPnh0BFlWg==';

  it('gives the bytes of the worked example, and back', () => {
    expect(seal(TEXT, TOKEN, Buffer.from('000102030405060708090a0b', 'hex')).toString('base64')).toBe(SEALED);
    expect(unseal(Buffer.from(SEALED, 'base64'), TOKEN)).toBe(TEXT);
  });

  it('uses the first 32 bytes of a longer token; a shorter one is an error', () => {
    expect(unseal(Buffer.from(SEALED, 'base64'), `${TOKEN}more`)).toBe(TEXT);
    expect(() => seal(TEXT, TOKEN.slice(1))).toThrow('the token has 31 bytes, encryption needs 32');
  });

  it('a changed byte is noticed', () => {
    const sealed = Buffer.from(SEALED, 'base64');
    sealed.writeUInt8(sealed.readUInt8(20) ^ 1, 20);

    expect(() => unseal(sealed, TOKEN)).toThrow();
  });
});

describe('plugin doubles', () => {
  let plugin: PluginDouble;

  afterEach(async () => {
    await plugin.close();
  });

  const ask = (headers: Record<string, string> = HEADERS, body = BODY) =>
    rawCall(plugin.url, { method: 'POST', headers, body });

  /** The headers of the example with changes, signed anew. */
  const signed = (change: Record<string, string>) => {
    const headers: Record<string, string> = { ...HEADERS, ...change };
    const text = SIGNED.split(' ').map((name) => `${name}: ${headers[name] ?? ''}`);
    const value = createHmac('sha256', TOKEN).update(text.join('\n')).digest('base64');
    const signature = `keyId="hmac-key",algorithm="hmac-sha256",signature="${value}",headers="${SIGNED}"`;
    return { ...headers, signature };
  };

  it('a secret is found by path and name', async () => {
    plugin = await startSecretPlugin(TOKEN, [
      { path: 'teams/core', name: 'api_token', data: 's3cr3t-value' },
    ]);

    const answer = await ask();

    expect(JSON.parse(answer.text)).toEqual({ name: 'api_token', data: 's3cr3t-value', pull_request: false });
    expect(plugin.requests).toMatchObject([
      { method: 'POST', path: '/plugin', digestFits: true, status: 200 },
    ]);
  });

  it('a secret of another path is 204', async () => {
    plugin = await startSecretPlugin(TOKEN, [{ path: 'teams', name: 'api_token', data: 'x' }]);

    expect((await ask()).status).toBe(204);
  });

  it('a wrong signature is 400 with its text, an unreadable body too', async () => {
    plugin = await startSecretPlugin(TOKEN, []);

    const answers = [
      await ask(UNSIGNED),
      await ask({ ...HEADERS, date: 'today' }),
      await ask(HEADERS, 'hello'),
    ];

    expect(answers.map((answer) => answer.text)).toEqual([
      'Invalid or Missing Signature',
      'Invalid Signature',
      'Invalid Input',
    ]);
    expect(plugin.requests.map((request) => request.digestFits)).toEqual([true, true, false]);
  });

  it('encrypts when asked to, or always if told', async () => {
    plugin = await startSecretPlugin(TOKEN, [{ path: 'teams/core', name: 'api_token', data: 'x' }]);
    const asked = await ask(signed({ 'accept-encoding': 'aesgcm' }));
    plugin.answerWith({ kind: 'json', value: { data: 'y' }, encrypted: 'always' });
    const always = await ask();

    expect([asked, always].map((answer) => answer.headers['content-type'])).toEqual([
      'application/octet-stream',
      'application/octet-stream',
    ]);
  });

  it('fails, says nothing, talks nonsense or never answers, as told', async () => {
    plugin = await startRegistryPlugin(TOKEN, [{ address: 'docker.io', username: 'kim', password: 'p' }]);
    plugin.answerWith({ kind: 'error', status: 404, text: 'no such thing' });
    expect((await ask()).text).toBe('no such thing');
    plugin.answerWith({ kind: 'nothing' });
    expect((await ask()).status).toBe(204);
    plugin.answerWith({ kind: 'text', text: '<html>' });
    expect((await ask()).text).toBe('<html>');
    plugin.answerWith({ kind: 'never' });
    const stop = new AbortController();
    const waiting = rawCall(plugin.url, {
      method: 'POST',
      headers: HEADERS,
      body: BODY,
      signal: stop.signal,
    });
    setTimeout(() => {
      stop.abort();
    }, 30);
    await expect(waiting).rejects.toThrow();
    plugin.answerWith(undefined);
    expect(JSON.parse((await ask()).text)).toEqual([
      { address: 'docker.io', username: 'kim', password: 'p' },
    ]);
  });

  it('variables come as a list for v2 and as a map for v1', async () => {
    plugin = await startEnvironmentPlugin(TOKEN, [{ name: 'CACHE', data: 'http://cache', mask: false }]);

    const v2 = await ask(signed({ accept: 'application/vnd.drone.env.v2+json' }));
    const v1 = await ask(signed({ accept: 'application/vnd.drone.env.v1+json' }));

    expect(JSON.parse(v2.text)).toEqual([{ name: 'CACHE', data: 'http://cache', mask: false }]);
    expect(JSON.parse(v1.text)).toEqual({ CACHE: 'http://cache' });
  });
});
