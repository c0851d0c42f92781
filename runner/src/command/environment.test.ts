import { describe, expect, it } from 'vitest';
import { hostOf } from './environment.ts';

const tokenOf = (claims: object): string =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

const accountIn = (token: string) => {
  const readFile = (path: string): string => {
    if (path.endsWith('/token')) return token;
    throw new Error(`ENOENT: ${path}`);
  };
  return hostOf({ env: {}, hostname: 'h', version: '1', readFile }).account;
};

describe('the service account of the process', () => {
  it.each([
    [
      'a service account',
      tokenOf({ sub: 'system:serviceaccount:ci:hangar' }),
      { namespace: 'ci', name: 'hangar' },
    ],
    ['a person', tokenOf({ sub: 'ada' }), undefined],
    ['nobody', '', undefined],
    ['an unknown form', 'a.b.c', undefined],
  ])('is read from a token of %s', (_sentence, token, want) => {
    expect(accountIn(token)).toEqual(want);
  });
});
