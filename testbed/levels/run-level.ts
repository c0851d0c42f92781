import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Level } from './levels.ts';
import { levelResultOf, type VitestReport } from './report.ts';
import type { LevelResult } from './summary.ts';

const root = join(import.meta.dirname, '../..');

const failedBy = (level: Level, failure: string): LevelResult => ({
  name: level.name,
  passed: 0,
  failed: 1,
  retried: [],
  failures: [failure],
});

/** Builds what a level needs and runs it; for a quick run only some of its files. It inherits our output streams. */
export async function runLevel(level: Level, isQuick: boolean): Promise<LevelResult> {
  process.stdout.write(`\n== ${level.name}: ${level.what}\n`);
  if (level.parts.length > 0) {
    const build = ['run', '--silent', 'testbed', '--', 'build', ...level.parts];
    if ((await run('npm', build, root)) !== 0) return failedBy(level, `npm ${build.join(' ')}`);
  }
  if (level.command[0] !== 'vitest') return runGo(level);
  return runVitest(level, isQuick && typeof level.quick !== 'string' ? level.quick : []);
}

async function runGo(level: Level): Promise<LevelResult> {
  const [program = 'go', ...args] = level.command;
  const code = await run(program, args, join(root, 'runner/gate'));
  if (code !== 0) return failedBy(level, `${level.command.join(' ')} in runner/gate`);
  return { name: level.name, passed: 1, failed: 0, retried: [], failures: [] };
}

async function runVitest(level: Level, files: readonly string[]): Promise<LevelResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-levels-'));
  const file = join(folder, 'report.json');
  const projects = level.command.slice(1).flatMap((name) => ['--project', name]);
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...projects, ...files];
  const exitCode = await run(process.execPath, vitest, root, { HANGAR_LEVEL_REPORT: file });
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

function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('error', (error) => {
      process.stderr.write(`${program} could not be started: ${error.message}\n`);
      resolve(127);
    });
    child.on('close', (code, signal) => resolve(code ?? (signal ? 1 : 0)));
  });
}
