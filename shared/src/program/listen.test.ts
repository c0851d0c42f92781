import { describe, expect, it } from 'vitest';
import { silentLogger } from '../logger.ts';
import { type ListenAddress, listen } from './listen.ts';

async function listening(at: ListenAddress, refused: Readonly<Record<string, string>>) {
  const [tried, said]: [string[], string[]] = [[], []];
  const app = {
    listen: ({ host, port }: ListenAddress): Promise<string> => {
      tried.push(host);
      const code = refused[host];
      return code === undefined
        ? Promise.resolve(`http://${host}:${port}`)
        : Promise.reject(Object.assign(new Error(code), { code }));
    },
  };
  const log = { ...silentLogger, error: (_fields: object, text: string) => void said.push(text) };
  return { address: await listen(app, at, { log, setting: 'X_LISTEN' }), tried, said };
}

describe('listening', () => {
  it.each([
    ['at the host that is named', '127.0.0.1', {}, ['http://127.0.0.1:1', '127.0.0.1']],
    ['everywhere without one', '', {}, ['http://:::1', '::']],
    [
      'everywhere on a machine without IPv6',
      '',
      { '::': 'EAFNOSUPPORT' },
      ['http://0.0.0.0:1', '::', '0.0.0.0'],
    ],
  ])('is %s', async (_, host, refused, want) => {
    const { address, tried, said } = await listening({ host, port: 1 }, refused);
    expect([address, ...tried]).toEqual(want);
    expect(said).toEqual([]);
  });

  it.each([
    ['a named host that is not there', 'fe80::1', { 'fe80::1': 'EADDRNOTAVAIL' }, ['fe80::1']],
    ['a port that is taken', '', { '::': 'EADDRINUSE' }, ['::']],
  ])('names the setting that chose %s', async (_, host, refused, tried) => {
    const said = ['cannot listen: is X_LISTEN taken?'];
    expect(await listening({ host, port: 1 }, refused)).toEqual({ address: undefined, tried, said });
  });
});
