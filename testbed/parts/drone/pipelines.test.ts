import { describe, expect, it } from 'vitest';
import { plansFromYaml } from './pipelines.ts';

describe('stages from the YAML', () => {
  it('carry name, dependencies, labels, platform, limit', () => {
    const yaml = `
kind: pipeline
type: kubernetes
name: test
---
kind: pipeline
type: kubernetes
name: deploy
depends_on: [test]
node: { pool: large, cores: 8 }
platform: { os: windows, arch: arm64, variant: v8, version: 1809 }
concurrency: { limit: 2 }
---
kind: secret
name: token
`;

    expect(plansFromYaml(yaml)).toMatchObject([
      { name: 'test', os: 'linux', arch: 'amd64', limit: 0, labels: {}, depends_on: [] },
      {
        ...{ name: 'deploy', depends_on: ['test'], labels: { pool: 'large', cores: '8' } },
        ...{ os: 'windows', arch: 'arm64', variant: 'v8', kernel: '1809', limit: 2 },
      },
    ]);
  });

  it('a pipeline without a name is called default', () => {
    expect(plansFromYaml('kind: pipeline\ntype: kubernetes')).toMatchObject([{ name: 'default' }]);
  });

  it.each([
    ['nothing', '', true, false],
    ['status: [failure]', 'trigger: { status: [failure] }', false, true],
    ['status: success', 'trigger: { status: success }', true, false],
    ['both', 'trigger: { status: [success, failure] }', true, true],
    ['include', 'trigger: { status: { include: [failure] } }', false, true],
    ['exclude', 'trigger: { status: { exclude: [success] } }', false, true],
    ['other triggers only', 'trigger: { event: [push] }', true, false],
  ])('trigger with %s: on success %s, on failure %s', (_name, trigger, onSuccess, onFailure) => {
    const [plan] = plansFromYaml(`kind: pipeline\ntype: kubernetes\n${trigger}`);

    expect([plan?.on_success, plan?.on_failure]).toEqual([onSuccess, onFailure]);
  });

  it('pipelines of other types are left out, and dependencies on them dropped', () => {
    const yaml = 'kind: pipeline\nname: a\n---\nkind: pipeline\ntype: kubernetes\nname: b\ndepends_on: [a]';

    expect(plansFromYaml(yaml)).toMatchObject([{ name: 'b', depends_on: [] }]);
  });

  const head = 'kind: pipeline\ntype: kubernetes\nname: ';
  it.each([
    ['no pipeline', 'kind: secret', 'no document with kind: pipeline and type: kubernetes'],
    ['nothing', '', 'no document with kind: pipeline and type: kubernetes'],
    ['no YAML', 'a: [', 'the YAML cannot be read'],
    [
      'an unknown dependency',
      `${head}a\ndepends_on: [b]`,
      'pipeline a depends_on b, which the YAML does not define',
    ],
    [
      'a circle',
      `${head}a\ndepends_on: [b]\n---\n${head}b\ndepends_on: [a]`,
      'the pipelines a, b wait for each other',
    ],
    ['itself', `${head}a\ndepends_on: [a]`, 'the pipelines a wait for each other'],
    ['a name twice', `${head}a\n---\n${head}a`, 'two pipelines have the same name'],
  ])('%s is refused, saying why', (_name, yaml, message) => {
    expect(() => plansFromYaml(yaml)).toThrow(message);
  });
});
