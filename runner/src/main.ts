import { runProcess } from '@hangar/shared/program/process';
import { runProgram } from '@hangar/shared/program/program';
import { RUNNER } from './command/commands.ts';
import { withLocalVariables } from './command/environment.ts';

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runProgram(RUNNER, args, { ...context, env: withLocalVariables(context) }),
);
