import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { MockAgent } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { RegistrySession } from './registry-session.ts';

const KIM = { address: 'any', username: 'kim', password: 'p' };
const BASIC = `Basic ${Buffer.from('kim:p').toString('base64')}`;

/** One request that is expected, and its answer. */
interface Play {
  readonly url: string;
  readonly authorization?: string;
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object;
}

function begin(origin: string, plays: readonly Play[]) {
  const agent = new MockAgent();
  agent.disableNetConnect();
  onTestFinished(() => agent.close());
  for (const { url, authorization, status, headers = {}, body = {} } of plays) {
    const { origin: host, pathname, search } = new URL(url);
    agent
      .get(host)
      .intercept({
        path: pathname + search,
        headers: (sent) => sent.authorization === authorization,
      })
      .reply(status, body, { headers });
  }
  const signal = new AbortController().signal;
  const parts = { clock: new FakeClock(), origin, credentials: KIM, signal };
  const session = new RegistrySession({ ...parts, dispatcherFor: () => agent });
  return { session, agent };
}

const challenge = (realm: string): Record<string, string> => ({
  'www-authenticate': `Bearer realm="${realm}",service="s",scope="repository:team/tool:pull"`,
});
const QUERY = '?service=s&scope=repository%3Ateam%2Ftool%3Apull';

describe('a session with a registry', () => {
  it.each([
    [
      'Docker Hub',
      'https://registry-1.docker.io',
      'https://auth.docker.io/token',
      'https://production.cloudflare.docker.com/registry-v2/blobs/x?verify=1',
    ],
    [
      'GitLab',
      'https://registry.gitlab.test:5050',
      'https://gitlab.test/jwt/auth',
      'https://storage.gitlab.test/bucket/x',
    ],
  ])(
    'like %s gets its token and its blobs from other hosts, which get no more than they need',
    async (_, origin, realm, store) => {
      const blob = `${origin}/v2/team/tool/blobs/sha256:1`;
      const { session, agent } = begin(origin, [
        { url: blob, status: 401, headers: challenge(realm) },
        { url: realm + QUERY, authorization: BASIC, status: 200, body: { token: 't0k' } },
        { url: blob, authorization: 'Bearer t0k', status: 307, headers: { location: store } },
        { url: store, status: 200, body: { config: {} } },
      ]);
      expect(await session.json('/v2/team/tool/blobs/sha256:1', '*/*')).toEqual({ config: {} });
      agent.assertNoPendingInterceptors();
    },
  );

  it.each([
    ['https to http', 'https://reg.test', 'http://reg.test/token'],
    ['http to another host without TLS', 'http://reg.test', 'http://auth.test/token'],
  ])('does not send credentials from %s', async (_, origin, realm) => {
    const { session } = begin(origin, [{ url: `${origin}/v2/`, status: 401, headers: challenge(realm) }]);
    await expect(session.ask('GET', '/v2/', '*/*')).rejects.toThrow('without TLS');
  });

  it('follows no redirect to another host without TLS', async () => {
    const headers = { location: 'http://other.test/blob' };
    const { session } = begin('http://reg.test', [{ url: 'http://reg.test/v2/', status: 302, headers }]);
    await expect(session.ask('GET', '/v2/', '*/*')).rejects.toThrow('without TLS');
  });
});
