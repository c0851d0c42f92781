import { describe, expect, it } from 'vitest';
import type { CrashPoint } from './testing/crash.ts';
import { type CrashScenario, runCase } from './testing/crash-case.ts';

const step = (name: string, more = ''): string =>
  `- name: ${name}\n  image: busybox\n  commands: [echo]\n${more}`;
const pipeline = (steps: string, more = ''): string =>
  `kind: pipeline\ntype: kubernetes\nname: default\nclone: { disable: true }\nsteps:\n${steps}${more}`;

const service = (name: string, ready: string): string =>
  `services:\n- name: ${name}\n  image: busybox\n  commands: [echo]\n  ready: ${ready}\n`;

const ALL_WELL = [{ stage: 'success', steps: ['one success', 'two success'] }] as const;

const SCENARIOS: readonly CrashScenario[] = [
  {
    name: 'secrets of a plugin, and an image that is looked up',
    pipelines: [
      pipeline(
        step('one', '  environment: { TOKEN: { from_secret: token } }\n') +
          '- name: plugin\n  image: plugins/s3\n  settings: { bucket: any }\n',
        '---\nkind: secret\nname: token\nget: { path: any, name: token }\n',
      ),
    ],
    ends: [{ stage: 'success', steps: ['one success', 'plugin success'] }],
  },
  {
    name: 'a step that fails, one that runs on failure, and a service',
    pipelines: [
      pipeline(
        step('fails') + step('never') + step('cares', '  when: { status: [failure] }\n'),
        'services:\n- name: beside\n  image: busybox\n  commands: [echo]\n',
      ),
    ],
    ends: [
      { stage: 'failure', steps: ['beside success', 'fails failure', 'never skipped', 'cares success'] },
    ],
  },
  {
    name: 'a cancel',
    pipelines: [pipeline(step('one') + step('two') + step('three'))],
    cancelAfterMs: 3_000,
    ends: [{ stage: 'killed' }],
  },
  {
    name: 'two builds, one of which waits',
    pipelines: [pipeline(step('one') + step('two')), pipeline(step('one') + step('two'))],
    env: { DRONE_RUNNER_CAPACITY: '1' },
    ends: [...ALL_WELL, ...ALL_WELL],
  },
  {
    name: 'a namespace for the build',
    pipelines: [pipeline(step('one') + step('two'))],
    env: { DRONE_NAMESPACE_DEFAULT: 'drone-' },
    ends: ALL_WELL,
  },
  {
    name: 'a node that can’t mount the gate’s image',
    pipelines: [pipeline(step('one') + step('two'))],
    hasImageVolumes: false,
    ends: ALL_WELL,
  },
  {
    name: 'a quota without room for half a minute',
    pipelines: [pipeline(step('one') + step('two'))],
    quotaForMs: 30_000,
    ends: ALL_WELL,
  },
  {
    name: 'no step that is to run',
    pipelines: [pipeline(step('one', '  when: { branch: other }\n'))],
    ends: [{ stage: 'success', steps: [] }],
  },
  {
    name: 'a log that memory has no room for',
    pipelines: [pipeline(step('chatty') + step('two'))],
    hasNoLogMemory: true,
    ends: [{ stage: 'success', steps: ['chatty success', 'two success'] }],
  },
  {
    name: 'a step whose image is swapped',
    pipelines: [
      pipeline(`${step('one')}- name: two\n  image: unknown/plugin\n  settings: { bucket: any }\n`),
    ],
    ends: ALL_WELL,
  },
  {
    name: 'a service that becomes ready, a step that may run again, and one that exceeds its timeout',
    pipelines: [
      pipeline(
        step('one', '  timeout: 1h\n  retry: { attempts: 2 }\n') +
          step('slow', '  timeout: 10m\n') +
          step('never') +
          step('cares', '  when: { status: [failure] }\n'),
        service('beside', '{ tcp: 5432 }'),
      ),
    ],
    ends: [
      {
        stage: 'failure',
        steps: [
          'beside success',
          'one success',
          'slow failure: timed out after 10m',
          'never skipped',
          'cares success',
        ],
      },
    ],
  },
  {
    name: 'a service that does not become ready',
    pipelines: [
      pipeline(
        step('uses') + step('cares', '  when: { status: [failure] }\n'),
        service('unready', '{ tcp: 5432, timeout: 90s }'),
      ),
    ],
    ends: [
      {
        stage: 'failure',
        steps: ['unready failure: not ready within 1m30s', 'uses skipped', 'cares success'],
      },
    ],
  },
];

