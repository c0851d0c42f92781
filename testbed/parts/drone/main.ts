import { readFile } from 'node:fs/promises';
import { runCommand } from './command.ts';

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort();
  });

process.exitCode = await runCommand(process.argv.slice(2), {
  print: (text) => process.stdout.write(text),
  printError: (text) => process.stderr.write(text),
  readFile: (path) => readFile(path, 'utf8'),
  stop: stop.signal,
  defaultSecret: process.env['DRONE_RPC_SECRET'] ?? 'practice',
});
