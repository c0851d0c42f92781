import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { constants, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Level } from './levels.ts';
import { levelResultOf, type VitestReport } from './report.ts';
import type { Place } from './run-levels.ts';
import type { LevelResult } from './summary.ts';

const root = join(import.meta.dirname, '../..');

const failedBy = (level: Level, failure: string): LevelResult => ({
  name: level.name,
  passed: 0,
  failed: 1,
  retried: [],
  failures: [failure],
});

/** A program that a level runs. */
interface Program {
  readonly name: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Builds what a level needs and runs it; for a quick run only some of its files. Alone, it inherits our output streams. */
export async function runLevel(level: Level, isQuick: boolean, place: Place): Promise<LevelResult> {
  const later = place === 'beside' ? ' (beside the next ones; its output follows)' : '';
  process.stdout.write(`\n== ${level.name}: ${level.what}${later}\n`);
  if (level.parts.length > 0) {
    const args = ['run', '--silent', 'testbed', '--', 'build', ...level.parts];
    if ((await run({ name: 'npm', args, folder: root }, place)) !== 0)
      return failedBy(level, `npm ${args.join(' ')}`);
  }
  if (level.command[0] !== 'vitest') return runGo(level, place);
  return runVitest(level, isQuick && typeof level.quick !== 'string' ? level.quick : [], place);
}

async function runGo(level: Level, place: Place): Promise<LevelResult> {
  const [name = 'go', ...args] = level.command;
  const code = await run({ name, args, folder: join(root, 'runner/gate') }, place);
  if (code !== 0) return failedBy(level, `${level.command.join(' ')} in runner/gate`);
  return { name: level.name, passed: 1, failed: 0, retried: [], failures: [] };
}

async function runVitest(level: Level, files: readonly string[], place: Place): Promise<LevelResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-levels-'));
  const file = join(folder, 'report.json');
  const projects = level.command.slice(1).flatMap((name) => ['--project', name]);
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...projects, ...files];
  const env = { HANGAR_LEVEL_REPORT: file };
  const exitCode = await run({ name: process.execPath, args, folder: root, env }, place);
  try {
    const report = JSON.parse(readFileSync(file, 'utf8')) as VitestReport;
    const retried = readFileSync(`${file}.retries`, 'utf8').split('\n').filter(Boolean);
    return levelResultOf({ level: level.name, exitCode, report, retried }, root);
  } catch (error) {
    return failedBy(level, `${level.name}: no report (${String(error)})`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the exit code */
async function run(program: Program, place: Place): Promise<number> {
  if (place === 'alone') return ended(program, 'inherit');
  const folder = mkdtempSync(join(tmpdir(), 'hangar-levels-'));
  const file = join(folder, 'output');
  const output = openSync(file, 'w');
  try {
    return await ended(program, output);
  } finally {
    closeSync(output);
    process.stdout.write(readFileSync(file));
    rmSync(folder, { recursive: true });
  }
}

function ended({ name, args, folder, env }: Program, output: 'inherit' | number): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(name, args, {
      cwd: folder,
      stdio: ['inherit', output, output],
      env: { ...process.env, ...env },
    });
    child.on('error', (error) => {
      process.stderr.write(`${name} could not be started: ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
    // Its own processes inherit the priority.
    if (output !== 'inherit' && child.pid !== undefined)
      setPriority(child.pid, constants.priority.PRIORITY_LOW);
  });
}
