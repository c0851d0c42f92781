import { describe, expect, it } from 'vitest';
import { commandLine } from './testing/command-line.ts';

const HEAD = 'kind: pipeline\ntype: kubernetes\n';
/** `line:column message` of each finding, whose lines begin with 3; messages are cut. */
const found = async (...lines: string[]): Promise<readonly string[]> => {
  const text = `${HEAD}${lines.join('\n')}\n`;
  const { printed } = await commandLine(['lint', '--repo-trusted', 'a.yml'], { 'a.yml': text });
  return printed.map((one) => one.replace('a.yml:', ''));
};
const starting = (...texts: string[]) => texts.map((text) => expect.stringContaining(text) as string);

describe('lint finds', () => {
  it('what is refused beside values of a wrong type', async () => {
    expect(
      await found(
        'parallelism: x',
        'node_name: A b',
        'steps:',
        '- { name: a, image: B, detach: often, user: -1 }',
        '- { name: b, image: c, depends_on: [[a], d], when: { branch: { include: {} }, event: [[tag]] } }',
      ),
    ).toEqual(
      starting(
        '3:14: yaml: cannot unmarshal !!str `x` into int',
        '4:12: node_name "A b"',
        '6:21: step "a": "B" is not a valid image name',
        '6:32: yaml: cannot unmarshal !!str `often` into bool',
        '6:45: step "a": user -1',
        '7:37: yaml: cannot unmarshal !!seq into string',
        '7:42: linter: unknown step dependency detected: b references d',
        '7:73: yaml: cannot unmarshal !!map into []string',
        '7:87: yaml: cannot unmarshal !!seq into string',
      ),
    );
  });

  it('nothing that only follows from a value of a wrong type', async () => {
    expect(
      await found(
        'volumes: [{ name: [v], temp: {} }, { name: w, temp: 1 }]',
        'steps:',
        '- { name: {}, image: [a], volumes: [{ name: v, path: /v }, 1] }',
        '- { name: b, image: c, depends_on: [a] }',
        '- 1',
      ),
    ).toEqual(
      starting(
        '3:19: yaml: cannot unmarshal !!seq',
        '3:53: yaml: cannot unmarshal !!int',
        '5:11: yaml: cannot unmarshal !!map',
        '5:22: yaml: cannot unmarshal !!seq',
        '5:60: yaml: cannot unmarshal !!int',
        '7:3: yaml: cannot unmarshal !!int',
      ),
    );
    expect(await found('steps: 1')).toEqual(starting('3:8: yaml: cannot unmarshal !!int'));
    expect(await found('steps: []')).toEqual(starting('3:8: warning: pipeline default has no steps'));
  });

  it('all errors of YAML, but not what only follows from one of them', async () => {
    expect(
      await found(
        'steps:',
        '- name: a',
        '  image: x: 1',
        '  image: @y',
        '- name: "\\q"',
        '  image: z',
        '    commands: [a]',
        '- name: b',
        '  image: "c',
      ),
    ).toEqual(
      starting(
        '5:10: yaml: Nested mappings are not allowed',
        '6:10: yaml: Plain value cannot start with reserved character @',
        '7:10: yaml: Invalid escape sequence \\q',
        '8:10: yaml: Nested mappings are not allowed',
        '12:1: yaml: Missing closing "quote',
      ),
    );
    const ended = await commandLine(['lint', 'a.yml'], { 'a.yml': '- a\nb: c\nd: e\n' });
    expect(ended.printed).toEqual(['a.yml:2:1: yaml: Unexpected scalar at node end']);
    const open = await commandLine(['lint', 'a.yml'], { 'a.yml': 'a: @\nd: [e' });
    expect(open.printed.map((one) => one.split(' ')[0])).toEqual(['a.yml:1:4:', 'a.yml:2:6:']);
    expect(await found(...Array.from({ length: 80 }, (_, nth) => `k${nth}: @`))).toHaveLength(50);
  });

  it('that a value which ends with an empty variable is no value', async () => {
    expect(
      await found('steps:', '- name: a', '  image: app:${NONE}', '- { name: b, image: "app:${NONE}" }'),
    ).toEqual([
      '5:10: yaml: Nested mappings are not allowed in compact mappings: put quotes around a value that ends with a colon; if a variable is behind the colon, it is empty',
    ]);
    expect(await found('steps:', '- name: a', '  image: x: 1')).toEqual([
      '5:10: yaml: Nested mappings are not allowed in compact mappings: put quotes around a value with a colon before a space',
    ]);
  });

  it('all values that their tags do not fit', async () => {
    expect(
      await found(
        'name: !!int x',
        'steps:',
        '- { name: a, image: !!binary "#", user: -1 }',
        'unknown: !!int x',
      ),
    ).toEqual(
      starting(
        '3:13: yaml: cannot decode !!str `x` as a !!int',
        '5:30: yaml: !!binary value contains invalid base64 data',
        '5:41: step "a": user -1',
        '6:1: warning: unknown key',
      ),
    );
  });

  it('all wrong items of lists and maps', async () => {
    expect(
      await found(
        'node_selector: { "a b": c, fine: fine, d: "e f" }',
        'host_aliases: [{ ip: x, hostnames: [_, h, " "] }]',
        'dns_config: { nameservers: [a, 1.1.1.1, b], searches: ["c d"], options: [{}] }',
        'tolerations: [{ key: "a b", operator: In, effect: No }]',
        'volumes: [{ name: v, claim: { name: A } }, { name: w, secret: { name: B } }]',
        'steps:',
        '- { name: a, image: b, volumes: [{ name: v, path: "/x:y" }, { name: u, path: /u }, { name: w, path: "/z:z" }] }',
      ),
    ).toEqual(
      starting(
        '3:25: node_selector: key "a b"',
        '3:43: node_selector: d cannot be "e f"',
        '4:22: host_aliases: "x"',
        '4:37: host_aliases: "_"',
        '4:43: host_aliases: " "',
        '5:29: dns_config: nameserver "a"',
        '5:41: dns_config: nameserver "b"',
        '5:56: dns_config: search domain "c d"',
        '5:74: dns_config: an option has no name',
        '6:22: tolerations, key "a b": the key',
        '6:39: tolerations, key "a b": operator',
        '6:51: tolerations, key "a b": effect',
        '7:29: volume "v": "A"',
        '7:63: volume "w": "B"',
        '9:51: step "a" cannot mount a volume at "/x:y"',
        '9:69: linter: step a mounts unknown volume u',
        '9:101: step "a" cannot mount a volume at "/z:z"',
      ),
    );
  });

  it('all that is wrong in affinities and constraints', async () => {
    const expressions = '[{ key: "a b", operator: Is, values: ["c d"] }, { key: e, operator: In }]';
    expect(
      await found(
        'affinity:',
        '  node_affinity:',
        '    required_during_scheduling_ignored_during_execution:',
        `      node_selector_terms: [{ match_expressions: ${expressions} }, {}]`,
        'topology_spread_constraints: [{ max_skew: 0, when_unsatisfiable: Never }]',
        'steps: [{ name: a, image: b }]',
      ),
    ).toEqual(
      starting(
        '6:58: affinity.node_affinity',
        '6:75: affinity.node_affinity',
        '6:88: affinity.node_affinity',
        '6:98: affinity.node_affinity',
        '6:127: affinity.node_affinity',
        '7:31: topology_spread_constraints[0].topology_key',
        '7:43: topology_spread_constraints[0].max_skew',
        '7:66: topology_spread_constraints[0].when_unsatisfiable',
      ),
    );
  });

  it('all that is wrong in the parts of an affinity, and of a platform', async () => {
    const [required, preferred] = ['required', 'preferred'].map(
      (word) => `${word}_during_scheduling_ignored_during_execution`,
    );
    expect(
      await found(
        'platform: { os: windows, arch: "a b" }',
        'affinity:',
        '  node_affinity:',
        `    ${required}: { node_selector_terms: [] }`,
        `    ${preferred}: [{ weight: 0, preference: { match_fields: [] } }]`,
        '  pod_affinity:',
        `    ${required}: [{ topology_key: "a b" }]`,
        `    ${preferred}: [{ weight: 101, pod_affinity_term: { topology_key: a } }]`,
        '  pod_anti_affinity:',
        `    ${required}: [{ topology_key: "c d" }]`,
        'steps: [{ name: a, image: b }]',
      ),
    ).toEqual(
      starting(
        '3:11: platform: kubernetes.io/arch',
        '3:17: platform.os',
        `6:81: affinity.node_affinity.${required}.node_selector_terms must not be empty`,
        `7:70: affinity.node_affinity.${preferred}[0].weight`,
        `7:85: affinity.node_affinity.${preferred}[0].preference`,
        `9:75: affinity.pod_affinity.${required}[0].topology_key`,
        `10:70: affinity.pod_affinity.${preferred}[0].weight`,
        `12:75: affinity.pod_anti_affinity.${required}[0].topology_key`,
      ),
    );
  });

  it('all that is wrong in security contexts, each once for all steps', async () => {
    const wrong = 'seccomp_profile: { type: X }, app_armor_profile: { type: Localhost }';
    expect(
      await found(
        `security_context: { run_as_user: -1, run_as_group: -1, fs_group: -1, ${wrong} }`,
        'steps:',
        '- { name: a, image: x }',
        `- { name: b, image: x, security_context: { capabilities: { add: [Y] }, ${wrong} } }`,
      ),
    ).toEqual(
      starting(
        '3:34: security_context.run_as_user',
        '3:52: security_context.run_as_group',
        '3:66: security_context.fs_group',
        '3:95: security_context.seccomp_profile.type',
        '3:119: security_context.app_armor_profile.localhost_profile',
        '6:66: steps[1].security_context.capabilities.add[0]',
        '6:97: steps[1].security_context.seccomp_profile.type',
        '6:121: steps[1].security_context.app_armor_profile.localhost_profile',
      ),
    );
  });

  it('all that is wrong in the resources of a step', async () => {
    expect(
      await found(
        'metadata: { annotations: { hangar.dev/resources: steps } }',
        'steps:',
        '- name: a',
        '  image: x',
        '  resources:',
        '    requests: { cpu: 2, memory: 2MiB, ephemeral_storage: 2GiB }',
        '    limits: { cpu: 1, memory: 1MiB, ephemeral_storage: 1GiB, acme.test/gpu: -1 }',
      ),
    ).toEqual(
      starting(
        '8:22: step "a", resources: the request of cpu',
        '8:33: step "a", resources: the request of memory',
        '8:58: step "a", resources: the request of ephemeral_storage',
        '9:77: step "a", resources: acme.test/gpu',
      ),
    );
  });

  it('steps with the names of those that the runner adds for caches, and what else is wrong', async () => {
    expect(
      await found(
        'volumes: [{ name: c, cache: {} }]',
        'steps:',
        '- { name: restore-cache, image: x, commands: [y], volumes: [{ name: c, path: /c }] }',
        '- { name: save-cache, image: X, depends_on: [restore-cache] }',
        'dns_policy: Cluster',
      ),
    ).toEqual(
      starting(
        '5:11: step "restore-cache"',
        '6:11: step "save-cache": in a pipeline with a cache',
        '6:30: step "save-cache": "X" is not a valid image name',
        '7:13: dns_policy',
      ),
    );
  });

  it('documents that no runner reads', async () => {
    const text =
      'pipeline:\n  build:\n    image: golang\n---\n# nothing\n---\nkind: pipeline\ntype: docker\n';
    expect((await commandLine(['lint', 'a.yml'], { 'a.yml': text })).printed).toEqual(
      starting('a.yml:1:1: warning: the document is skipped, because it has no `kind`'),
    );
  });

  it('what is refused beside wrong expressions, in other lines', async () => {
    expect(
      await found(
        'steps:',
        '- name: ${X/}',
        '  image: ${DRONE_BRANCH',
        '- { name: b, image: C, depends_on: [d] }',
      ),
    ).toEqual(starting('4:9: ', '5:10: ', '6:21: step "b": "C"', '6:37: linter: unknown step'));
  });
});
