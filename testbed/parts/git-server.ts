import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Repositories over HTTP for one user, by the real `git http-backend`. */
export interface GitServer {
  /** On loopback. */
  readonly port: number;
  close(): Promise<void>;
}

/** The head of a CGI program's output as status and headers, and the rest; undefined until the head is complete. */
function splitHead(
  output: Buffer,
): { status: number; headers: [string, string][]; body: Buffer } | undefined {
  const end = output.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const lines = String(output.subarray(0, end)).split('\r\n');
  const all = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const status = Number.parseInt(all.find(([name]) => name === 'Status')?.[1] ?? '200', 10);
  return { status, headers: all.filter(([name]) => name !== 'Status'), body: output.subarray(end + 4) };
}

async function answer(folder: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(request.url ?? '/', 'http://git');
  const child = spawn('git', ['http-backend'], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {
      PATH: process.env['PATH'],
      GIT_PROJECT_ROOT: folder,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: pathname,
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: String(request.headers['content-encoding'] ?? ''),
      GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    },
  });
  request.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => void chunks.push(chunk));
  await once(child, 'close');
  const found = splitHead(Buffer.concat(chunks));
  if (found === undefined) return void response.writeHead(500).end();
  response.writeHead(found.status, found.headers.flat()).end(found.body);
}

/** Serves the repositories below a folder. Without the user's name and password the answer is 401. */
export async function startGitServer(
  folder: string,
  user: { readonly name: string; readonly password: string },
): Promise<GitServer> {
  const expected = `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization === expected) return void answer(folder, request, response);
    request.resume();
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