const HOWS: readonly CrashPoint['how'][] = ['before', 'after', 'lost'];

interface NamedPoint extends CrashPoint {
  readonly name: string;
}

const pointsOf = (calls: readonly string[] = []): readonly NamedPoint[] =>
  calls.flatMap((name, nth) => HOWS.map((how) => ({ name, call: nth + 1, how })));
const textOf = ({ call, how }: CrashPoint, name: string): string => `call ${call}, ${name} ${how}`;
const inEachWay = (call: string): string[] => HOWS.map((how) => `${call} ${how}`);

describe('a process that is lost at any call of any port', () => {
  const seen: string[] = [];

  it.each(SCENARIOS)('loses no build: $name', { timeout: 120_000 }, async (scenario) => {
    const whole = await runCase(scenario, []);
    expect(whole.problems).toEqual([]);
    const found: string[] = [];
    for (const { name, ...point } of pointsOf(whole.calls[0])) {
      const { problems } = await runCase(scenario, [point]);
      seen.push(`${name} ${point.how}`);
      found.push(...problems.map((problem) => `${textOf(point, name)}: ${problem}`));
    }
    expect(found).toEqual([]);
  });

  it('is tested at 500 calls or more, those of the spill file and of the parser among them', () => {
    expect(seen.length).toBeGreaterThanOrEqual(500);
    const calls = ['overflow.write', 'overflow.read', 'overflow.free', 'parser.parse'];
    expect(seen).toEqual(expect.arrayContaining(calls.flatMap(inEachWay)));
  });
});

/** Which process is lost first, in each scenario, so that another one takes over what it had. */
const FIRST_LOSSES: Readonly<Record<string, (calls: readonly string[]) => CrashPoint>> = {
  'without a Pod': (calls) => ({ call: calls.indexOf('cluster.create pods') + 1, how: 'before' }),
  'with a new Pod': (calls) => ({ call: calls.indexOf('cluster.create pods') + 1, how: 'after' }),
  'in the middle of a step': (calls) => ({ call: calls.indexOf('cluster.log') + 1, how: 'after' }),
  'at the end of its last stage': (calls) => ({
    call: calls.lastIndexOf('drone.updateStage') + 1,
    how: 'before',
  }),
};

/** The calls by which a process takes over what a lost one had: of a Pod, of a stage without one, and of a Lease. */
const TAKEOVER: ReadonlySet<string> = new Set([
  'cluster.claim pods',
  'drone.detail',
  'cluster.mark leases',
  'cluster.remove leases',
]);

