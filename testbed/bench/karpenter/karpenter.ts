import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { systemClock } from '@hangar/shared/clock';
import type { RampOptions } from '../../suites/real-flows/build-load.ts';
import type { BenchCommand, Terminal } from '../command.ts';
import { markersOf, rewritten } from '../measure/document.ts';
import { circumstancesText } from '../steps/report.ts';
import { circumstances } from '../steps/steps.ts';
import { REGISTRATION_SECONDS, sideBySide } from './side-by-side.ts';
import { verdictMarkdown, verdictText } from './verdicts.ts';

const PAGE = new URL('../../../docs/measurements.md', import.meta.url);
const EXIT = { ok: 0, failed: 1, usage: 2 } as const;
const RAMP: RampOptions = { seed: 1, spanSeconds: 1200, pushesPerMinute: [1, 5], meanRunSeconds: 150 };
const QUICK: RampOptions = { ...RAMP, spanSeconds: 300, pushesPerMinute: [2, 5] };

const HELP = `npm run bench -- karpenter [--quick] [--json] [--write-docs]

The real Karpenter (kwok provider, nodes ${REGISTRATION_SECONDS} s away) with and without Hangar on the same ramp of builds at the same time, and what
replay foretells of both. Takes ${RAMP.spanSeconds / 60} minutes and a few more. Only one Karpenter may run on the machine. Exit code 1: it did not work, or a build
was ended by somebody else.

  --quick        ${QUICK.spanSeconds / 60} minutes
  --json         one JSON object in place of the table, alone on standard output under npm run -s
  --write-docs   write the table into docs/measurements.md
`;

interface Options {
  readonly quick: boolean;
  readonly json: boolean;
  readonly 'write-docs': boolean;
}

function readOptions(args: readonly string[]): Options | string {
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({ args: [...args], options: { quick: flag, json: flag, 'write-docs': flag } }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const inWords = ({
  seed,
  spanSeconds,
  pushesPerMinute: [first, last],
  meanRunSeconds,
}: RampOptions): string =>
  `${spanSeconds / 60} minutes, pushes of five builds, ${first} a minute at first and ${last} at the end, of ${meanRunSeconds} s on average (lognormal, cv 1), seed ${seed}; nodes for three builds, ${REGISTRATION_SECONDS} s from order to node`;

async function compare(options: Options, terminal: Terminal): Promise<number> {
  const ramp = options.quick ? QUICK : RAMP;
  const measured = circumstances(options.quick);
  const { stop, complain: say } = terminal;
  const verdicts = await sideBySide(ramp, { clock: systemClock(), say, stop });
  // The ramp says itself how long it was.
  const head = `Measured ${circumstancesText({ ...measured, quick: false })}. ${inWords(ramp)}.`;
  terminal.print(
    options.json
      ? JSON.stringify({ circumstances: measured, ramp, verdicts }, undefined, 2)
      : `${verdictText(verdicts)}\n\n${head}`,
  );
  if (options['write-docs']) {
    const page = await readFile(PAGE, 'utf8');
    const text = `${head}\n\n${verdictMarkdown(verdicts)}`;
    await writeFile(PAGE, rewritten(page, markersOf('karpenter'), text));
  }
  return verdicts.some(({ harmed }) => harmed > 0) ? EXIT.failed : EXIT.ok;
}

/** `npm run bench -- karpenter`. */
export const karpenterCommand: BenchCommand = {
  name: 'karpenter',
  what: 'the real Karpenter with and without Hangar on one ramp of builds',
  help: HELP,
  run: async (args, terminal) => {
    const options = readOptions(args);
    if (typeof options !== 'string') return compare(options, terminal);
    terminal.complain(`bench karpenter: ${options}\n\n${HELP}`);
    return EXIT.usage;
  },
};
