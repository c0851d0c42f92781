import type { RampOptions } from '../../suites/real-flows/build-load.ts';
import type { Bench, BenchOptions, BenchOutcome, BenchTerminal } from '../command.ts';
import { type Circumstances, circumstancesText } from '../report.ts';
import { alignedLines, benchMarkdownTable } from '../table.ts';
import { type EngineResult, REGISTRATION_SECONDS, sideBySide } from './side-by-side.ts';

const RAMP: RampOptions = { seed: 1, spanSeconds: 1200, pushesPerMinute: [1, 5], meanRunSeconds: 150 };
const QUICK: RampOptions = { ...RAMP, spanSeconds: 300, pushesPerMinute: [2, 5] };

const NOTES = `The real Karpenter (kwok provider, nodes take ${REGISTRATION_SECONDS} s) with and without Hangar, with the same ramp of builds at the same time, and what
replay predicts for both. Takes ${RAMP.spanSeconds / 60} minutes and a few more, ${QUICK.spanSeconds / 60} with --quick. Only one Karpenter may run on the machine. It also
fails if a build was ended by anything else than itself.`;

function inWords({ seed, spanSeconds, pushesPerMinute: [first, last], meanRunSeconds }: RampOptions): string {
  return `${spanSeconds / 60} minutes, pushes of five builds, ${first} a minute at first and ${last} at the end, of ${meanRunSeconds} s on average (lognormal, cv 1), seed ${seed}; nodes for three builds, ${REGISTRATION_SECONDS} s from order to node`;
}

const HEAD = ['', 'builds', 'p50', 'p95', 'p99', 'max', 'node-hours', 'boots', 'harmed'];

const cells = ({ who, builds, waitSeconds, nodeHours, boots, harmed }: EngineResult): readonly string[] => [
  who,
  String(builds),
  ...[waitSeconds.p50, waitSeconds.p95, waitSeconds.p99, waitSeconds.max].map(
    (wait) => `${wait.toFixed(1)} s`,
  ),
  nodeHours.toFixed(2),
  String(boots),
  String(harmed),
];

async function run(
  { quick }: BenchOptions,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const ramp = quick ? QUICK : RAMP;
  const verdicts = await sideBySide(ramp, terminal);
  // The description of the ramp contains its length.
  const head = `Measured ${circumstancesText({ ...circumstances, quick: false })}. ${inWords(ramp)}.`;
  const table = [HEAD, ...verdicts.map(cells)];
  return {
    data: { ramp, verdicts },
    text: `${alignedLines(table).join('\n')}\n\n${head}`,
    markdown: `${head}\n\n${benchMarkdownTable(table)}`,
    ok: verdicts.every(({ harmed }) => harmed === 0),
  };
}

/** `npm run bench -- karpenter`. */
export const karpenterBench: Bench = {
  name: 'karpenter',
  summary: 'the real Karpenter with and without Hangar on one ramp of builds',
  notes: NOTES,
  page: 'measurements.md',
  parts: [],
  run,
};
