import { parseArgs } from 'node:util';
import type { Area } from './area.ts';
import { forEachArea } from './areas.ts';
import { feedGenerated, lagsOf, MOST_GENERATED_MS } from './run-area.ts';

/** Maximum time for which a file or log of 1 MB may block the event loop. */
const MAX_LAG_MS = 200;
const SHOWN = 10;

const HELP = `npm run hostile -- [--inputs N] [--seed N]

Feeds untrusted input to the programs: inputs designed to be expensive, for which the lag of the event loop is measured (the machine
must be idle), and N generated ones of each kind (100000): pipeline files, substitutions, logs with cards, metrics and HTTP requests.
`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function runArea<T>(area: Area<T>, inputs: number, seed: number): Promise<boolean> {
  print(`${area.name}: ${area.adversaries.length} expensive inputs of ${area.largestChars} characters`);
  const lags = await lagsOf(area);
  for (const { name, ms } of lags.slice(0, SHOWN)) print(`  ${ms.toFixed(0).padStart(5)} ms  ${name}`);
  const late = lags.filter(({ ms }) => ms > MAX_LAG_MS);
  print(`  ${late.length} block the event loop for more than ${MAX_LAG_MS} ms`);
  const fromMs = performance.now();
  const { inputs: done, slowestMs, failure } = await feedGenerated(area, inputs, seed);
  const seconds = ((performance.now() - fromMs) / 1_000).toFixed(0);
  print(`  ${done} generated inputs (seed ${seed}) in ${seconds} s, the slowest ${slowestMs.toFixed(0)} ms`);
  print(failure === undefined ? '  none fails' : failure);
  const isSlow = slowestMs > MOST_GENERATED_MS;
  if (isSlow) print(`  one needs more than ${MOST_GENERATED_MS} ms`);
  return late.length === 0 && failure === undefined && !isSlow;
}

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
if (values.help) print(HELP);
else {
  const results: boolean[] = [];
  for (const run of forEachArea((area) => () => runArea(area, Number(values.inputs), Number(values.seed))))
    results.push(await run());
  process.exitCode = results.every(Boolean) ? 0 : 1;
}
