import { createHash, createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ObjectStore, startObjectStore } from './object-store.ts';

const USER = { accessKey: 'AKIDEXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const TIME = '20260114T093006Z';
const SCOPE = '20260114/eu-west-1/s3/aws4_request';

let store: ObjectStore;
beforeEach(async () => {
  store = await startObjectStore(USER);
});
afterEach(() => store.close());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Uploads a text under a signature of another text, by another secret or for another path, where these are given. */
async function upload(
  path: string,
  text: string,
  { signedText = text, signedPath = path, secretKey = USER.secretKey } = {},
) {
  const host = `127.0.0.1:${store.port}`;
  const payload = sha256(signedText);
  const canonical = `PUT\n${signedPath}\n\nhost:${host}\nx-amz-content-sha256:${payload}\nx-amz-date:${TIME}\n\nhost;x-amz-content-sha256;x-amz-date\n${payload}`;
  const key = ['20260114', 'eu-west-1', 's3', 'aws4_request'].reduce<string | Buffer>(
    (above, part) => createHmac('sha256', above).update(part).digest(),
    `AWS4${secretKey}`,
  );
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${TIME}\n${SCOPE}\n${sha256(canonical)}`)
    .digest('hex');
  const headers = {
    'x-amz-content-sha256': payload,
    'x-amz-date': TIME,
    authorization: `AWS4-HMAC-SHA256 Credential=${USER.accessKey}/${SCOPE},SignedHeaders=host;x-amz-content-sha256;x-amz-date,Signature=${signature}`,
  };
  return (await fetch(`http://${host}${path}`, { method: 'PUT', headers, body: text })).status;
}

it('keeps what is signed by its user', async () => {
  expect(await upload('/bucket/a/b.txt', 'hello')).toBe(200);
  expect([...store.objects]).toEqual([['bucket/a/b.txt', { text: 'hello', acl: '' }]]);
});

it.each([
  ['another secret', { secretKey: 'other' }],
  ['another text', { signedText: 'hello!' }],
  ['another path', { signedPath: '/bucket/b' }],
])('refuses a signature with %s', async (_what, other) => {
  expect(await upload('/bucket/a', 'hello', other)).toBe(403);
  expect(store.objects.size).toBe(0);
});