describe('a process that takes over from a lost one, and is lost as well', () => {
  const inSameContainer = (scenario: CrashScenario): CrashScenario => ({
    ...scenario,
    name: `${scenario.name}, in the same container`,
    isSameContainer: true,
  });
  const scenarios = [...SCENARIOS, ...SCENARIOS.slice(2, 5).map(inSameContainer)];
  const seen = new Set<string>();

  it.each(scenarios)('loses no build: $name', { timeout: 120_000 }, async (scenario) => {
    const whole = await runCase(scenario, []);
    const found: string[] = [];
    for (const [nth, [loss, pointIn]] of Object.entries(FIRST_LOSSES).entries()) {
      const first = pointIn(whole.calls[0] ?? []);
      if (first.call === 0) continue;
      const { calls, problems } = await runCase(scenario, [first]);
      expect(problems).toEqual([]);
      const kind = scenario.isSameContainer ? 'same container' : 'other replica';
      for (const { name, ...second } of sampleOf(pointsOf(calls[1]), nth)) {
        const end = await runCase(scenario, [first, second]);
        seen.add(`${kind}, ${loss}: ${name} ${second.how}`);
        found.push(...end.problems.map((problem) => `${loss}, then ${textOf(second, name)}: ${problem}`));
      }
    }
    expect(found).toEqual([]);
  });

  it.each([
    ['the claim of a Pod', 'other replica, with a new Pod', 'cluster.claim pods'],
    ['the mark on the Lease of a lost process', 'other replica, without a Pod', 'cluster.mark leases'],
    ['the removal of that Lease', 'other replica, with a new Pod', 'cluster.remove leases'],
    ['the details of a stage that has no Pod yet', 'other replica, without a Pod', 'drone.detail'],
    ['the claim of its own Pod', 'same container, with a new Pod', 'cluster.claim pods'],
    ['the details of a stage that its own Lease records', 'same container, without a Pod', 'drone.detail'],
  ])('is lost before, after and without the answer of: %s', (_, place, call) => {
    expect([...seen]).toEqual(expect.arrayContaining(inEachWay(`${place}: ${call}`)));
  });

  it('removes no Lease where it is the same container: its own one records what the lost process had', () => {
    expect([...seen].filter((one) => /^same.*(remove|mark) leases/.test(one))).toEqual([]);
  });
});

/** The calls by which stages are taken over in all ways; of the other calls every third one in one way, by turns. */
function sampleOf(points: readonly NamedPoint[], offset: number): readonly NamedPoint[] {
  return points.filter(({ name, call, how }) => {
    const turn = call + offset;
    return TAKEOVER.has(name) || (turn % 3 === 0 && HOWS[(turn / 3) % HOWS.length] === how);
  });
}

const FORGOTTEN = 'a pipeline that it had accepted without a Pod is forgotten';
const HIDDEN = 'output that it had not sent is not shown';
const EMPTY = 'a namespace without a Pod, made for one build, is left';
const STARTING = 'the pipeline that it was starting ends as an error';
/** What differs without Leases and without the right to read Secrets, where a process was lost. */
const DIFFERENCES: Readonly<Record<string, RegExp>> = {
  [EMPTY]: /: left: namespaces drone-/,
  [HIDDEN]: /: the log of \w+ is ""$/,
  [STARTING]: /is error the runner was lost while this pipeline ran/,
};
const differenceIn = (text: string): string | undefined =>
  Object.keys(DIFFERENCES).find((key) => DIFFERENCES[key]?.test(text));
const hasNamespace = ({ env }: CrashScenario): boolean => env?.['DRONE_NAMESPACE_DEFAULT'] !== undefined;

/** The last call but one that creates anything, since a Secret follows the Pod; or the first one, or the second where a namespace comes first. */
const callThatMadePod = (calls: readonly string[] = [], scenario: CrashScenario): number => {
  const creations = calls.flatMap((name, nth) => (name.startsWith('cluster.create ') ? [nth + 1] : []));
  const place = scenario.quotaForMs ? -2 : Number(hasNamespace(scenario));
  return creations.at(place) ?? Number.POSITIVE_INFINITY;
};

const expectedDifferences = (one: CrashScenario): readonly string[] => {
  const usual = usualDifferences(one);
  return [...(hasNamespace(one) ? [EMPTY] : []), ...usual].sort();
};

function usualDifferences({ cancelAfterMs, quotaForMs, ends }: CrashScenario): readonly string[] {
  if (cancelAfterMs !== undefined) return [STARTING];
  if (ends.every(({ steps }) => steps?.length === 0)) return [FORGOTTEN];
  // While it waits for the quota it has no Pod, and once it has one it was started already.
  return quotaForMs === undefined ? [FORGOTTEN, HIDDEN, STARTING] : [FORGOTTEN, HIDDEN];
}

