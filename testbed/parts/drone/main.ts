import { runProcess } from '@hangar/shared/program/process';
import { runProgram } from '@hangar/shared/program/program';
import { PRACTICE_DRONE } from './command.ts';

await runProcess(new URL('../../package.json', import.meta.url), (context, args) =>
  runProgram(PRACTICE_DRONE, args, context),
);
