import { describe, expect, it } from 'vitest';
import { candidates, matches } from './matching.ts';
import type { WireFilter, WireStage } from './wire.ts';

const FILTER: WireFilter = {
  kind: 'pipeline',
  type: 'kubernetes',
  os: '',
  arch: '',
  variant: '',
  kernel: '',
  labels: {},
};
const STAGE: WireStage = {
  ...{ id: 1, repo_id: 7, build_id: 1, number: 1, name: 'default', kind: 'pipeline', type: 'kubernetes' },
  ...{
    status: 'pending',
    error: '',
    errignore: false,
    exit_code: 0,
    machine: '',
    os: 'linux',
    arch: 'amd64',
  },
  ...{
    variant: '',
    kernel: '',
    limit: 0,
    throttle: 0,
    started: 0,
    stopped: 0,
    created: 0,
    updated: 0,
    version: 1,
  },
  ...{ on_success: true, on_failure: false, depends_on: [], labels: {} },
};

describe('which poll a stage fits (drone-rpc §7.2)', () => {
  const rows: [string, Partial<WireStage>, Partial<WireFilter>, boolean][] = [
    ['same kind and type', {}, {}, true],
    ['another type', { type: 'docker' }, {}, false],
    ['empty type on both sides is docker', { type: '' }, { type: '' }, true],
    ['empty type against kubernetes', {}, { type: '' }, false],
    ['empty kind is pipeline', { kind: '' }, {}, true],
    ['no platform in the poll takes any stage', { os: 'windows', arch: 'arm64' }, {}, true],
    ['a platform in the poll must fit', {}, { os: 'linux', arch: 'amd64' }, true],
    ['another architecture', { arch: 'arm64' }, { os: 'linux', arch: 'amd64' }, false],
    ['only one of them named still checks both', {}, { os: 'linux' }, false],
    ['a variant of the stage must be met', { variant: 'v8' }, { os: 'linux', arch: 'amd64' }, false],
    ['a variant of the poll alone does not matter', {}, { os: 'linux', arch: 'amd64', variant: 'v8' }, true],
    [
      'a kernel of the stage must be met',
      { kernel: '1809' },
      { os: 'linux', arch: 'amd64', kernel: '1903' },
      false,
    ],
    ['identical labels', { labels: { pool: 'large' } }, { labels: { pool: 'large' } }, true],
    ['another value', { labels: { pool: 'large' } }, { labels: { pool: 'small' } }, false],
    ['a stage with node: against a poll without labels', { labels: { pool: 'large' } }, {}, false],
    ['a stage without node: against a poll with labels', {}, { labels: { pool: 'large' } }, false],
    [
      'a subset is not enough',
      { labels: { pool: 'large' } },
      { labels: { pool: 'large', zone: 'a' } },
      false,
    ],
    ['an empty value is a value', { labels: { pool: '' } }, { labels: { zone: '' } }, false],
  ];
  it.each(rows)('%s', (_name, stage, filter, expected) => {
    expect(matches({ ...STAGE, ...stage }, { ...FILTER, ...filter })).toBe(expected);
  });
});

describe('which stages may be dealt out (drone-rpc §7.3)', () => {
  const stages = (...changes: Partial<WireStage>[]) =>
    changes.map((change, index): WireStage => ({ ...STAGE, id: index + 1, ...change }));
  const rows: [string, WireStage[], number[]][] = [
    ['oldest first', stages({}, {}).reverse(), [1, 2]],
    [
      'neither running nor owned nor waiting ones',
      stages({ status: 'running' }, { machine: 'm' }, { status: 'blocked' }, {}),
      [4],
    ],
    ['limit 1: the second of a name waits for the first', stages({ limit: 1 }, { limit: 1 }), [1]],
    ['limit 2: two of three', stages({ limit: 2 }, { limit: 2 }, { limit: 2 }), [1, 2]],
    ['limit counts a younger one that runs', stages({ limit: 1 }, { limit: 1, status: 'running' }), []],
    ['limit does not count a younger pending one', stages({ limit: 1 }, { limit: 1, machine: 'm' }), [1]],
    ['limit does not count other names', stages({ name: 'other', status: 'running' }, { limit: 1 }), [2]],
    ['limit does not count other repositories', stages({ repo_id: 8, status: 'running' }, { limit: 1 }), [2]],
    [
      'throttle counts all older ones of the repository',
      stages({ name: 'a', throttle: 1 }, { name: 'b', throttle: 1 }),
      [1],
    ],
    [
      'throttle does not count younger ones',
      stages({ throttle: 1 }, { status: 'running', throttle: 1 }),
      [1],
    ],
    ['a done one counts nowhere', stages({ status: 'success', limit: 1 }, { limit: 1 }), [2]],
  ];
  it.each(rows)('%s', (_name, given, expected) => {
    expect(candidates(given).map((stage) => stage.id)).toEqual(expected);
  });
});
