import { describe, expect, it } from 'vitest';
import { parseDockerConfig } from './docker-config.ts';

const read = (auths: object) => parseDockerConfig(JSON.stringify({ auths }));
const auth = (text: string) => Buffer.from(text).toString('base64');

describe('parseDockerConfig', () => {
  it.each<[string, string, string]>([
    ['a URL is reduced to its host', 'https://index.docker.io/v1/', 'index.docker.io'],
    ['a host with port stays', 'localhost:5000', 'localhost:5000'],
    ['a host stays', 'gcr.io', 'gcr.io'],
  ])('%s', (_, address, want) => {
    expect(read({ [address]: { username: 'u', password: 'p' } })).toEqual([
      { address: want, username: 'u', password: 'p' },
    ]);
  });

  it.each<[string, object, string, string]>([
    ['auth wins over the rest', { auth: auth('a:b'), username: 'u', password: 'p' }, 'a', 'b'],
    ['auth is split at the first colon', { auth: auth('a:b:c') }, 'a', 'b:c'],
    ['auth without a colon is a name', { auth: auth('a') }, 'a', ''],
    ['an empty auth is none', { auth: '', username: 'u', password: 'p' }, 'u', 'p'],
  ])('%s', (_, entry, username, password) => {
    expect(read({ 'gcr.io': entry })).toEqual([{ address: 'gcr.io', username, password }]);
  });

  it('leaves out entries that need a credential helper', () => {
    expect(read({ 'gcr.io': {}, 'quay.io': null, x: { identitytoken: 't' } })).toEqual([]);
  });

  it.each(['', 'no json', '[]', '{}', '{"auths":[]}', 'null'])('refuses %j without quoting it', (text) => {
    expect(() => parseDockerConfig(text)).toThrow(/^it (is not valid JSON|has no object "auths")$/);
  });
});
