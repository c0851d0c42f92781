import {
  type Bench,
  type BenchOptions,
  type BenchOutcome,
  type BenchTerminal,
  runParts,
} from '../command.ts';
import type { Circumstances } from '../report.ts';
import { circumstancesText, failureLines } from '../report.ts';
import { rowsMarkdown, rowsText } from '../table.ts';
import { playBounds } from './bound/bound.ts';
import { boundMarkdown, boundText } from './bound/bound-report.ts';
import {
  comparisonMarkdown,
  comparisonText,
  type PolicyRuns,
  playScenario,
  SCENARIOS,
} from './comparison.ts';
import { playCosts } from './cost/cost.ts';
import { costMarkdown, costText } from './cost/cost-report.ts';
import { paretoSvg } from './cost/pareto-plot.ts';
import { verdictsOf } from './cost/verdicts.ts';
import { SPEED_PARTS } from './speed.ts';

/** Nothing was tuned on these. */
const SEEDS = [7001, 7002, 7003] as const;
const POLICIES = 'policies';
const COST = 'cost';
const BOUND = 'bound';
const PLOT_FILE = 'capacity-cost.svg';
const PARTS = [POLICIES, COST, BOUND, ...SPEED_PARTS.map(({ name }) => name)];

const NOTES = `The synthetic loads are those of docs/capacity-bench.md (seeds ${SEEDS.join(', ')}, 28 days each, the last 14 are evaluated). Needs no
cluster. Takes about fifteen minutes without the parts cost and bound, five with --quick (one seed). The part bound plays two weeks of ten traces. The part cost plays a set of traces and takes more than an
hour the first time, ten minutes with --quick; later it plays again only what changed. Parts: ${PARTS.join(' ')}`;

async function run(
  { only, quick }: BenchOptions,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const { complain: say, stop } = terminal;
  const isAsked = (name: string): boolean => only.length === 0 || only.includes(name);
  const seeds = quick ? SEEDS.slice(0, 1) : SEEDS;
  const parts = SPEED_PARTS.filter(({ name }) => isAsked(name));
  const { rows: speed, failures } = await runParts(parts, { quick, stop }, terminal);
  const policies: PolicyRuns[] = [];
  for (const scenario of isAsked(POLICIES) ? SCENARIOS : [])
    policies.push(...(await playScenario(scenario, seeds, { say, stop })));
  const costs = isAsked(COST) ? await playCosts(quick, { say, stop }) : [];
  const verdicts = verdictsOf(costs);
  const bounds = isAsked(BOUND) ? await playBounds(quick, { say, stop }) : [];
  const failed = failureLines(failures);
  const head = `Measured ${circumstancesText(circumstances)}. Seeds ${seeds.join(', ')}.`;
  return {
    data: {
      seeds,
      policies,
      costs,
      verdicts,
      bounds,
      speed,
      failures: failures.map(({ bench, text }) => `${bench}: ${text}`),
    },
    text: [
      comparisonText(policies),
      costText(costs, verdicts),
      boundText(bounds),
      rowsText(speed),
      ...failed,
      head,
    ].join('\n\n'),
    markdown: [
      head,
      comparisonMarkdown(policies),
      costMarkdown(costs, verdicts),
      boundMarkdown(bounds),
      '### Speed',
      rowsMarkdown(speed),
      ...failed,
    ].join('\n\n'),
    ok: failures.length === 0,
    files: costs.length === 0 ? {} : { [PLOT_FILE]: paretoSvg(costs) },
  };
}

/** `npm run bench -- capacity`. */
export const capacityBench: Bench = {
  name: 'capacity',
  summary: 'sizing policies side by side, and the speed of simulation, tick and scraping',
  notes: NOTES,
  page: 'capacity-bench.md',
  parts: PARTS,
  run,
};
