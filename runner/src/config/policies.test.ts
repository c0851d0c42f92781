import { describe, expect, it } from 'vitest';
import { parsePolicies } from './policies.ts';

const FULL = `
kind: policy
name: large
match:
  repo: [acme/*]
  event: { include: push, exclude: [cron] }
  branch: main
metadata:
  namespace: drone-
  labels: { team: core, cost: 7 }
  annotations: { note: yes-please }
resources:
  request: { cpu: 500, memory: 1GiB }
  limit: { cpu: "1000" }
node_selector: { pool: large }
service_account: builder
tolerations:
- { key: dedicated, operator: Equal, value: ci, effect: NoSchedule, toleration_seconds: 30 }
---
name: default
`;

describe('parsePolicies', () => {
  it('reads every key, and several documents', () => {
    const { policies, warnings } = parsePolicies(FULL);
    expect(warnings).toEqual([]);
    expect(policies).toHaveLength(2);
    expect(policies[0]).toEqual({
      name: 'large',
      match: {
        branch: { include: ['main'], exclude: [] },
        event: { include: ['push'], exclude: ['cron'] },
        repo: { include: ['acme/*'], exclude: [] },
      },
      namespace: 'drone-',
      labels: { team: 'core', cost: '7' },
      annotations: { note: 'yes-please' },
      requests: { cpuMillicores: 500, memoryBytes: 1_073_741_824 },
      limits: { cpuMillicores: 1000, memoryBytes: 0 },
      nodeSelector: { pool: 'large' },
      serviceAccount: 'builder',
      tolerations: [
        { key: 'dedicated', operator: 'Equal', value: 'ci', effect: 'NoSchedule', tolerationSeconds: 30 },
      ],
    });
    expect(policies[1]).toMatchObject({ name: 'default', match: {}, tolerations: [] });
  });

  it('known issue 44: reports misspelt keys, above all in match, where they would match everything', () => {
    const { warnings } = parsePolicies('match: { repos: [a/*] }\nresources: { requests: { cpu: 1 } }');
    expect(warnings).toEqual([
      expect.stringMatching(/policy 1.match: unknown key "repos".*repo,/),
      expect.stringMatching(/policy 1.resources: unknown key "requests"/),
    ]);
  });

  it('known issue 44: skips an empty document', () => {
    const { policies, warnings } = parsePolicies('---\nname: a\n---\n---\nname: b\n');
    expect(policies.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(warnings).toEqual([expect.stringMatching(/policy 2 is empty/)]);
  });

  it('reads scalars by the rules of pipelines: texts as written, numbers in every form', () => {
    const { policies } = parsePolicies(`
name: 2001-01-01
metadata: { namespace: n, labels: { version: 1.10, mode: 010, on: yes, a: !!str 1 } }
resources: { request: { cpu: 0.5 }, limit: { cpu: 0x10, memory: 1.5GiB } }
`);
    expect(policies[0]).toMatchObject({
      name: '2001-01-01',
      namespace: 'n',
      labels: { version: '1.10', mode: '010', on: 'yes', a: '1' },
      requests: { cpuMillicores: 0 },
      limits: { cpuMillicores: 16, memoryBytes: 1_610_612_736 },
    });
  });

  it('tells the line of broken YAML', () => {
    expect(() => parsePolicies('name: a\n---\nb: [}\nc: d')).toThrow(/^line 3: /);
  });

  it.each([
    [
      'an invalid memory size',
      'resources: { request: { memory: much } }',
      'policy 1.resources.request.memory',
    ],
    ['a cpu with a unit', 'resources: { request: { cpu: 500m } }', 'policy 1.resources.request.cpu'],
    ['tolerations that are not a list', 'tolerations: { key: a }', 'policy 1.tolerations must be a list'],
    ['nested labels', 'metadata: { labels: { a: { b: c } } }', 'policy 1.metadata.labels.a must be a text'],
    ['a text instead of a map', 'just text', 'policy 1 must be a map'],
    ['broken YAML', 'a: [', ''],
  ])('refuses %s and names its place', (_, text, want) => {
    expect(() => parsePolicies(text)).toThrow(want);
  });
});
