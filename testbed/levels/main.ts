import { errorText } from '@hangar/shared/error-text';
import { command, runCommand } from '@hangar/shared/program/command';
import { CommandError, UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { flag } from '@hangar/shared/program/options';
import { runProcess } from '@hangar/shared/program/process';
import { surveyMachine } from '../machine/survey.ts';
import { buildRecords, missingParts } from '../parts/real/build.ts';
import { ownLayout } from '../parts/real/facts.ts';
import { partNamed } from '../parts/real/plan/parts.ts';
import { LEVELS } from './levels.ts';
import { levelPlanOf, needsOf, planLines } from './plan.ts';
import { runLevel } from './run-level.ts';
import { runInOrder } from './run-levels.ts';
import { summary } from './summary.ts';

const names = LEVELS.map(({ name }) => name);

const TEST = command({
  name: 'npm test --',
  words: '[LEVEL...]',
  summary: 'runs every level of tests that this machine can run; with CI=true all are required',
  examples: ['npm test', 'npm run test:quick', 'npm test -- unit flows'],
  options: { quick: flag('only the quick tests: unit tests, and the results of pipelines') },
  notes: `Levels: ${names.join(', ')}`,
  exits: { ok: 'all passed', failed: 'a test failed, or a required level cannot run' },
  run: async ({ options, words }, context) => {
    const unknown = words.filter((word) => !names.some((name) => name === word));
    if (unknown.length > 0)
      throw new UsageError(`no such level: ${unknown.join(', ')}; there are: ${names.join(', ')}`);
    try {
      return await runLevels(words, options.quick === true, context);
    } catch (error) {
      throw new CommandError(EXIT.failed, errorText(error));
    }
  },
});

async function runLevels(
  wanted: readonly string[],
  isQuick: boolean,
  context: CommandContext,
): Promise<ExitCode> {
  const print = (lines: readonly string[]): void => context.print(lines.join('\n'));
  const chosen = LEVELS.filter((level) =>
    wanted.length > 0 ? wanted.includes(level.name) : !isQuick || level.quick !== 'nothing',
  );
  const layout = ownLayout();
  const names = new Set(chosen.flatMap((level) => level.parts));
  const missing = new Set((await missingParts(layout, [...names].map(partNamed))).map(({ name }) => name));
  const needs = chosen.flatMap((level) => needsOf(level, missing));
  const plan = levelPlanOf(chosen, await surveyMachine(needs, layout), missing);
  print(planLines(plan, await buildRecords(layout)));
  if (context.env['CI'] === 'true' && plan.leftOut.length > 0) {
    print(['with CI=true every level is required: nothing was run', ...summary([], plan.leftOut).lines]);
    return EXIT.failed;
  }
  const levels = plan.runs.map(({ level }) => level);
  const results = await runInOrder(levels, (level, place) => runLevel(level, isQuick, place));
  const { lines, ok } = summary(results, plan.leftOut);
  print(['', ...lines]);
  return ok ? EXIT.ok : EXIT.failed;
}

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runCommand(TEST, args, context),
);
