import type { RampOptions } from '../../suites/real-flows/build-load.ts';
import type { Bench, BenchOptions, BenchOutcome, BenchTerminal } from '../command.ts';
import type { Circumstances } from '../report.ts';
import { keepRecording, RUNS, SIDES } from './recording.ts';
import { REGISTRATION_SECONDS, sideBySide } from './side-by-side.ts';

const RAMP: Omit<RampOptions, 'seed'> = { spanSeconds: 1200, pushesPerMinute: [1, 5], meanRunSeconds: 150 };
const QUICK: Omit<RampOptions, 'seed'> = { ...RAMP, spanSeconds: 300, pushesPerMinute: [2, 5] };

const NOTES = `The real Karpenter (kwok provider, nodes take ${REGISTRATION_SECONDS} s) with and without Hangar, with the same ramp of builds at the same time, once for
each seed. Except with --quick, it keeps trace, settings and figures of each run in testbed/bench/karpenter/recorded, where "predictions"
reads them. A run takes ${RAMP.spanSeconds / 60} minutes and a few more, ${QUICK.spanSeconds / 60} with --quick. Only one Karpenter may run on the machine. It fails if a build was ended by
anything else than itself.`;

const seedOf = (name: string): number => Number(name.replace('seed-', ''));

async function run(
  { quick, only }: BenchOptions,
  _circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const lines: string[] = [];
  let harmed = 0;
  for (const name of RUNS.filter((one) => only.length === 0 || only.includes(one))) {
    const recording = await sideBySide({ ...(quick ? QUICK : RAMP), seed: seedOf(name) }, terminal);
    if (!quick) await keepRecording(name, recording);
    for (const side of SIDES) {
      const figures = recording.measured.sides[side];
      harmed += figures.harmed;
      lines.push(`${name} ${side}: ${JSON.stringify(figures)}`);
    }
  }
  return { data: { runs: lines }, text: lines.join('\n'), markdown: '', ok: harmed === 0 };
}

/** `npm run bench -- karpenter`. */
export const karpenterBench: Bench = {
  name: 'karpenter',
  summary: 'the real Karpenter with and without Hangar on ramps of builds',
  notes: NOTES,
  parts: RUNS,
  run,
};
