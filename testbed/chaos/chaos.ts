import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { violationsOf } from './judge/invariants.ts';
import { countsOf, tableOf, violationLines } from './judge/report.ts';
import type { ChaosOptions } from './options.ts';
import { KINDS } from './plan/kinds.ts';
import { type Plan, planOf } from './plan/plan.ts';
import { SHAPES } from './plan/shapes.ts';
import { openEmbeddedCluster } from './run/embedded-chaos-cluster.ts';
import { openRealCluster } from './run/real-chaos-cluster.ts';
import { runPlan } from './run/run.ts';

const MINUTE_MS = 60_000;
const BUILDS_PER_MINUTE = 40;
const FAULTS_PER_MINUTE = 25;

/** Makes a plan, runs it and prints the result. */
export async function chaos(options: ChaosOptions, context: CommandContext): Promise<ExitCode> {
  const { clock, showProgress, print } = context;
  const plan = planFor(options);
  const { replicas, json, real } = options;
  const openCluster = real === true ? openRealCluster : openEmbeddedCluster;
  const stop = context.stopSignal();
  const run = await runPlan(plan, { clock, replicas, openCluster, showProgress, stop });
  const { history, folder } = run;
  const violations = violationsOf(history, SHAPES);
  const repeated = history.builds.filter(({ stages }) =>
    stages.some(({ lostSteps }) => lostSteps.length > 0),
  );
  const isGood = violations.length === 0;
  await run.close(!isGood);
  showProgress('');
  const names = [...new Set(plan.faults.map(({ kind }) => kind))];
  const ordered = KINDS.map(({ name }) => name).filter((name) => names.includes(name));
  const counts = countsOf(history, violations, ordered);
  if (json === true) {
    const logs = isGood ? undefined : folder;
    print(
      JSON.stringify({ seed: plan.seed, builds: history.builds.length, faults: counts, violations, logs }),
    );
  } else {
    const summary = `seed ${plan.seed}: ${history.builds.length} builds, ${history.faults.length} faults, ${violations.length} violations; ${repeated.length} builds whose start was repeated`;
    const details = violations.flatMap((one) => violationLines(one, history));
    const logs = isGood ? [] : [`logs of the replicas: ${folder}`];
    print([...details, ...tableOf(counts), '', summary, ...logs].join('\n'));
  }
  return isGood ? EXIT.ok : EXIT.failed;
}

function planFor({ minutes, builds, faults, seed, only, real }: ChaosOptions): Plan {
  const wanted = only.length === 0 ? KINDS : KINDS.filter(({ name }) => only.includes(name));
  return planOf({
    seed,
    builds: builds ?? Math.ceil(minutes * BUILDS_PER_MINUTE),
    faults: faults ?? Math.ceil(minutes * FAULTS_PER_MINUTE),
    spanMs: minutes * MINUTE_MS,
    shapes: SHAPES.length,
    kinds: real === true ? wanted.filter(({ isEmbeddedOnly }) => isEmbeddedOnly !== true) : wanted,
  });
}
