import { describe, expect, it } from 'vitest';
import {
  comparisonMarkdown,
  comparisonText,
  type PolicyRuns,
  type PolicyTargets,
  playScenario,
  SCENARIOS,
  type SeedRun,
  verdictOf,
} from './comparison.ts';

const played = (seed: number, nodeHours: number, p95: number): SeedRun => ({
  seed,
  nodeHours,
  boots: 700,
  result: {
    policy: 'forecast',
    placement: 'soft-taint',
    jobs: 100,
    nodeHours: 7,
    billedNodeHours: 7,
    nodeHoursPer1000Jobs: 70,
    waitSeconds: { mean: 1, p50: 0, p95, p99: 40, max: 90 },
    worstHourP95: 20,
    peakNodes: 180,
    boots: 5,
    coldStarts: 3,
    evicted: 0,
    unplaced: 0,
    tooLarge: 0,
    forecastError: null,
  },
});
const compared = (demanded: PolicyTargets): PolicyRuns => ({
  load: 'harder',
  knownShare: 0.3,
  named: false,
  placement: 'soft-taint',
  policy: 'forecast',
  demanded,
  played: [played(1, 1060, 1.25), played(2, 1080, 4)],
});

describe('verdictOf', () => {
  it.each([
    {
      title: 'every seed holds it, to the last node-hour',
      demanded: { nodeHours: 1080, p95Seconds: 4 },
      want: 'met',
    },
    { title: 'one seed misses it', demanded: { nodeHours: 1079 }, want: 'missed' },
    { title: 'one of two is missed', demanded: { nodeHours: 1080, boots: 699 }, want: 'missed' },
    { title: 'nothing is demanded', demanded: {}, want: 'none' },
  ])('$title: $want', ({ demanded, want }) => {
    expect(verdictOf(compared(demanded))).toBe(want);
  });
});

describe('the table', () => {
  const row = compared({ nodeHours: 1080, p95Seconds: 5 });

  it('names the replayed scenarios, and each figure from its minimum to its maximum', () => {
    expect(comparisonText([row])).toBe(
      [
        'harder, placement soft-taint, 30 % known 180 s before',
        'policy    node-hours    p95 s       p99 s  boots  cold  peak nodes  demanded of each seed         reached',
        'forecast  1060 to 1080  1.3 to 4.0  40     700    3.0   180         ≤ 1080 node-hours, p95 ≤ 5 s  met',
      ].join('\n'),
    );
  });

  it('is the same for a page', () => {
    expect(comparisonMarkdown([row]).split('\n').at(-1)).toBe(
      '| forecast | 1060 to 1080 | 1.3 to 4.0 | 40 | 700 | 3.0 | 180 | ≤ 1080 node-hours, p95 ≤ 5 s | met |',
    );
  });
});

/** Tuned on no more than the seeds of the bench are. */
const SEED = 8001;
/** 5 s a replay on an idle core. */
const PATIENCE_MS = 240_000;
const tell = { say: () => undefined, stop: new AbortController().signal };

/** What issue 4 demands (must-hold 4), on one seed; on three by `npm run bench -- capacity`. */
describe('what is demanded of the forecast', () => {
  const demanded = SCENARIOS.flatMap((scenario) =>
    scenario.policies
      .filter((name) => scenario.demanded[name] !== undefined)
      .map((name) => ({
        ...scenario,
        policies: [name],
        title: `${scenario.load}, ${scenario.knownShare} known${scenario.named ? ', named' : ''}`,
      })),
  );

  it('is a list that is not empty', () => {
    expect(demanded).toHaveLength(7);
  });

  it.each(demanded)(
    '$policies holds it: $title',
    async (scenario) => {
      const [compared] = await playScenario(scenario, [SEED], tell);

      expect(compared && verdictOf(compared), JSON.stringify(compared)).toBe('met');
    },
    PATIENCE_MS,
  );
});
