import { surveyMachine } from '../machine/survey.ts';
import { buildRecords, missingParts } from '../parts/real/build.ts';
import { ownLayout } from '../parts/real/facts.ts';
import { partNamed } from '../parts/real/plan/parts.ts';
import { LEVELS } from './levels.ts';
import { needsOf, planLines, planOf } from './plan.ts';
import { runLevel } from './run-level.ts';
import { type LevelResult, summary } from './summary.ts';

const HELP = `npm test                  every level of tests that this machine can run; with CI=true all are demanded
npm run test:quick        for every few minutes: unit tests, and how pipelines end on the embedded cluster
npm test -- LEVEL...      only these: ${LEVELS.map((level) => level.name).join(', ')}
`;

const print = (lines: readonly string[]): void => void process.stdout.write(`${lines.join('\n')}\n`);

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
  return runLevels(wanted, args.includes('--quick'));
}

async function runLevels(wanted: readonly string[], isQuick: boolean): Promise<number> {
  const chosen = LEVELS.filter((level) =>
    wanted.length > 0 ? wanted.includes(level.name) : !isQuick || level.quick !== 'nothing',
  );
  const layout = ownLayout();
  const names = new Set(chosen.flatMap((level) => level.parts));
  const missing = new Set((await missingParts(layout, [...names].map(partNamed))).map(({ name }) => name));
  const needs = chosen.flatMap((level) => needsOf(level, missing));
  const plan = planOf(chosen, await surveyMachine(needs, layout), missing);
  print(planLines(plan, await buildRecords(layout)));
  if (process.env['CI'] === 'true' && plan.leftOut.length > 0) {
    print(['with CI=true every level is demanded: nothing was run', ...summary([], plan.leftOut).lines]);
    return 1;
  }
  const results: LevelResult[] = [];
  for (const { level } of plan.runs) results.push(await runLevel(level, isQuick));
  const { lines, ok } = summary(results, plan.leftOut);
  print(['', ...lines]);
  return ok ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`npm test: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
