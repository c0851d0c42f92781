import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { Need, Test } from './needs.ts';
import { surveyMachine } from './survey.ts';

const need = (test: Test): Need => ({ name: 'it', test, remedy: 'do it' });

function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-survey-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const look = (tests: readonly Test[], folder: string) =>
  surveyMachine(tests.map(need), { cache: folder, state: join(folder, 'not', 'there') });

it('programs are files that may be executed: not a device, a plain text or a folder in their place', async () => {
  const folder = aFolder();
  writeFileSync(join(folder, 'program'), '', { mode: 0o755 });
  writeFileSync(join(folder, 'text'), '', { mode: 0o644 });
  const anyOf = [
    join(folder, 'program'),
    join(folder, 'text'),
    join(folder, 'none'),
    '/dev/null',
    '/usr/bin',
  ];

  const machine = await look([{ kind: 'file', anyOf }], folder);

  expect([...machine.files]).toEqual([join(folder, 'program')]);
});

it('commands work when they end with 0, and see the nearest folder of the state that is there', async () => {
  const folder = aFolder();
  const command = (script: string): Test => ({ kind: 'command', command: ['sh', '-c', script] });

  const machine = await look(
    [
      command('test "$STATE" = "$PWD/none"'),
      command(`test "$STATE" = ${folder}`),
      command('exit 1'),
      { kind: 'command', command: ['no-such-program'] },
    ],
    folder,
  );

  expect([...machine.commands]).toEqual([`sh -c test "$STATE" = ${folder}`]);
});

it('what is in PATH and how much room a folder has that is not there yet', async () => {
  const folder = aFolder();

  const machine = await look(
    [
      { kind: 'program', program: 'sh' },
      { kind: 'program', program: 'no-such-program' },
      { kind: 'disk', folder: 'state', bytes: 1, sparePercent: 0 },
    ],
    folder,
  );

  expect([...machine.programs]).toEqual(['sh']);
  expect(machine.disks.state).toMatchObject({ folder: join(folder, 'not', 'there') });
  expect(machine.disks.state?.totalBytes).toBeGreaterThan(0);
  expect(machine.disks.cache).toBeUndefined();
  expect(readdirSync(folder)).toEqual([]);
});
