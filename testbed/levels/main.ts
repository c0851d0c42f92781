import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { findChromium } from './chromium.ts';
import { afterSecondTry, LEVELS, type Level, type LevelResult, type Machine, summary } from './levels.ts';

const HELP = `npm test                  every level of tests that this machine can run; with CI=true all are demanded
npm run test:quick        for every few minutes: the rooms, and how pipelines end on the embedded cluster
npm test -- LEVEL...      only these: ${LEVELS.map((level) => level.name).join(', ')}
`;

const root = join(import.meta.dirname, '../..');
const machine: Machine = {
  linux: process.platform === 'linux',
  root: process.getuid?.() === 0,
  go: spawnSync('go', ['version']).status === 0,
  chromium: findChromium() !== undefined,
  prometheus: ['prometheus', 'promtool'].every((program) => spawnSync(program, ['--version']).status === 0),
};

interface Report {
  readonly numTotalTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
    }[];
  }[];
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help')) {
    process.stdout.write(HELP);
    return 0;
  }
  const wanted = args.filter((arg) => !arg.startsWith('--'));
  const unknown = wanted.filter((name) => !LEVELS.some((level) => level.name === name));
  if (unknown.length > 0) {
    process.stderr.write(`no such level: ${unknown.join(', ')}\n${HELP}`);
    return 2;
  }
  const quick = args.includes('--quick');
  const chosen = LEVELS.filter((level) =>
    wanted.length > 0 ? wanted.includes(level.name) : !quick || level.quick !== 'nothing',
  );
  const missing = chosen.map((level) => ({ level, why: level.missing(machine) }));
  const able = missing.filter((one) => one.why === undefined).map((one) => one.level);
  const leftOut = missing.flatMap(({ level, why }) =>
    why === undefined ? [] : [`${level.name} (${level.what}): ${why}`],
  );
  const results: LevelResult[] = [];
  for (const level of able) results.push(await runLevel(level, quick));
  const { lines, ok } = summary(results, leftOut);
  const demanded = process.env['CI'] === 'true' && leftOut.length > 0;
  if (demanded) process.stdout.write('with CI=true every level is demanded\n');
  process.stdout.write(`${lines.join('\n')}\n`);
  return ok && !demanded ? 0 : 1;
}

async function runLevel(level: Level, quick: boolean): Promise<LevelResult> {
  process.stdout.write(`\n== ${level.name}: ${level.what}\n`);
  if (level.prepare && (await run('npm', ['run', '--silent', ...level.prepare], root)) !== 0)
    return {
      name: level.name,
      passed: 0,
      failed: 1,
      retried: [],
      failures: [`npm run ${level.prepare.join(' ')}`],
      failedFiles: [],
    };
  return level.command[0] === 'vitest' ? runVitest(level, quick) : runGo(level);
}

async function runGo(level: Level): Promise<LevelResult> {
  const [program = 'go', ...args] = level.command;
  const code = await run(program, args, join(root, 'runner/gate'));
  const failed = code === 0 ? 0 : 1;
  return {
    name: level.name,
    passed: 1 - failed,
    failed,
    retried: [],
    failures: failed ? ['go test ./... in runner/gate'] : [],
    failedFiles: [],
  };
}

async function runVitest(level: Level, quick: boolean): Promise<LevelResult> {
  const files = quick && typeof level.quick !== 'string' ? level.quick : [];
  const first = await tryVitest(level, files);
  if (first.failedFiles.length === 0) return first;
  process.stdout.write(`\n== ${level.name}, a second try: ${first.failedFiles.join(', ')}\n`);
  return afterSecondTry(first, await tryVitest(level, first.failedFiles));
}

async function tryVitest(level: Level, files: readonly string[]): Promise<LevelResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hangar-levels-'));
  const file = join(folder, 'report.json');
  const projects = level.command.slice(1).flatMap((name) => ['--project', name]);
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...projects, ...files];
  const code = await run(process.execPath, vitest, root, { HANGAR_LEVEL_REPORT: file });
  try {
    const result = resultOf(level.name, code, JSON.parse(readFileSync(file, 'utf8')) as Report);
    return { ...result, retried: readFileSync(`${file}.retries`, 'utf8').split('\n').filter(Boolean) };
  } catch (error) {
    return {
      name: level.name,
      passed: 0,
      failed: 1,
      retried: [],
      failures: [`${level.name}: no report (${String(error)})`],
      failedFiles: [],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A file that could not even be loaded, an error outside of tests, and a skipped test are failures too. */
function resultOf(name: string, code: number, report: Report): LevelResult {
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name.replace(`${root}/`, '') })),
  );
  const bad = tests
    .filter((test) => test.status !== 'passed')
    .map((test) => `${test.file}: ${test.fullName} (${test.status})`);
  const broken = report.testResults
    .filter(
      (file) => file.status === 'failed' && file.assertionResults.every((test) => test.status === 'passed'),
    )
    .map((file) => `${file.name}: ${(file.message ?? 'could not be run').split('\n')[0]}`);
  const failures = [...bad, ...broken];
  if (code !== 0 && failures.length === 0)
    failures.push(`${name}: vitest ended with code ${code} though its tests passed`);
  const failedFiles = report.testResults
    .filter((file) => file.status === 'failed')
    .map((file) => relative(root, file.name));
  const passed = tests.length - bad.length;
  return { name, passed, failed: failures.length, retried: [], failures, failedFiles };
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

process.exitCode = await main(process.argv.slice(2));
