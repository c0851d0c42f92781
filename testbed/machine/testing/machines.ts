import { commandText, type Machine } from '../judge.ts';
import type { Need } from '../needs.ts';

/** A machine that has exactly what is needed; its disks were not checked. */
export function machineWith(needs: readonly Need[]): Machine {
  const tests = needs.map(({ test }) => test);
  return {
    platform: 'linux',
    isRoot: true,
    files: new Set(tests.flatMap((test) => (test.kind === 'file' ? test.anyOf : []))),
    programs: new Set(tests.flatMap((test) => (test.kind === 'program' ? [test.program] : []))),
    commands: new Set(tests.flatMap((test) => (test.kind === 'command' ? [commandText(test.command)] : []))),
    goVersion: '1.26.8',
    controllers: new Set(tests.flatMap((test) => (test.kind === 'controllers' ? test.controllers : []))),
    disks: {},
  };
}
