import type { Bench, BenchOptions, BenchOutcome, BenchTerminal } from '../command.ts';
import { runParts } from '../command.ts';
import { type Circumstances, circumstancesText, failureLines } from '../report.ts';
import { rowsMarkdown, rowsText } from '../table.ts';
import { BOUND_SEEDS, playBounds } from './bound/bound.ts';
import { boundMarkdown, boundText } from './bound/bound-report.ts';
import {
  comparisonMarkdown,
  comparisonText,
  type PolicyRuns,
  playScenario,
  SCENARIOS,
} from './comparison.ts';
import { COST_SEEDS, playCosts } from './cost/cost.ts';
import { costMarkdown, costText } from './cost/cost-report.ts';
import { paretoSvg } from './cost/pareto-plot.ts';
import { verdictsOf } from './cost/verdicts.ts';
import { SPEED_PARTS } from './speed.ts';

/** Nothing was tuned on these. */
const POLICY_SEEDS = [7001, 7002, 7003] as const;
const PLOT_FILE = 'capacity-cost.svg';

/** What a part was asked: `--quick` is one seed and few repetitions. */
interface PartRequest {
  readonly quick: boolean;
  readonly seeds: readonly number[];
}

/** A part of the bench; `npm run bench -- capacity --only NAME --write-docs` writes its block of the page. */
interface CapacityPart {
  readonly name: string;
  /** None where nothing is drawn by chance. */
  readonly seeds: readonly number[];
  run(request: PartRequest, terminal: BenchTerminal): Promise<Omit<BenchOutcome, 'markdown'> & Written>;
}

interface Written {
  readonly markdown: string;
}

const PARTS: readonly CapacityPart[] = [
  {
    name: 'policies',
    seeds: POLICY_SEEDS,
    run: async ({ seeds }, { complain: say, stop }) => {
      const policies: PolicyRuns[] = [];
      for (const scenario of SCENARIOS)
        policies.push(...(await playScenario(scenario, seeds, { say, stop })));
      const [text, markdown] = [comparisonText(policies), comparisonMarkdown(policies)];
      return { data: { policies }, text, markdown, ok: true };
    },
  },
  {
    name: 'cost',
    seeds: COST_SEEDS,
    run: async ({ quick, seeds }, { complain: say, stop }) => {
      const costs = await playCosts({ quick, seeds }, { say, stop });
      const verdicts = verdictsOf(costs);
      return {
        data: { costs, verdicts },
        text: costText(costs, verdicts),
        markdown: costMarkdown(costs, verdicts),
        files: { [PLOT_FILE]: paretoSvg(costs) },
        ok: true,
      };
    },
  },
  {
    name: 'bound',
    seeds: BOUND_SEEDS,
    run: async ({ seeds }, { complain: say, stop }) => {
      const bounds = await playBounds(seeds, { say, stop });
      return { data: { bounds }, text: boundText(bounds), markdown: boundMarkdown(bounds), ok: true };
    },
  },
  {
    name: 'speed',
    seeds: [],
    run: async ({ quick }, terminal) => {
      const { rows, failures } = await runParts(SPEED_PARTS, { quick, stop: terminal.stop }, terminal);
      const failed = failureLines(failures);
      return {
        data: { speed: rows, failures: failures.map(({ bench, text }) => `${bench}: ${text}`) },
        text: [rowsText(rows), ...failed].join('\n\n'),
        markdown: [rowsMarkdown(rows), ...failed].join('\n\n'),
        ok: failures.length === 0,
      };
    },
  },
];

const NOTES = `The loads are those of docs/capacity-bench.md, each with several seeds. Needs no cluster.

  policies  two loads of 28 days under all policies and placements; a quarter of an hour
  cost      20 traces at three prices of waiting; hours the first time, later only what changed is played
  bound     two weeks of ten traces with a bound for the wait; twenty minutes
  speed     placement, tick and scraping; needs a quiet machine

With --quick, each has one seed, and cost leaves out the large traces.`;

async function run(
  { only, quick }: BenchOptions,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const done = [];
  for (const part of PARTS.filter(({ name }) => only.length === 0 || only.includes(name))) {
    const seeds = quick ? part.seeds.slice(0, 1) : part.seeds;
    const drawn = seeds.length === 0 ? '' : ` Seeds ${seeds.join(', ')}.`;
    const head = `Measured ${circumstancesText(circumstances)}.${drawn}`;
    done.push({ name: part.name, head, ...(await part.run({ quick, seeds }, terminal)) });
  }
  return {
    data: Object.assign({}, ...done.map(({ data }) => data)) as object,
    text: done.map(({ head, text }) => `${text}\n\n${head}`).join('\n\n'),
    markdown: Object.fromEntries(done.map(({ name, head, markdown }) => [name, `${head}\n\n${markdown}`])),
    ok: done.every(({ ok }) => ok),
    files: Object.assign({}, ...done.map(({ files }) => files)) as BenchOutcome['files'] & object,
  };
}

/** `npm run bench -- capacity`. */
export const capacityBench: Bench = {
  name: 'capacity',
  summary: 'sizing policies side by side, and the speed of simulation, tick and scraping',
  notes: NOTES,
  page: 'capacity-bench.md',
  parts: PARTS.map(({ name }) => name),
  writesParts: true,
  run,
};
