import { runProcess } from '@hangar/shared/program/process';
import { runProgram } from '@hangar/shared/program/program';
import { RUNNER } from './command/commands.ts';

/** A TLS connection keeps a few bytes of the pool for as long as it is open: with the default of 64 KiB, a thousand logs hold 64 MiB. */
Buffer.poolSize = 512;

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runProgram(RUNNER, args, context),
);
