import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Who may write to an object store. */
export interface StoreUser {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** One object as it was uploaded. */
export interface StoredObject {
  readonly text: string;
  /** Of the header `x-amz-acl`. */
  readonly acl: string;
}

/** A small server with the part of S3 that uploads use: a signed PUT of an object, with the bucket in the path. */
export interface ObjectStore {
  /** On loopback. */
  readonly port: number;
  /** By bucket and key, as `bucket/key`. */
  readonly objects: ReadonlyMap<string, StoredObject>;
  close(): Promise<void>;
}

const AUTHORIZATION =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/((\d{8})\/([^/]+)\/s3\/aws4_request), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/;

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const headerOf = ({ headers }: IncomingMessage, name: string): string => String(headers[name] ?? '');

/** What a request says about its signature; undefined if it has none. */
function claimOf(request: IncomingMessage) {
  const found = AUTHORIZATION.exec(headerOf(request, 'authorization'));
  if (found === null) return undefined;
  const [, user = '', scope = '', day = '', region = '', signed = '', signature = ''] = found;
  return { user, scope, day, region, signed, signature };
}

/** The text that is signed. */
function signedText(request: IncomingMessage, scope: string, signed: string): string {
  const headers = signed.split(';').map((name) => `${name}:${headerOf(request, name).trim()}\n`);
  const payload = headerOf(request, 'x-amz-content-sha256');
  const { method = '', url = '' } = request;
  const canonical = [method, url, '', headers.join(''), signed, payload].join('\n');
  return ['AWS4-HMAC-SHA256', headerOf(request, 'x-amz-date'), scope, sha256(canonical)].join('\n');
}

/** Whether a request has a valid signature, version 4, of this user for this body. */
function isSigned(request: IncomingMessage, body: Buffer, { accessKey, secretKey }: StoreUser): boolean {
  const claim = claimOf(request);
  if (claim?.user !== accessKey || headerOf(request, 'x-amz-content-sha256') !== sha256(body)) return false;
  const { scope, day, region, signed, signature } = claim;
  const parts = [day, region, 's3', 'aws4_request'];
  const key = parts.reduce<string | Buffer>((above, part) => hmac(above, part), `AWS4${secretKey}`);
  return hmac(key, signedText(request, scope, signed)).toString('hex') === signature;
}

/** Starts an empty one. An upload without a valid signature gets 403. */
export async function startObjectStore(user: StoreUser): Promise<ObjectStore> {
  const objects = new Map<string, StoredObject>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const isAllowed = request.method === 'PUT' && isSigned(request, body, user);
      if (isAllowed)
        objects.set((request.url ?? '').slice(1), {
          text: String(body),
          acl: headerOf(request, 'x-amz-acl'),
        });
      response.writeHead(isAllowed ? 200 : 403).end();
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    objects,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
