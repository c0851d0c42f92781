import { createReadStream } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, normalize } from 'node:path';
import { parseArgs } from 'node:util';
import { noteLocalPort } from './ports.ts';

/** Replaces busybox's httpd on the embedded cluster: `httpd FOLDER-OF-PORTS -f -p PORT -h ROOT`. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    foreground: { type: 'boolean', short: 'f' },
    port: { type: 'string', short: 'p', default: '80' },
    home: { type: 'string', short: 'h', default: '.' },
  },
});
const [folder = '.'] = positionals;

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  // The leading slash keeps ".." from leading out of the folder.
  const file = createReadStream(join(values.home, normalize(`/${decodeURIComponent(pathname)}`)));
  file.on('error', () => response.writeHead(404).end('not found\n'));
  file.pipe(response);
});

server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  noteLocalPort(folder, process.env['HOSTNAME'] ?? '', { asked: Number(values.port), local: port });
});
