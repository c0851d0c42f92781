import type { Measured } from '../measure/row.ts';
import { countCalls } from './api-calls.ts';
import type { Bench } from './bench.ts';
import type { BenchWorld } from './bench-world.ts';
import { supervise } from './flight.ts';
import { idleSteps } from './pipelines.ts';

const WRITES = 4;
const CREDENTIALS = JSON.stringify({ auths: { 'registry.example.com': { auth: btoa('reader:bench') } } });

interface Case {
  readonly steps: number;
  readonly credentials: boolean;
}

const CASES: readonly Case[] = [
  { steps: 1, credentials: false },
  { steps: 5, credentials: false },
  { steps: 20, credentials: false },
  { steps: 5, credentials: true },
];

/** The shortest, the longest, and the one that costs more. */
const QUICK_CASES = CASES.filter(({ steps, credentials }) => steps !== 5 || credentials);

async function measure(setup: BenchWorld, { steps, credentials }: Case, times: number): Promise<Measured> {
  const yaml = idleSteps(steps, credentials ? 'image_pull_secrets: [registry]\n' : '');
  const values: number[] = [];
  const texts = new Set<string>();
  while (values.length < times) {
    const finishedRun = await supervise(setup, yaml, credentials ? { registry: CREDENTIALS } : {});
    const count = countCalls(finishedRun.apiCalls);
    values.push(count.writes);
    texts.add(count.text);
  }
  const plural = steps === 1 ? 'step' : 'steps';
  return {
    name: `API writes, clone and ${steps} ${plural}${credentials ? ', with pull credentials' : ''}`,
    unit: 'count',
    values,
    targets: [{ of: 'max', atMost: credentials ? WRITES + 1 : WRITES }],
    note: [...texts].join(' | '),
  };
}

/** What a pipeline costs the API server: the same whatever its number of steps. */
export const apiWritesBench: Bench = {
  name: 'writes',
  what: 'writes to the Kubernetes API per pipeline',
  run: (track) =>
    track.within({}, async (setup) => {
      const rows: Measured[] = [];
      for (const one of track.quick ? QUICK_CASES : CASES)
        rows.push(await measure(setup, one, track.times(3, 1)));
      return rows;
    }),
};
