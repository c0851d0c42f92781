/** The source of the line that describes a build best. */
export type KeyLine =
  | { readonly from: 'log'; readonly step: string; readonly line: RegExp }
  | { readonly from: 'stage-error'; readonly line: RegExp }
  | { readonly from: 'wait'; readonly line: RegExp };

/** One pipeline of the demo and its expected outcome. */
export interface DemoCase {
  /** File in `pipelines/` without `.yml`, and the repository's name. */
  readonly name: string;
  /** What it demonstrates, briefly. */
  readonly shows: string;
  readonly expected: 'success' | 'failure' | 'error' | 'killed';
  /** All steps but `clone` in order: status, and exit code where it counts; `or` names another right answer. */
  readonly steps: readonly { readonly name: string; readonly ends: string; readonly or?: string }[];
  readonly telling: KeyLine;
  /** `cancel`: as soon as it runs and the waiting one has waited. `wait`: sent when all others have begun. */
  readonly role?: 'cancel' | 'wait';
}

const log = (step: string, line: RegExp): KeyLine => ({ from: 'log', step, line });
const ran = (name: string) => ({ name, ends: 'success 0' });
const skipped = (name: string) => ({ name, ends: 'skipped' });

/** Secrets that the demo's repositories have; none of their values may be in any log. */
export const DEMO_SECRETS = { password: 'open-sesame', chat_token: 'tok-4711-demo' } as const;

/** What the runner of the demo may hand out in memory; two of the large pipelines don't fit. */
export const MEMORY_BUDGET = '4GiB';

/** The pipelines in the order in which they are sent. */
export const CASES: readonly DemoCase[] = [
  {
    name: 'cancelled',
    shows: 'cancelled while it runs',
    expected: 'killed',
    steps: [
      { name: 'endless', ends: 'killed' },
      { name: 'after', ends: 'killed', or: 'skipped' },
    ],
    telling: log('endless', /^working/),
    role: 'cancel',
  },
  {
    name: 'hello',
    shows: 'clone and one step',
    expected: 'success',
    steps: [ran('greet')],
    telling: log('greet', /^hello from a Pod$/),
  },
  {
    name: 'parallel',
    shows: 'two steps at the same time',
    expected: 'success',
    steps: [ran('left'), ran('right'), ran('join')],
    telling: log('join', /^both were here: left\.here right\.here$/),
  },
  {
    name: 'service',
    shows: 'a service, reached at localhost',
    expected: 'success',
    steps: [{ name: 'web', ends: 'success' }, ran('ask')],
    telling: log('ask', /^served by the service$/),
  },
  {
    name: 'failure',
    shows: 'exit 2, and a step for failures',
    expected: 'failure',
    steps: [{ name: 'test', ends: 'failure 2' }, skipped('publish'), ran('tell')],
    telling: log('tell', /^the build is a failure because of test$/),
  },
  {
    name: 'ignored-failure',
    shows: 'failure: ignore',
    expected: 'success',
    steps: [{ name: 'spelling', ends: 'failure 1' }, ran('build')],
    telling: log('build', /^built anyway$/),
  },
  {
    name: 'fail-fast',
    shows: 'failure: fast stops the others',
    expected: 'failure',
    steps: [
      { name: 'quick-check', ends: 'failure 1' },
      { name: 'slow-tests', ends: 'killed', or: 'failure' },
      skipped('report'),
    ],
    telling: log('slow-tests', /^\+ sleep 600$/),
  },
  {
    name: 'early-success',
    shows: 'exit 78: nothing to do',
    expected: 'success',
    steps: [{ name: 'anything-changed', ends: 'success 78' }, skipped('long-tests')],
    telling: log('anything-changed', /^only the docs have changed$/),
  },
  {
    name: 'secrets',
    shows: 'a secret, masked in the log',
    expected: 'success',
    steps: [ran('log-in'), ran('without')],
    telling: log('log-in', /^the password is \*{6}, which is 11 letters long$/),
  },
  {
    name: 'plugin',
    shows: 'a plugin with settings',
    expected: 'success',
    steps: [ran('announce')],
    telling: log('announce', /^PLUGIN_TEMPLATE=build 1 of acme\/plugin$/),
  },
  {
    name: 'substitution',
    shows: 'variables, substituted',
    expected: 'success',
    steps: [ran('tag')],
    telling: log('tag', /^image substitution:[0-9a-f]{8} for main with vanilla$/),
  },
  {
    name: 'stages',
    shows: 'three pipelines in one file',
    expected: 'success',
    steps: [ran('unit'), ran('roll-out')],
    telling: log('roll-out', /^deployed after the tests$/),
  },
  {
    name: 'mistake',
    shows: 'a mistake in the YAML',
    expected: 'error',
    steps: [],
    telling: { from: 'stage-error', line: /biuld/ },
  },
  {
    name: 'waits-for-room',
    shows: 'no capacity: it waits',
    expected: 'success',
    steps: [ran('build')],
    telling: { from: 'wait', line: /MiB of memory are in use/ },
    role: 'wait',
  },
];
