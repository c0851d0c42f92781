import {
  asNumber,
  asWhole,
  asWord,
  flag,
  option,
  repeated,
  type Values,
} from '@hangar/shared/program/options';
import { KINDS } from './plan/kinds.ts';

const A_DAY_MINUTES = 1_440;

/** The options of the command. */
export const CHAOS_OPTIONS = {
  minutes: option('N', 'time over which builds and faults are spread', asNumber([0.1, A_DAY_MINUTES]), 4),
  builds: option('N', 'number of builds; default: 40 per minute', asWhole([1, 100_000])),
  faults: option('N', 'number of injected faults; default: 25 per minute', asWhole([0, 100_000])),
  seed: option('N', 'seed of the plan of builds and faults', asWhole(), 1),
  replicas: option('N', 'replicas of the runner', asWhole([1, 9]), 3),
  only: repeated(
    'KIND',
    'only faults of this kind; may be repeated. The table at the end lists all kinds',
    asWord(KINDS.map(({ name }) => name)),
  ),
  real: flag(
    'use the real cluster (npm run testbed), without the faults that only the embedded one can have',
  ),
  json: flag('print one JSON object instead of the table'),
};

/** The values of the options. */
export type ChaosOptions = Values<typeof CHAOS_OPTIONS>;
