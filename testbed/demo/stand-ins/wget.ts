import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { localPort } from './ports.ts';

/** Replaces busybox's wget on the embedded cluster, for what listens in its Pod: `wget FOLDER-OF-PORTS -q -O FILE URL`. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quiet: { type: 'boolean', short: 'q' },
    output: { type: 'string', short: 'O', default: '-' },
  },
});

async function download(folder: string, address: string): Promise<string> {
  const url = new URL(address);
  const port = localPort(folder, process.env['HOSTNAME'] ?? '', Number(url.port) || 80);
  if (port === undefined) throw new Error(`can't connect to ${url.host}: Connection refused`);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`server returned error: HTTP/1.1 ${response.status}`);
  return response.text();
}

try {
  const [folder = '.', address = ''] = positionals;
  const text = await download(folder, address);
  if (values.output === '-') process.stdout.write(text);
  else writeFileSync(values.output, text);
} catch (error) {
  if (values.quiet !== true)
    process.stderr.write(`wget: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
