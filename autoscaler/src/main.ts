import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './command/program.ts';

function version(): string {
  const text = readFileSync(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  const data: unknown = JSON.parse(text);
  return typeof data === 'object' && data !== null && 'version' in data ? String(data.version) : 'unknown';
}

/** A reader that went away (`| head`) is no failure: there is just nobody left to tell. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

process.exitCode = await runProgram(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  version: version(),
  env: process.env,
  interactive: process.stderr.isTTY,
});
