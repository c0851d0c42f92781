import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { addressesIn, candidatesOf, type DnsParts, nameServers, registryDns } from './registry-dns.ts';

const CLUSTER = 'nameserver 10.96.0.10\nsearch ci.svc.cluster.local svc.cluster.local\noptions ndots:5\n';
const HOSTS = '127.0.0.1 localhost\n::1 localhost ip6-localhost\n10.0.0.7\tReg.Corp.test reg # ours\n';

const fail = (code: string): Error => Object.assign(new Error(code), { code });

/** Looks a name up; names that the DNS knows, by family, and the names that it was asked for. */
async function lookUp(name: string, known: Readonly<Record<string, readonly string[] | Error>>) {
  const asked: string[] = [];
  const parts: DnsParts = {
    read: (path) => Promise.resolve(path === '/etc/hosts' ? HOSTS : CLUSTER),
    query: (full, family) => {
      asked.push(`${family} ${full}`);
      const answer = known[`${family} ${full}`] ?? fail('ENOTFOUND');
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
  const outcome = await new Promise<unknown>((resolve) => {
    registryDns(parts)(name, { all: true }, (error, found) => resolve(error ?? found));
  });
  return { outcome, asked };
}

describe('a name of a registry', () => {
  it('is searched as the system does, and has addresses of both families', async () => {
    const { outcome, asked } = await lookUp('registry', {
      '4 registry.svc.cluster.local.': ['10.1.1.1'],
      '6 registry.svc.cluster.local.': ['fd00::1'],
    });
    expect(outcome).toEqual([
      { address: '10.1.1.1', family: 4 },
      { address: 'fd00::1', family: 6 },
    ]);
    expect(asked).toHaveLength(4);
  });

  it('of /etc/hosts is asked of nobody', async () => {
    const { outcome, asked } = await lookUp('reg.corp.test', {});
    expect([outcome, asked]).toEqual([[{ address: '10.0.0.7', family: 4 }], []]);
  });

  it('that one family does not answer is found by the other', async () => {
    const known = {
      '4 a.test.ci.svc.cluster.local.': ['10.1.1.2'],
      '6 a.test.ci.svc.cluster.local.': fail('ETIMEOUT'),
    };
    expect((await lookUp('a.test', known)).outcome).toEqual([{ address: '10.1.1.2', family: 4 }]);
  });

  it.each([
    ['ETIMEOUT', fail('ETIMEOUT'), 2],
    ['ENOTFOUND', fail('ENODATA'), 6],
  ])('ends with %s, and is searched further only if there is no such name', async (code, answer, count) => {
    const { outcome, asked } = await lookUp('a.test', { '4 a.test.ci.svc.cluster.local.': answer });
    expect(outcome).toMatchObject({ code });
    expect(asked).toHaveLength(count);
  });
});

it('a name server that never answers occupies no thread of the process, and is given up', async () => {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const servers = [`127.0.0.1:${server.address().port}`];
  const query = nameServers({ tryMs: 50, tries: 1, servers });
  const read = (): Promise<string> => Promise.resolve('');
  const asked = once(server, 'message');
  const ended = new Promise<unknown>((resolve) => {
    registryDns({ read, query })('r1.stall.test', { all: true }, (error) => resolve(error));
  });
  await asked;

  expect(process.getActiveResourcesInfo()).not.toContain('GetAddrInfoReqWrap');
  expect(await ended).toMatchObject({ code: 'ETIMEOUT' });
});

describe('the files of the system', () => {
  it.each([
    ['ghcr.io', CLUSTER, ['ghcr.io.ci.svc.cluster.local.', 'ghcr.io.svc.cluster.local.', 'ghcr.io.']],
    ['ghcr.io.', CLUSTER, ['ghcr.io.']],
    [
      'a.b.c.d.e.f',
      CLUSTER,
      ['a.b.c.d.e.f.', 'a.b.c.d.e.f.ci.svc.cluster.local.', 'a.b.c.d.e.f.svc.cluster.local.'],
    ],
    ['ghcr.io', 'search corp.test # ours', ['ghcr.io.', 'ghcr.io.corp.test.']],
    ['reg', 'domain corp.test.\nsearch .', ['reg.', 'reg.']],
    ['reg', '', ['reg.']],
    ['ghcr.io', 'options ndots:x', ['ghcr.io.']],
  ])('%s by %j stands for %j', (name, text, want) => {
    expect(candidatesOf(name, text)).toEqual(want);
  });

  it.each([
    ['localhost', ['127.0.0.1', '::1']],
    ['REG', ['10.0.0.7']],
    ['reg.corp.test.', ['10.0.0.7']],
    ['ours', []],
    ['10.0.0.7', []],
  ])('hosts have for %s: %j', (name, want) => {
    expect(addressesIn(HOSTS, name)).toEqual(want);
  });
});
