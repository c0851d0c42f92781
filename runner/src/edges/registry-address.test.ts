import type { LookupFunction } from 'node:net';
import { METADATA_ADDRESSES } from '@hangar/shared/contract/metadata-addresses';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RegistryCredentials } from '../compile/settings.ts';
import { httpCall } from './http-call.ts';
import { hostAndPort, isNamed, kindOf } from './registry-address.ts';
import { RegistryAgents } from './registry-agents.ts';
import { createImageLookup, type RegistryOptions } from './registry-http.ts';
import { fakeRegistry } from './testing/fake-registry.ts';
import { ScriptedServer } from './testing/scripted-server.ts';

const API = '10.96.0.1:443';

describe('the kind of an address', () => {
  it.each([
    ['169.254.169.254', 'forbidden'],
    ['169.254.170.2', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['[fd00:ec2::254]', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['168.63.129.16', 'forbidden'],
    ['0.0.0.0', 'forbidden'],
    ['::', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['not an address', 'forbidden'],
    ...METADATA_ADDRESSES.map((cidr) => [cidr.replace(/\/.*/, ''), 'forbidden']),
    // Metadata: mapped, compatible, translated, NAT64 by each prefix and length, 6to4, Teredo.
    ['::ffff:a9fe:a9fe', 'forbidden'],
    ['0:0:0:0:0:ffff:169.254.169.254', 'forbidden'],
    ['::a9fe:a9fe', 'forbidden'],
    ['::169.254.169.254', 'forbidden'],
    ['::ffff:0:a9fe:a9fe', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['64:ff9b:1::a9fe:a9fe', 'forbidden'],
    ['64:ff9b:1:fffe::a9fe:a9fe', 'forbidden'],
    ['64:ff9b:1:a9fe:a9:fe00::', 'forbidden'],
    ['64:ff9b:1:a9:fe:a9fe::', 'forbidden'],
    ['64:ff9b:1:0:a9:fea9:fe00:0', 'forbidden'],
    ['2002:a9fe:a9fe::', 'forbidden'],
    ['2002:a9fe:a9fe:1::1', 'forbidden'],
    ['2001:0:a9fe:a9fe::', 'forbidden'],
    ['fd00:ec2::23', 'forbidden'],
    ['fd00:ec2:1::1', 'forbidden'],
    // The API server.
    ['10.96.0.1', 'forbidden'],
    ['::ffff:10.96.0.1', 'forbidden'],
    ['::ffff:a60:1', 'forbidden'],
    ['::10.96.0.1', 'forbidden'],
    ['::ffff:0:10.96.0.1', 'forbidden'],
    ['64:ff9b::10.96.0.1', 'forbidden'],
    ['2002:a60:1::', 'forbidden'],
    // Near misses: the same forms of other addresses.
    ['64:ff9b:1::10.0.0.1', 'private'],
    ['2002:a00:1::', 'private'],
    ['2002:808:808::1', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['64:ff9b:1:fffe::8.8.8.8', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['::ffff:0:8.8.8.8', 'public'],
    ['::2', 'forbidden'],
    ['::ffff:0.0.0.0', 'forbidden'],
    ['fd00:ec3::23', 'private'],
    ['2001:1::1', 'public'],
    ['2001:db8::a9fe:a9fe', 'public'],
    ['::ffff:10.0.0.1', 'private'],
    ['10.0.0.1', 'private'],
    ['127.0.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['::1', 'private'],
    ['fd12::1', 'private'],
    ['64:ff9b::a00:1', 'private'],
    ['172.32.0.1', 'public'],
    ['169.253.0.1', 'public'],
    ['8.8.8.8', 'public'],
    ['2606:4700::1111', 'public'],
  ])('%s is %s', (address, kind) => {
    expect(kindOf(address, '443', API)).toBe(kind);
  });

  it('of the API server is forbidden at its own port only: a registry may share the machine', () => {
    expect(kindOf('192.168.1.2', '6443', '192.168.1.2:6443')).toBe('forbidden');
    expect(kindOf('192.168.1.2', '5000', '192.168.1.2:6443')).toBe('private');
    expect(kindOf('10.96.0.1', '', API)).toBe('forbidden');
  });

  it.each([
    ['fd00::1', '[fd00::1]:443', 'forbidden'],
    ['[fd00:0::1]', '[fd00::1]:443', 'forbidden'],
    ['fd00::2', '[fd00::1]:443', 'private'],
    ['10.96.0.1', '[::ffff:a60:1]:443', 'forbidden'],
    ['10.96.0.2', '[::ffff:a60:1]:443', 'private'],
    ['10.96.0.1', 'api.corp.test:443', 'private'],
    ['10.96.0.1', '', 'private'],
  ])('%s with the API server at %s is %s', (address, apiServer, kind) => {
    expect(kindOf(address, '443', apiServer)).toBe(kind);
  });
});

describe('the API server', () => {
  it.each([
    ['https://10.96.0.1', '10.96.0.1:443'],
    ['https://10.96.0.1:443', '10.96.0.1:443'],
    ['https://192.168.1.2:6443', '192.168.1.2:6443'],
    ['https://API.corp.test/k8s/clusters/c-1', 'api.corp.test:443'],
    ['https://api.corp.test:443/', 'api.corp.test:443'],
    ['https://[fd00::1]', '[fd00::1]:443'],
    ['https://[FD00:0::1]:6443', '[fd00::1]:6443'],
    ['http://127.0.0.1:8001', '127.0.0.1:8001'],
    ['http://127.0.0.1', '127.0.0.1:80'],
  ])('at %s is %s', (url, want) => {
    expect(hostAndPort(url)).toBe(want);
  });
});

describe('a registry is named', () => {
  it.each([
    ['*', true],
    ['reg.corp.test', true],
    ['reg.corp.test:5000', true],
    ['*.corp.test', true],
    ['reg.corp.test:5001', false],
    ['*.test2', false],
    ['corp.test', false],
    ['none', false],
  ])('by %s: %s', (name, want) => {
    expect(isNamed('reg.corp.test:5000', [name])).toBe(want);
  });
});

/** Answers with these addresses, one list per question; the last one stays. */
const dnsOf = (...answers: (readonly string[])[]): LookupFunction & { readonly asked: () => number } => {
  let asked = 0;
  const resolve: LookupFunction = (_, __, done) => {
    const found = answers[Math.min(asked++, answers.length - 1)] ?? [];
    done(
      null,
      found.map((address) => ({ address, family: 4 })),
    );
  };
  return Object.assign(resolve, { asked: () => asked });
};

describe('a connection to a registry', () => {
  async function callBy(resolve: LookupFunction, url: string, isNamedByOperator: boolean) {
    const agents = new RegistryAgents({ apiServer: API, resolve });
    onTestFinished(() => agents.close());
    const parts = { clock: new FakeClock(), dispatcher: agents.of(new URL(url), isNamedByOperator) };
    const call = { method: 'GET', url, headers: {}, timeoutMs: 10_000 } as const;
    return { outcome: await httpCall(parts, call), agents };
  }

  it('goes to the address that was checked: the name is resolved once', async () => {
    await using server = await ScriptedServer.playing({ status: 200, body: 'found' });
    const dns = dnsOf(['127.0.0.1'], ['169.254.169.254']);
    const { outcome } = await callBy(dns, `http://reg.test:${server.port}/`, true);
    expect([outcome.kind, dns.asked()]).toEqual(['answer', 1]);
  });

  it('skips addresses that are refused, and takes another of the same name', async () => {
    await using server = await ScriptedServer.playing({ status: 200, body: 'found' });
    const { outcome } = await callBy(
      dnsOf(['169.254.169.254', '127.0.0.1']),
      `http://reg.test:${server.port}/`,
      true,
    );
    expect(outcome.kind).toBe('answer');
  });

  it.each([
    ['a private address of a registry that nobody named', '127.0.0.1', false],
    ['a metadata address of a registry that is named', '169.254.169.254', true],
  ])('is refused to %s, after the DNS', async (_, address, isNamedByOperator) => {
    const { outcome } = await callBy(dnsOf([address]), 'http://reg.test:1/', isNamedByOperator);
    expect(outcome).toMatchObject({ kind: 'none', reason: expect.stringContaining('no address') as string });
  });

  it('is refused to the API server by its name, too', () => {
    const agents = new RegistryAgents({ apiServer: 'api.corp.test:443' });
    onTestFinished(() => agents.close());
    expect(() => agents.of(new URL('https://api.corp.test/'), true)).toThrow('no address');
    expect(() => agents.of(new URL('https://api.corp.test:5000/'), true)).not.toThrow();
  });

  it.each(['http://2852039166/', 'http://[::ffff:a9fe:a9fe]/', 'http://0xa9fea9fe/'])(
    'is refused to %s, which is another spelling of a metadata address, also through a proxy',
    (url) => {
      const agents = new RegistryAgents({ proxies: { http: 'http://proxy.test:1', https: '', no: '' } });
      onTestFinished(() => agents.close());
      expect(() => agents.of(new URL(url), true)).toThrow('no address');
    },
  );
});

describe('the image look-up', () => {
  const optionsOf = (changes: Partial<RegistryOptions>): RegistryOptions => ({
    ...{ plainHttp: [], mirrors: {}, table: {}, privateRegistries: ['none'], ...changes },
  });
  const lookUp = async (
    port: number,
    changes: Partial<RegistryOptions>,
    logins: readonly RegistryCredentials[] = [],
  ) => {
    const lookup = createImageLookup(new FakeClock(), optionsOf(changes));
    onTestFinished(() => lookup.close());
    const image = `127.0.0.1:${port}/team/tool:1`;
    return lookup.find({ image, os: 'linux', arch: 'amd64', variant: '' }, logins);
  };
  const loginOf = (port: number, isOperators: boolean): RegistryCredentials => ({
    ...{ address: `127.0.0.1:${port}`, username: 'kim', password: 'p', isOperators },
  });

  it.each([
    ['the setting', (host: string) => ({ privateRegistries: [host] })],
    ['the list of registries without TLS', (host: string) => ({ plainHttp: [host] })],
    ['the map of mirrors', (host: string) => ({ mirrors: { 'docker.io': `http://${host}/any` } })],
  ])('reaches a private registry that %s names', async (_, changes) => {
    await using server = await fakeRegistry({ login: 'none' });
    expect(await lookUp(server.port, changes(`127.0.0.1:${server.port}`))).toMatchObject({ kind: 'found' });
  });

  it('reaches one for which the operator gave credentials, and none for which the author did', async () => {
    await using server = await fakeRegistry({ login: 'basic' });
    const { port } = server;
    expect(await lookUp(port, {}, [loginOf(port, false)])).toMatchObject({ kind: 'unknown' });
    expect(server.seen).toHaveLength(0);
    expect(await lookUp(port, {}, [loginOf(port, true)])).toMatchObject({ kind: 'found' });
  });

  it('gives an author one text for all that happens at an address that nobody named; the log has the reason', async () => {
    await using missing = await ScriptedServer.playing({ status: 404 });
    await using cut = await ScriptedServer.playing('cut');
    const closed = await ScriptedServer.playing('cut');
    const { port } = closed;
    await closed[Symbol.asyncDispose]();
    const warned: unknown[] = [];
    const log = { warn: (about: unknown) => void warned.push(about) };
    const answers = await Promise.all([missing.port, cut.port, port].map((one) => lookUp(one, { log })));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(JSON.stringify(warned)).toContain('HANGAR_PRIVATE_REGISTRIES');
    expect([missing.seen, cut.seen]).toEqual([[], []]);
  });

  const lookUpAt = async ({ port }: ScriptedServer) => {
    const warned: unknown[] = [];
    const log = { warn: (about: unknown) => void warned.push(about) };
    const answer = await lookUp(port, { privateRegistries: [`127.0.0.1:${port}`], log });
    return { answer, warned };
  };
  const refusalOf = (host: string) => ({
    answer: { kind: 'unknown', why: expect.stringContaining('see the log of the runner') as string },
    warned: [{ reason: expect.stringContaining(`${host} has no address`) as string }],
  });

  it('follows a redirect under the same rule', async () => {
    const location = 'https://169.254.169.254/latest/meta-data/';
    await using server = await ScriptedServer.playing({ status: 307, headers: { location } });
    expect(await lookUpAt(server)).toMatchObject(refusalOf('169.254.169.254'));
    expect(server.seen).toHaveLength(1);
  });

  it.each([
    ['a metadata address', '169.254.169.254', ''],
    ['a private address that nobody named, at a registry that is named', '127.0.0.1', ':1'],
  ])('gets no token from %s', async (_, host, port) => {
    const headers = { 'www-authenticate': `Bearer realm="https://${host}${port}/token",service="s"` };
    await using server = await ScriptedServer.playing({ status: 401, headers });
    expect(await lookUpAt(server)).toMatchObject(refusalOf(host));
    expect(server.seen).toHaveLength(1);
  });
});
