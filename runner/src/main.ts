import { runProcess } from '@hangar/shared/program/process';
import { runProgram } from '@hangar/shared/program/program';
import { RUNNER } from './command/commands.ts';

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runProgram(RUNNER, args, context),
);
