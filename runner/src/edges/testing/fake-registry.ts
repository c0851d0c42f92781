import { createHash } from 'node:crypto';
import { type Play, ScriptedServer, type Seen } from './scripted-server.ts';

/** What a test's registry holds and asks for. */
export interface FakeRegistryOptions {
  /** `none`, or how clients must log in as kim with password p. */
  readonly login: 'none' | 'basic' | 'bearer';
  /** Whether blobs are redirected to another path. */
  readonly redirects?: boolean;
  /** Whether HEAD tells the digest. */
  readonly tellsDigest?: boolean;
  /** A registry that lies: what it returns in place of a document, under the digest of that document. */
  readonly lie?: (document: string) => string;
  /** Program of the images, before its architecture. */
  readonly program?: string;
}

const BASIC = `Basic ${Buffer.from('kim:p').toString('base64')}`;

/** A registry with one image `team/tool:1` for amd64 and arm64, on loopback. */
export async function fakeRegistry(options: FakeRegistryOptions): Promise<ScriptedServer> {
  const documents = imageDocuments(options.program ?? '/bin/');
  const server: ScriptedServer = await ScriptedServer.answering((seen) =>
    answer(seen, server, options, documents),
  );
  return server;
}

function imageDocuments(program: string): ReadonlyMap<string, string> {
  const documents = new Map<string, string>();
  const store = (value: unknown): string => {
    const text = JSON.stringify(value);
    const digest = `sha256:${createHash('sha256').update(text).digest('hex')}`;
    documents.set(digest, text);
    return digest;
  };
  const manifests = ['amd64', 'arm64'].map((architecture) => {
    const config = store({
      architecture,
      config: { Entrypoint: [program + architecture], Cmd: ['run'], StopSignal: 'SIGINT' },
    });
    return {
      digest: store({ schemaVersion: 2, config: { digest: config } }),
      platform: { os: 'linux', architecture },
    };
  });
  const index = store({ schemaVersion: 2, manifests });
  documents.set('1', documents.get(index) ?? '');
  return documents;
}

function answer(
  seen: Seen,
  server: ScriptedServer,
  options: FakeRegistryOptions,
  documents: ReadonlyMap<string, string>,
): Play {
  if (seen.url.startsWith('/token')) {
    return seen.headers.authorization === BASIC ? { status: 200, body: '{"token":"t0k"}' } : { status: 401 };
  }
  if (seen.url.startsWith('/elsewhere/'))
    return found(documents, seen.url.slice('/elsewhere/'.length), options);
  const wanted = { none: undefined, basic: BASIC, bearer: 'Bearer t0k' }[options.login];
  if (wanted !== undefined && seen.headers.authorization !== wanted) return challenge(server, options);
  const [, kind, reference = ''] = /^\/v2\/team\/tool\/(manifests|blobs)\/(.+)$/.exec(seen.url) ?? [];
  if (kind === 'blobs' && options.redirects)
    return { status: 307, headers: { location: `/elsewhere/${reference}` } };
  return found(documents, reference, options);
}

function challenge(server: ScriptedServer, { login }: FakeRegistryOptions): Play {
  const bearer = `Bearer realm="${server.url}/token",service="fake",scope="repository:team/tool:pull"`;
  return { status: 401, headers: { 'www-authenticate': login === 'basic' ? 'Basic realm="fake"' : bearer } };
}

function found(
  documents: ReadonlyMap<string, string>,
  reference: string,
  { tellsDigest = true, lie = (document) => document }: FakeRegistryOptions,
): Play {
  const body = documents.get(reference);
  if (body === undefined) return { status: 404, body: '{"errors":[{"code":"MANIFEST_UNKNOWN"}]}' };
  const digest = `sha256:${createHash('sha256').update(body).digest('hex')}`;
  return { status: 200, body: lie(body), headers: tellsDigest ? { 'docker-content-digest': digest } : {} };
}
