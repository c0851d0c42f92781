import { describe, expect, it } from 'vitest';
import { parseChallenge } from './registry-challenge.ts';

describe('parseChallenge', () => {
  const bearer = {
    kind: 'bearer',
    realm: 'https://auth.x/token',
    service: 'reg',
    scope: 'repository:a/b:pull,push',
  };
  it.each<[string, string | undefined, unknown]>([
    [
      'quoted members, commas inside',
      'Bearer realm="https://auth.x/token",service="reg",scope="repository:a/b:pull,push"',
      bearer,
    ],
    [
      'bare members and another case',
      'BEARER Realm=https://auth.x/token, service=reg',
      { ...bearer, scope: '' },
    ],
    ['basic', 'Basic realm="x"', { kind: 'basic' }],
    ['a realm that is no address', 'Bearer realm="auth"', undefined],
    ['a realm of another scheme', 'Bearer realm="file:///etc/passwd"', undefined],
    ['another scheme', 'Negotiate', undefined],
    ['empty', '', undefined],
    ['absent', undefined, undefined],
  ])('%s', (_, header, want) => {
    expect(parseChallenge(header)).toEqual(want);
  });
});