describe("a process that is lost at any call of any port, under the previous runner's Role", () => {
  it.each(SCENARIOS)(
    'loses no build that it had started, and leaves no Pod; what differs is named: $name',
    { timeout: 120_000 },
    async (one) => {
      const scenario = { ...one, hasPreviousRole: true };
      const seen = new Set<string>();
      const whole = await runCase(scenario, []);
      expect(whole.problems).toEqual([]);
      const madePod = callThatMadePod(whole.calls[0], one);
      const found: string[] = [];
      for (const { name, call, how } of pointsOf(whole.calls[0])) {
        const end = await runCase(scenario, [{ call, how }]);
        if (end.forgotten > 0) seen.add(FORGOTTEN);
        const texts = end.problems.map((problem) => `${textOf({ call, how }, name)}: ${problem}`);
        found.push(...texts.filter((text) => how === 'lost' || differenceIn(text) === undefined));
        for (const text of texts) seen.add(differenceIn(text) ?? text);
        const hadPod = call > madePod && one.pipelines.length === 1;
        if (end.forgotten > 0 && (hadPod || how === 'lost'))
          found.push(`${textOf({ call, how }, name)}: forgotten`);
      }
      expect(found).toEqual([]);
      expect([...seen].sort()).toEqual(expectedDifferences(one));
    },
  );
});

describe.each([
  ['API server, while another one takes over', 'cut-off'],
  ['Drone server for a minute', 'no-server'],
] as const)('a process that is cut off at any call from the %s', (_, how) => {
  const cancelled: CrashScenario = {
    name: 'a cancel before a step is swapped',
    pipelines: [
      pipeline(`${step('one')}- name: two\n  image: unknown/plugin\n  settings: { bucket: any }\n`),
    ],
    cancelAfterMs: 2_000,
    ends: [{ stage: 'killed' }],
  };

  it.each([...SCENARIOS, cancelled])('loses no build: $name', { timeout: 120_000 }, async (scenario) => {
    const whole = await runCase(scenario, []);
    const found: string[] = [];
    for (const [nth, name] of (whole.calls[0] ?? []).entries()) {
      const point = { call: nth + 1, how };
      const { problems } = await runCase(scenario, [point]);
      found.push(...problems.map((problem) => `${textOf(point, name)}: ${problem}`));
    }
    expect(found).toEqual([]);
  });
});

describe('a log that ends each process that reads it', () => {
  const steps = step('one') + step('fails', '  failure: ignore\n') + step('two');

  it.each([
    ['succeeds', step('one') + step('two'), 'success', ['one success', 'two success']],
    ['fails', step('one') + step('fails'), 'failure', ['one success', 'fails failure']],
    ['ignores a failure', steps, 'success', ['one success', 'fails failure', 'two success']],
  ] as const)('ends three of them; the result of a pipeline that %s is true', async (_, all, stage, ends) => {
    const lethal = ends[1].split(' ')[0] ?? '';
    const scenario = { name: 'lethal', pipelines: [pipeline(all)], lethal };
    const end = await runCase({ ...scenario, ends: [{ stage, steps: ends }] }, { container: 'step-2' });
    expect(end.problems).toEqual([]);
    expect(end.crashes).toBe(3);
    expect(end.logs[lethal]?.join()).toContain('the output of this step is withheld');
  });

  it('costs a build beside it, and the other steps, not a line', async () => {
    const pipelines = [pipeline(step('one') + step('two')), pipeline(step('beside'))];
    const ends = [...ALL_WELL, { stage: 'success', steps: ['beside success'] } as const];
    const scenario = { name: 'lethal', pipelines, lethal: 'two', ends };
    const end = await runCase(scenario, { container: 'step-2' });
    expect([end.problems, end.crashes]).toEqual([[], 3]);
    expect(end.logs['two']?.join()).toContain('the output of this step is withheld');
    expect(end.logs['beside']?.join()).not.toContain('withheld');
  });
});

describe('ten minutes without a server', () => {
  const builds = Array.from({ length: 50 }, () => pipeline(step('one') + step('two')));
  const ends = builds.flatMap(() => ALL_WELL);

  it.each(['cluster', 'drone'] as const)(
    'lose none of fifty running builds and restart no process (%s)',
    { timeout: 120_000 },
    async (of) => {
      const outage = { of, fromMs: 3_000, lastsMs: 600_000 };
      const { problems } = await runCase({ name: of, pipelines: builds, ends, outage }, []);
      expect(problems).toEqual([]);
    },
  );
});
