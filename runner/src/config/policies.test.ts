import { describe, expect, it } from 'vitest';
import { OPEN_RULES, rulesFor } from '../restrict/restrictions.ts';
import type { TrustLevel } from '../restrict/trust-level.ts';
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
    ['nested labels', 'metadata: { labels: { a: { b: c } } }', 'policy 1.metadata.labels.a must be a string'],
    ['a text instead of a map', 'just text', 'policy 1 must be a map'],
    ['broken YAML', 'a: [', ''],
  ])('refuses %s and names its place', (_, text, want) => {
    expect(() => parsePolicies(text)).toThrow(want);
  });
});

describe('restrictions in a policy file', () => {
  const text = `
kind: restrictions
match: { repo: [acme/deploy, infra/*] }
service_accounts: { ordinary: [deploy-*, release], fork: none }
max_request_cpu: { ordinary: 64 }
---
kind: policy
name: p
---
kind: restrictions
service_accounts: { ordinary: other }
`;

  it('are rules for some repositories, and no policies', () => {
    const { policies, repositories, warnings } = parsePolicies(text);
    expect(policies.map(({ name }) => name)).toEqual(['p']);
    expect(warnings).toEqual([]);
    expect(repositories[0]?.rules.serviceAccounts).toEqual({ fork: [], ordinary: ['deploy-*', 'release'] });
    expect(repositories[0]?.rules.requestCpu).toEqual({ ordinary: 64_000 });
    expect(repositories[0]?.rules.nodes).toEqual({});
  });

  it('apply to the repositories that match; the first that has a rule for the level counts, else the settings', () => {
    const restrictions = { rules: OPEN_RULES, repositories: parsePolicies(text).repositories };
    const accounts = (level: TrustLevel, slug: string) => rulesFor(restrictions, level, slug).serviceAccounts;
    expect(accounts('ordinary', 'infra/x')).toEqual(['deploy-*', 'release']);
    expect(accounts('ordinary', 'infra/x/y')).toEqual(['other']);
    expect(accounts('fork', 'acme/deploy')).toEqual([]);
    expect(accounts('fork', 'acme/other')).toBe('any');
    expect(rulesFor(restrictions, 'trusted', 'acme/deploy').requestCpu).toBe('any');
  });

  it.each([
    ['an unknown rule', 'service_account: { fork: none }', 'unknown key "service_account"'],
    ['an unknown level', 'service_accounts: { forks: none }', 'unknown key "forks"'],
    ['a match by a branch, which authors choose', 'match: { branch: main }', 'unknown key "branch"'],
    ['an invalid value', 'max_request_cpu: { fork: lots }', 'is not an amount above 0; write any, or CPU'],
    ['an empty value', 'nodes: { fork: }', 'has an empty value'],
  ])('are refused with %s', (_sentence, line, problem) => {
    expect(() => parsePolicies(`kind: restrictions\n${line}`)).toThrow(problem);
  });
});
