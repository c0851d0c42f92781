import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { aBuild, aDetail, anImage, aRepo, someSettings } from '../compile/testing/a-pipeline.ts';

import { parseManifest } from '../parse/manifest.ts';
import { substitutedText } from '../parse/pipeline-file.ts';
import { valuePlaces } from '../parse/value-places.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { type DraftParts, draft } from './draft.ts';

const never = new AbortController().signal;
const YAML = `
kind: pipeline
type: kubernetes
name: default
steps:
- name: test
  image: busybox
  commands: [ 'echo \${DRONE_BUILD_NUMBER} \${GREETING}' ]
`;

function partsOf(changes: Partial<DraftParts> = {}): DraftParts {
  const clock = new FakeClock();
  let dice = 0;
  return {
    clock,
    random: () => (dice++ % 36) / 36,
    settings: someSettings(),
    nameKey: Buffer.from('key'),
    access: { repos: [], events: [], trusted: false },
    namespaceRules: {},
    parser: {
      parse: (file) => Promise.try(() => parseManifest(substitutedText(file))),
      places: (file, wanted) => Promise.try(() => valuePlaces(file, wanted)),
    },
    fileLimitBytes: 4_096,
    prepare: {
      clock,
      environment: { GREETING: 'hello' },
      runnerSecrets: {},
      secretPlugin: undefined,
      registryPlugin: undefined,
      environmentPlugin: undefined,
      readDockerConfig: () => Promise.resolve(undefined),
      images: { find: () => Promise.resolve({ kind: 'found', config: anImage() }) },
    },
    ...changes,
  };
}

const drafted = (yaml: string, changes: Partial<DraftParts> = {}, more: Parameters<typeof aDetail>[0] = {}) =>
  draft(partsOf(changes), aDetail({ yaml, ...more }), never);

describe('a draft', () => {
  it('turns the server’s details into the objects to create in the cluster', async () => {
    const { plan, pod, secrets } = await drafted(YAML);
    expect(plan.steps.map(({ name, engine }) => [name, engine])).toEqual([
      ['clone', 'gate'],
      ['test', 'gate'],
    ]);
    expect(pod.metadata?.name).toMatch(/^drone-[a-z0-9]{20}$/);
    expect(plan.nonce).toMatch(/^[a-z0-9]{8}$/);
    const script = Buffer.from(secrets[0]?.data?.['2.script'] ?? '', 'base64').toString();
    expect(script).toContain('echo 12 hello');
  });

  it('gives the Pod of a stage the same name each time, and the Pod of another stage a different one', async () => {
    const parts = partsOf({ random: Math.random });
    const nameOf = async (detail: StageDetail) => (await draft(parts, detail, never)).pod.metadata?.name;
    const detail = aDetail({ yaml: YAML });
    const other = { ...detail, stage: { ...detail.stage, id: detail.stage.id + 1 } };
    const names = await Promise.all([detail, detail, other].map(nameOf));
    expect([new Set(names).size, names[0] === names[1]]).toEqual([2, true]);
  });

  it('has an empty plan if no step can run', async () => {
    const yaml = `${YAML}  when: { event: [ tag ] }\nclone: { disable: true }\n`;
    expect((await drafted(yaml)).plan.steps).toEqual([]);
  });

  it('records whether an earlier stage has failed', async () => {
    expect((await drafted(YAML)).plan.buildFailed).toBeUndefined();
    const failed = await drafted(YAML, {}, { build: aBuild({ status: 'failure' }) });
    expect(failed.plan.buildFailed).toBe(true);
  });

  it('collects the warnings of all parts', async () => {
    const images = { find: () => Promise.resolve({ kind: 'unknown' as const, why: 'no answer' }) };
    const { prepare } = partsOf();
    const { warnings } = await drafted(YAML, { prepare: { ...prepare, images } });
    expect(warnings).toEqual([expect.stringMatching(/drone\/git:latest could not be looked up/)]);
  });
});

describe('a pipeline that can’t be drafted is rejected with the reason', () => {
  it.each([
    [
      'a repository that this runner does not accept',
      YAML,
      { access: { repos: ['acme/other'], events: [], trusted: false } },
      'not-allowed',
      'operator',
      /insufficient permission/,
    ],
    ['a text that is no YAML', 'kind: [', {}, 'yaml', 'pipeline', /./],
    [
      'an expression that can’t be parsed',
      'name: ${DRONE_COMMIT:0:-1}\n${',
      {},
      'substitution',
      'pipeline',
      /./,
    ],
    [
      'a pipeline that does not exist',
      'kind: pipeline\ntype: kubernetes\nname: other\n',
      {},
      'yaml',
      'pipeline',
      /resource not found/,
    ],
    [
      'a step without an image',
      YAML.replace('image: busybox', ''),
      {},
      'lint',
      'pipeline',
      /linter: invalid or missing image/,
    ],
  ] as const)('%s', async (...[, yaml, changes, code, blame, message]) => {
    await expect(drafted(yaml, changes)).rejects.toMatchObject({
      code,
      blame,
      message: expect.stringMatching(message) as string,
    });
  });

  it('a file that exceeds the limit, before substitution or after', async () => {
    const tooLarge = {
      code: 'pipeline-too-large',
      message: expect.stringMatching(/at most 4096 \(HANGAR_PIPELINE_LIMIT\)/) as string,
    };
    await expect(drafted(`${YAML}#${'ü'.repeat(2_000)}`)).rejects.toMatchObject(tooLarge);
    const message = 'x'.repeat(4_000);
    const after = drafted(`${YAML}# \${DRONE_COMMIT_MESSAGE}`, {}, { build: aBuild({ message }) });
    await expect(after).rejects.toMatchObject(tooLarge);
    await expect(drafted(`${YAML}#${'x'.repeat(3_800)}`)).resolves.toBeDefined();
  });

  it('a feature that only trusted repositories may use', async () => {
    const yaml = `${YAML}  privileged: true\n`;
    await expect(drafted(yaml)).rejects.toMatchObject({ code: 'lint' });
    await expect(drafted(yaml, {}, { repo: aRepo({ trusted: true }) })).resolves.toBeDefined();
  });
});
