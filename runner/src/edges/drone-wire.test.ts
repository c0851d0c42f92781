import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DroneStage, DroneStep, Status } from '../pipeline/drone.ts';
import {
  detailFromWire,
  filterToWire,
  linesToWire,
  stageFromWire,
  stagePartFromWire,
  stageToWire,
  stepFromWire,
  stepToWire,
} from './drone-wire.ts';

const status = fc.constantFrom<Status>(
  'pending',
  'running',
  'success',
  'failure',
  'error',
  'killed',
  'skipped',
);
const int = fc.nat(2 ** 31);
const text = fc.string();
const step: fc.Arbitrary<DroneStep> = fc.record({
  id: int,
  stageId: int,
  number: int,
  name: text,
  status,
  error: text,
  errIgnore: fc.boolean(),
  exitCode: int,
  started: int,
  stopped: int,
  version: int,
  dependsOn: fc.array(text),
  image: text,
  detached: fc.boolean(),
  schema: text,
});
const stage: fc.Arbitrary<DroneStage> = fc.record({
  ...{
    id: int,
    repoId: int,
    buildId: int,
    number: int,
    limit: int,
    throttle: int,
    exitCode: int,
    version: int,
  },
  ...{ started: int, stopped: int, created: int, updated: int },
  ...{
    name: text,
    kind: text,
    type: text,
    error: text,
    machine: text,
    os: text,
    arch: text,
    variant: text,
    kernel: text,
  },
  ...{ errIgnore: fc.boolean(), onSuccess: fc.boolean(), onFailure: fc.boolean() },
  status,
  dependsOn: fc.array(text),
  labels: fc.dictionary(text, text),
  steps: fc.array(step, { maxLength: 3 }),
});

/** What the other side reads: JSON text and nothing else. */
const sent = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('stages and steps on the wire', () => {
  it('come back as they went: nothing is wiped by a PUT', () => {
    fc.assert(
      fc.property(stage, (one) => {
        expect(stageFromWire(sent(stageToWire(one)))).toEqual(plain(one));
      }),
    );
    fc.assert(
      fc.property(step, (one) => {
        expect(stepFromWire(sent(stepToWire(one)))).toEqual(one);
      }),
    );
  });

  it('carry the id of the stage under the name step_id', () => {
    const [one] = fc.sample(step, 1);
    expect(one && stepToWire(one)).toMatchObject({ id: one?.id, step_id: one?.stageId });
  });

  it('carry whole numbers only, since Go refuses others', () => {
    const [one] = fc.sample(step, 1);
    const odd = { ...(one as DroneStep), started: 1_768_383_013.9, stopped: Number.NaN };
    expect(stepToWire(odd)).toMatchObject({ started: 1_768_383_013, stopped: 0 });
    expect(linesToWire([{ pos: 1.2, out: 'a\n', time: 7.9 }])).toEqual([{ pos: 1, out: 'a\n', time: 7 }]);
  });

  it.each([
    ['missing', {}],
    ['null', { id: null, name: null, depends_on: null, labels: null, steps: null, status: null }],
    ['zero and empty', { id: 0, name: '', depends_on: [], labels: {}, steps: [], status: '' }],
    ['of the wrong type', { id: '63', name: 7, depends_on: 'x', labels: [], steps: {}, status: 'sleeping' }],
    ['no object', 'hello'],
  ])('members that are %s are one and the same', (_, raw) => {
    expect(stageFromWire(raw)).toEqual(stageFromWire({}));
    expect(stageFromWire(raw)).toMatchObject({
      id: 0,
      name: '',
      dependsOn: [],
      labels: {},
      steps: [],
      status: 'pending',
    });
  });

  it('an accept answer overlays only what it speaks of', () => {
    expect(stagePartFromWire({ id: 63, version: 2, updated: 5, labels: null })).toEqual({
      id: 63,
      version: 2,
      updated: 5,
    });
  });
});

describe('the filter', () => {
  it('leaves the platform empty and omits labels where there are none', () => {
    const platform = { os: '', arch: '', variant: '', kernel: '' };
    expect(filterToWire({ kind: 'pipeline', type: 'kubernetes', labels: {} })).toEqual({
      kind: 'pipeline',
      type: 'kubernetes',
      ...platform,
    });
    expect(filterToWire({ kind: 'pipeline', type: 'kubernetes', labels: { pool: 'large' } })).toMatchObject({
      labels: { pool: 'large' },
    });
  });
});

describe('the detail', () => {
  const raw = {
    repository: {
      id: 7,
      slug: 'acme/widget',
      timeout: 0,
      secret: 'key',
      signer: 's',
      build: {},
      visibility: 'private',
      private: true,
    },
    build: {
      id: 41,
      number: 12,
      status: 'pending',
      event: 'push',
      params: { A: 'b' },
      stages: [{ id: 63, status: 'error' }],
    },
    stage: { id: 63, machine: 'me' },
    config: { Data: 'a2luZDogcGlwZWxpbmUKdHlwZToga3ViZXJuZXRlcwpuYW1lOiBkZWZhdWx0Cg==', Hash: null },
    secrets: null,
    system: { proto: 'https', host: 'drone.acme.test' },
    netrc: null,
  };

  it('decodes the YAML and leaves the key out of what plugins get', () => {
    const detail = detailFromWire(raw);
    expect(detail.yaml).toBe('kind: pipeline\ntype: kubernetes\nname: default\n');
    expect(detail.repo).toMatchObject({ secret: 'key', timeoutMinutes: 60, private: true });
    expect(detail.rawRepo).toEqual({
      id: 7,
      slug: 'acme/widget',
      timeout: 0,
      visibility: 'private',
      private: true,
    });
    expect(detail.rawBuild).toEqual(raw.build);
    expect(detail.build).toMatchObject({ params: { A: 'b' }, stages: [{ id: 63, status: 'error' }] });
  });

  it('takes null secrets and netrc as none', () => {
    expect(detailFromWire(raw)).toMatchObject({ secrets: [], netrc: undefined });
  });

  it('reads secrets and netrc where there are some', () => {
    const netrc = { machine: 'git.acme.test', login: 'l', password: 'p' };
    const secrets = [{ id: 3, name: 'api_token', data: 's3cr3t', pull_request: true }];
    expect(detailFromWire({ ...raw, netrc, secrets })).toMatchObject({
      netrc,
      secrets: [{ name: 'api_token', data: 's3cr3t', pullRequest: true }],
    });
  });
});

/** fast-check builds dictionaries without a prototype. */
function plain(one: DroneStage): DroneStage {
  return { ...one, labels: { ...one.labels } };
}
