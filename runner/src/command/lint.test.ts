import { describe, expect, it } from 'vitest';
import { commandLine, stepsOf } from './testing/command-line.ts';

const linted = (files: Readonly<Record<string, string>>, ...flags: string[]) =>
  commandLine(['lint', ...flags, ...Object.keys(files)], files);

const GOOD = stepsOf('- { name: a, image: alpine, commands: [true] }');
const HOST_VOLUME = `${GOOD}volumes:\n- name: sock\n  host: { path: /run/docker.sock }\n`;

describe('lint', () => {
  it('prints nothing for a valid file', async () => {
    expect(await linted({ 'a.yml': GOOD })).toMatchObject({ code: 0, printed: [], complained: [] });
  });

  it('reports file, line and column of every problem, of all files', async () => {
    const { code, printed } = await linted({
      'a.yml': stepsOf('- { name: a, image: "" }', '- { name: b, image: c, depends_on: [x] }'),
      'b.yml': stepsOf('- name: a', '  image: ""'),
    });
    expect(printed).toEqual([
      'a.yml:5:21: linter: invalid or missing image',
      'a.yml:6:37: linter: unknown step dependency detected: b references x',
      'b.yml:6:10: linter: invalid or missing image',
    ]);
    expect(code).toBe(1);
  });

  it('counts lines in the whole file, and finds problems in each document', async () => {
    const { printed } = await linted({
      'a.yml': `${stepsOf('- { name: a, image: "" }')}---\n${stepsOf('- { name: b, image: "" }')}`,
    });
    expect(printed).toEqual([
      'a.yml:5:21: linter: invalid or missing image',
      'a.yml:11:21: linter: invalid or missing image',
    ]);
  });

  it('reports the column of a syntax error, which does not hide problems in the next document', async () => {
    const { code, printed } = await linted({
      'a.yml': `kind: pipeline\ntype: kubernetes\nsteps: [a: b: c]\n---\n${stepsOf('- { name: b, image: "" }')}`,
    });
    expect(printed).toHaveLength(2);
    expect(printed[0]).toMatch(/^a\.yml:3:(?!1:)\d+: yaml: /);
    expect(printed[1]).toBe('a.yml:9:21: linter: invalid or missing image');
    expect(code).toBe(1);
  });

  it('reports each value of a wrong type with its line', async () => {
    const { printed } = await linted({
      'a.yml': `${stepsOf('- { name: a, image: alpine, detach: often }')}clone:\n  depth: deep\n`,
    });
    expect(printed).toEqual([
      'a.yml:5:37: yaml: cannot unmarshal !!str `often` into bool',
      'a.yml:7:10: yaml: cannot unmarshal !!str `deep` into int',
    ]);
  });

  it('reports the line of parser errors whose message has none', async () => {
    const twice = stepsOf('- { name: a, image: b }', '- { name: a, image: b }');
    expect((await linted({ 'a.yml': `kind: secret\n---\n${twice}` })).printed).toEqual([
      'a.yml:8:11: Linter: duplicate step name',
    ]);
  });

  it('skips pipelines of other types', async () => {
    const other = 'kind: pipeline\ntype: docker\nsteps:\n- { name: a }\n';
    expect(await linted({ 'a.yml': other })).toMatchObject({ code: 0, printed: [] });
    expect(await linted({ 'a.yml': `${other}---\n${stepsOf('- { name: a }')}` })).toMatchObject({ code: 1 });
  });

  it.each([
    ['as it is', [], 1],
    ['trusted', ['--repo-trusted'], 0],
    ['trusted, in the words of no other command', ['--trusted'], 2],
  ] as const)('checks a host volume of a repository %s', async (_, flags, code) => {
    expect(await linted({ 'a.yml': HOST_VOLUME }, ...flags)).toMatchObject({ code });
  });

  it('accepts variables that only a build has, and uses those that are given', async () => {
    const yaml = stepsOf('- { name: a, image: "app:${DRONE_TAG}", commands: [true] }').replaceAll('"', '');
    expect(await linted({ 'a.yml': yaml })).toMatchObject({ code: 0 });
    const named = stepsOf('- { name: a, image: "${DRONE_REPO_NAME}", depends_on: ["${DRONE_REPO_NAME}"] }');
    expect((await linted({ 'a.yml': named }, '--repo-name', 'x')).printed).toEqual([
      'a.yml:5:56: linter: unknown step dependency detected: a references x',
    ]);
  });

  it('refuses a broken substitution', async () => {
    expect(await linted({ 'a.yml': stepsOf('- { name: a, image: "${DRONE_TAG" }') })).toMatchObject({
      code: 1,
      printed: ['a.yml:5:22: missing closing brace'],
    });
  });

  it.each([
    ['known issue 39: Windows', 'platform: { os: windows }', 17, 'platform.os is windows'],
    ['an invalid label', 'metadata: { labels: { "a b": c } }', 30, 'metadata.labels'],
    ['an invalid service account', 'service_account_name: A b', 23, 'service_account_name'],
    ['a workspace with a colon', 'workspace: { path: "/a:b" }', 20, 'cannot be mounted'],
    ['an invalid DNS server', 'dns_config: { nameservers: [dns] }', 29, 'dns_config'],
    ['an invalid namespace', 'metadata: { namespace: A }', 24, 'cannot be a namespace'],
  ])('finds what the compiler refuses: %s', async (_, fields, column, message) => {
    const { code, printed } = await linted({ 'a.yml': `${GOOD}${fields}\n` });
    expect(printed).toEqual([expect.stringMatching(new RegExp(`^a\\.yml:6:${column}: .*${message}`))]);
    expect(code).toBe(1);
  });

  it('finds the step that the compiler refuses', async () => {
    const yaml = stepsOf('- { name: a, image: alpine }', '- { name: b, image: "Alpine:latest" }');
    expect((await linted({ 'a.yml': yaml })).printed).toEqual([
      expect.stringMatching(/^a\.yml:6:21: step "b": "Alpine:latest" is not a valid image name/),
    ]);
  });

  it.each(['branch: main', 'event: tag', 'status: [failure]', 'cron: nightly'])(
    'finds what is refused in a step that runs only when %s',
    async (condition) => {
      const steps = stepsOf(
        '- { name: a, image: alpine }',
        `- { name: c, image: "Bad", when: { ${condition} } }`,
      );
      const { code, printed } = await linted({ 'a.yml': steps });
      expect(printed).toEqual([
        expect.stringMatching(/^a\.yml:6:21: step "c": "Bad" is not a valid image name/),
      ]);
      expect(code).toBe(1);
    },
  );

  it('refuses no steps that are too many only if those of all branches run', async () => {
    const branch = (name: string) =>
      Array.from({ length: 400 }, (_, n) => `- { name: ${name}-${n}, image: b, when: { branch: ${name} } }`);
    expect((await linted({ 'a.yml': stepsOf(...branch('x'), ...branch('y')) })).printed).toEqual([]);
  });

  it('finds all that the compiler refuses, each once and at its place, with what the linter refuses', async () => {
    const yaml = [
      stepsOf(
        '- { name: a, image: "A", user: -1, volumes: [{ name: v, path: "/x:y" }] }',
        '- { name: b }',
      ).trimEnd(),
      'volumes: [{ name: v, temp: {} }, { name: w, secret: { name: A_b, default_mode: 9999 } }]',
      'platform: { os: windows }',
      'metadata: { namespace: A, labels: { "a b": c }, annotations: { "d e": f } }',
      'node_name: A b',
      'tolerations: [{ key: "a b" }, { key: c, operator: In }]',
      'host_aliases: [{ ip: x, hostnames: [h] }, { ip: 10.0.0.1, hostnames: [h, "_"] }]',
      'dns_config: { nameservers: [dns], options: [{ value: x }] }',
      '',
    ].join('\n');
    const { printed } = await linted({ 'a.yml': yaml }, '--repo-trusted');

    expect(
      printed.map((one) => /^a\.yml:(\d+:\d+): (.{14})/.exec(one)?.slice(1).join(' ')),
    ).toMatchInlineSnapshot(`
      [
        "5:21 step "a": "A" ",
        "5:32 step "a": user",
        "5:63 step "a" canno",
        "6:3 linter: invali",
        "7:53 volume "w": "A",
        "8:17 platform.os is",
        "9:24 metadata.names",
        "9:44 metadata.label",
        "9:71 metadata.annot",
        "10:12 node_name "A b",
        "11:22 tolerations, k",
        "11:51 tolerations, k",
        "12:22 host_aliases: ",
        "12:74 host_aliases: ",
        "13:29 dns_config: na",
        "13:45 dns_config: an",
      ]
    `);
  });

  it('leaves to trusted repositories what the previous runner let nobody choose', async () => {
    const yaml = `${GOOD.trimEnd()}\n- { name: b, image: c, security_context: { capabilities: { add: [SYS_ADMIN] } } }\n`;
    const refused = await linted({ 'a.yml': yaml });
    expect([refused.code, refused.printed]).toEqual([
      1,
      [expect.stringContaining('HANGAR_UNTRUSTED_CAPABILITIES allows none for untrusted repositories')],
    ]);
    expect(await linted({ 'a.yml': yaml }, '--repo-trusted')).toMatchObject({ code: 0, printed: [] });
  });

  it('finds each choice that no rule allows, at its place, and what else the compiler refuses', async () => {
    const yaml = [
      GOOD.trimEnd(),
      '- { name: b, image: plugins/docker, environment: { LD_PRELOAD: x, A: b } }',
      'metadata: { namespace: kube-system }',
      'priority_class_name: system-node-critical',
      'node_name: A b',
      '',
    ].join('\n');
    const title = 'not allowed in this build:';
    expect((await linted({ 'a.yml': yaml })).printed).toEqual([
      expect.stringContaining(`a.yml:6:64: ${title} variable "LD_PRELOAD" in privileged step "b"`),
      expect.stringContaining(`a.yml:7:24: ${title} metadata.namespace "kube-system"`),
      expect.stringContaining(`a.yml:8:22: ${title} priority_class_name "system-node-critical": it is`),
      expect.stringContaining(
        'priority_class_name "system-node-critical": HANGAR_UNTRUSTED_PRIORITY_CLASSES',
      ),
      expect.stringContaining('a.yml:9:12: node_name "A b"'),
    ]);
  });

  it('finds every step name that is wrong, and goes on to the other problems of the pipeline', async () => {
    const yaml = stepsOf('- { image: b }', '- ~', '- { name: a, image: b }', '- { name: a }');
    expect((await linted({ 'a.yml': yaml })).printed).toEqual([
      'a.yml:5:3: Linter: invalid or missing step name',
      'a.yml:6:3: Linter: detected nil step',
      'a.yml:8:3: linter: invalid or missing image',
      'a.yml:8:11: Linter: duplicate step name',
    ]);
  });

  it('finds every expression that is wrong', async () => {
    const yaml = stepsOf('- { name: "${a", image: b }', '- { name: "${b!}", image: c }', '# ${c}');
    expect((await linted({ 'a.yml': yaml })).printed).toEqual([
      'a.yml:5:12: missing closing brace',
      'a.yml:6:12: missing closing brace',
    ]);
  });

  it.each([
    ['before it in the line', '- { name: "${DRONE_COMMIT_SHA:0:8}", image: "" }', '5:45'],
    ['of several lines before it', '- name: "a${DRONE_X:-\n}"\n  image: ""', '7:10'],
    ['of two dollars before it', '- { name: "$$$$", image: "" }', '5:26'],
    ['around it', '- { name: a, image: "${NONE}" }', '5:21'],
  ])('reports places in the file, not behind the replacement of an expression %s', async (_, step, place) => {
    expect((await linted({ 'a.yml': stepsOf(step) })).printed).toEqual([
      `a.yml:${place}: linter: invalid or missing image`,
    ]);
  });

  it('refuses a file that is larger than a runner reads', async () => {
    const large = `${GOOD}# ${'x'.repeat(1024 * 1024)}`;
    expect((await linted({ 'a.yml': large })).printed).toEqual([
      expect.stringMatching(/^a\.yml:1:1: the pipeline file has more than \d+ bytes/),
    ]);
  });

  it('finds too many steps', async () => {
    const many = Array.from({ length: 601 }, (__, n) => `- { name: s${n}, image: alpine, commands: [x] }`);
    expect((await linted({ 'a.yml': stepsOf(...many) })).printed).toEqual([
      expect.stringMatching(/has 602 steps and a Pod holds at most 600/),
    ]);
  });

  it.each([
    [
      'steps:\n- name: a\n  image: b\n  comands: [x]',
      '6:3',
      'unknown key `comands` of step is ignored; did you mean `commands`?',
    ],
    [
      'steps:\n- name: a\n  image: b\n  when: { brunch: main }',
      '6:11',
      'unknown key `brunch` of conditions is ignored; did you mean `branch`?',
    ],
    [
      'steps:\n- name: a\n  image: b\n  failure: ignored',
      '6:12',
      '`failure: ignored` of step a is ignored: write fail, ignore, fast, fast-fail, fail-fast',
    ],
    [
      'steps:\n- name: a\n  image: b\n  pull: alway',
      '6:9',
      '`pull: alway` of step a is ignored: write default, always, never, if-not-exists',
    ],
    [
      'steps:\n- name: a\n  image: b\n  entrypoint: [c]\n  commands: [d]',
      '7:13',
      '`commands` of step a are ignored, because it has `entrypoint`',
    ],
    [
      'steps: [{ name: a, image: b }]\nclone:\n  dept: 1',
      '5:3',
      'unknown key `dept` of clone is ignored; did you mean `depth`?',
    ],
    ['steps: [{ name: a, image: b }]\nhabitat: 1', '4:1', 'unknown key `habitat` of pipeline is ignored'],
    ['services: []', '1:1', 'pipeline default has no steps'],
  ])('warns of what has no effect: %s', async (body, place, message) => {
    const yaml = `kind: pipeline\ntype: kubernetes\n${body}\n`;
    expect(await linted({ 'a.yml': yaml })).toMatchObject({
      code: 0,
      printed: [`a.yml:${place}: warning: ${message}`],
    });
  });

  it.each([
    [
      'kind: pipline\ntype: kubernetes',
      'the document of kind `pipline` is skipped; did you mean `pipeline`?',
    ],
    [
      'kind: pipeline\ntype: kubernets',
      'the document of type `kubernets` is skipped; did you mean `kubernetes`?',
    ],
    ['', 'the file is empty'],
  ])('warns of what is no pipeline: %j', async (yaml, message) => {
    expect((await linted({ 'a.yml': yaml })).printed).toEqual([`a.yml:1:1: warning: ${message}`]);
  });

  it('does not warn of keys that hold anchors, nor of those of other types and of the server', async () => {
    const body =
      'x-base: &a { image: b }\n.more: 1\n_other: 2\ntrigger: { branch: main }\nconcurrency: { limit: 1 }\n';
    expect((await linted({ 'a.yml': `${GOOD}${body}` })).printed).toEqual([]);
    expect((await linted({ 'a.yml': 'kind: pipeline\ntype: docker\nstep: []\n' })).printed).toEqual([]);
  });

  it('warns once of backslashes that the old runner changed, not of those in expressions', async () => {
    const yaml = stepsOf(
      "- { name: a, image: b, commands: ['sed s/\\//x/', 'echo \\\\ ${v//\\//_}', 'echo \\n'] }",
    );
    expect((await linted({ 'a.yml': yaml })).printed).toEqual([
      'a.yml:5:42: warning: `\\/` stays unchanged; the previous runner changed it to `/`, and 1 more',
    ]);
    const only = stepsOf("- { name: a, image: b, commands: ['${v//\\//_}', 'echo \\n'] }");
    expect((await linted({ 'a.yml': only })).printed).toEqual([]);
  });

  it('marks warnings, which do not fail the command', async () => {
    const { code, printed } = await linted({
      'a.yml': stepsOf('- { name: a, image: alpine, commands: [true], privilged: true, network_mode: host }'),
    });
    for (const line of printed) expect(line).toMatch(/^a\.yml:5:\d+: warning: /);
    expect(code).toBe(0);
  });

  it('takes .drone.yml if no file is named, and standard input for -', async () => {
    const bad = stepsOf('- { name: a }');
    expect(await commandLine(['lint'], { '.drone.yml': bad })).toMatchObject({
      code: 1,
      printed: ['.drone.yml:5:3: linter: invalid or missing image'],
    });
    expect(await commandLine(['lint', '-'], { '/dev/stdin': bad })).toMatchObject({
      code: 1,
      printed: ['-:5:3: linter: invalid or missing image'],
    });
  });

  it('shows the place on a terminal, and says that there are no problems', async () => {
    const bad = { 'a.yml': stepsOf('- { name: a, image: "${DRONE_TAG" }') };
    const terminal = { isTerminal: true };
    expect((await commandLine(['lint', 'a.yml'], bad, terminal)).printed).toEqual([
      'a.yml:5:22: missing closing brace',
      `    - { name: a, image: "\${DRONE_TAG" }\n    ${' '.repeat(21)}^`,
    ]);
    expect((await commandLine(['lint', 'a.yml'], { 'a.yml': GOOD }, terminal)).printed).toEqual([
      'no problems in 1 file',
    ]);
  });

  it('prints findings as JSON for programs', async () => {
    const { code, printed } = await linted({ 'a.yml': stepsOf('- { name: a }') }, '--json');
    expect(JSON.parse(printed.join(''))).toEqual([
      {
        file: 'a.yml',
        line: 5,
        column: 3,
        severity: 'error',
        message: 'linter: invalid or missing image',
        pipeline: 'default',
      },
    ]);
    expect(code).toBe(1);
    expect((await linted({ 'a.yml': GOOD }, '--json')).printed).toEqual(['[]']);
  });

  it('exits with 2 if a file can’t be read, the usual one included, or a flag is unknown', async () => {
    const see = '\nSee: hangar-runner lint --help';
    expect(await commandLine(['lint', 'missing.yml'])).toMatchObject({
      code: 2,
      printed: [],
      complained: [
        `hangar-runner lint: missing.yml cannot be read: ENOENT: no such file, open 'missing.yml'${see}`,
      ],
    });
    expect(await commandLine(['lint'])).toMatchObject({
      code: 2,
      complained: [
        `hangar-runner lint: .drone.yml cannot be read: ENOENT: no such file, open '.drone.yml'${see}`,
      ],
    });
    expect(await commandLine(['lint', '--nonsense'])).toMatchObject({ code: 2, printed: [] });
  });
});
