import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { commandLine, stepsOf } from './testing/command-line.ts';

async function compiled(yaml: string, flags: readonly string[] = [], more: Record<string, string> = {}) {
  const { code, printed, complained } = await commandLine(['compile', ...flags, 'p.yml'], {
    'p.yml': yaml,
    ...more,
  });
  return { code, text: printed.join('\n'), complained: complained.join('\n') };
}

const PIPELINE = stepsOf(
  '- name: test',
  '  image: golang:1.25',
  '  environment: { TOKEN: { from_secret: token } }',
  '  commands: [go test ./...]',
  '- name: notify',
  '  image: plugins/slack',
  '  settings: { room: ci }',
);
const OTHER = stepsOf('- { name: only, image: alpine, commands: [true] }').replace('default', 'arm');

/** The part of the printed objects that the tests check. */
interface Printed {
  readonly kind: string;
  readonly metadata?: { readonly name: string };
  readonly stringData?: Readonly<Record<string, string>>;
  readonly spec?: { readonly containers: readonly { readonly name: string; readonly image: string }[] };
}

describe('compile', () => {
  it('prints Secret and Pod as YAML with hidden secrets', async () => {
    const { code, text } = await compiled(PIPELINE, ['--secrets', 'token=correct-horse']);
    const [secret, pod] = parseAllDocuments(text).map((one) => one.toJS() as Printed);
    const { name } = pod?.metadata ?? {};
    expect(name).toMatch(/^drone-[a-z0-9]{20}$/);
    expect(secret).toMatchObject({
      kind: 'Secret',
      metadata: { name, namespace: 'default' },
      stringData: { 'masks.json': '******' },
    });
    expect(pod).toMatchObject({ kind: 'Pod', metadata: { name, namespace: 'default' } });
    expect(pod?.spec?.containers.map(({ name: step, image }) => `${step} ${image}`)).toEqual([
      'step-1 hangar-gate:1.2.3',
      'step-2 docker.io/library/golang:1.25',
      'step-3 hangar-gate:1.2.3',
    ]);
    expect(text).not.toContain('correct-horse');
    expect(text).not.toContain(Buffer.from('correct-horse').toString('base64'));
    expect(code).toBe(0);
  });

  it('shows secrets if requested, in a form that kubectl accepts', async () => {
    const { text } = await compiled(PIPELINE, ['--show-secrets', '--secrets', 'token=correct-horse']);
    expect(text).toContain('correct-horse');
    const kinds = parseAllDocuments(text).map((one) => (one.toJS() as { kind: string }).kind);
    expect(kinds).toEqual(['Secret', 'Pod']);
  });

  it('states in a comment that plugin images were not looked up', async () => {
    const { text } = await compiled(PIPELINE);
    expect(text).toMatch(/^# .*plugins\/slack.*--look-up/m);
    expect((await compiled(OTHER, ['--no-clone'])).text).toMatch(/^---\n/);
  });

  it('reads secrets from a file, overridden by those of the command line', async () => {
    const flags = ['--show-secrets', '--secret-file', 's.env', '--secrets', 'B=from-line'];
    const yaml = stepsOf(
      '- { name: a, image: x, commands: [y], environment: { A: { from_secret: A }, B: { from_secret: B } } }',
    );
    const { text } = await compiled(yaml, flags, { 's.env': 'A=from-file\nB=covered\n' });
    expect(text).toContain('from-file');
    expect(text).toContain('from-line');
    expect(text).not.toContain('covered');
  });

  it.each([
    ['the one called default without a name', [], 'hangar.dev/stage-id', 'golang:1.25'],
    ['the named one', ['--stage-name', 'arm'], 'hangar.dev/stage-id', 'alpine'],
  ])('accepts %s', async (_, flags, label, image) => {
    const { code, text } = await compiled(`${PIPELINE}---\n${OTHER}`, flags);
    expect(text).toContain(label);
    expect(text).toContain(image);
    expect(code).toBe(0);
  });

  it('prints a List as JSON', async () => {
    const { text } = await compiled(OTHER, ['--json', '--no-clone', '--namespace', 'ci']);
    expect(JSON.parse(text)).toMatchObject({
      kind: 'List',
      items: [{ kind: 'Secret' }, { kind: 'Pod', metadata: { namespace: 'ci' } }],
    });
  });

  it('evaluates conditions with the given build', async () => {
    const yaml = stepsOf(
      '- { name: always, image: alpine, commands: [true] }',
      '- { name: tagged, image: debian, commands: [true], when: { event: tag } }',
    );
    expect((await compiled(yaml)).text).not.toContain('debian');
    expect((await compiled(yaml, ['--build-event', 'tag'])).text).toContain('debian');
  });

  it.each([
    ['an error of the linter', stepsOf('- { name: a, image: "" }'), /^p\.yml:5:21: linter: /],
    ['invalid YAML', 'kind: pipeline\nsteps: [a: b: c]\n', /^p\.yml:2:\d+: yaml: /],
    ['a file without such a pipeline', 'kind: pipeline\ntype: docker\n', /no pipeline of type kubernetes/],
    [
      'an invalid image name',
      stepsOf('- { name: a, image: "UP CASE", commands: [x] }'),
      /^p\.yml:5:21: step "a": .* image name/,
    ],
    [
      'a choice that no rule allows',
      `${PIPELINE}metadata:\n  namespace: kube-system\n`,
      /^p\.yml:\d+:14: not allowed in this build: metadata.namespace "kube-system"/,
    ],
  ])('refuses %s with 78', async (_, yaml, words) => {
    const { code, text, complained } = await compiled(yaml);
    expect(complained).toMatch(words);
    expect(text).toBe('');
    expect(code).toBe(78);
  });

  it.each([
    ['an unknown pipeline', ['--stage-name', 'x'], /no pipeline "x".*there are "default"/],
    ['an unknown step', ['--include', 'x'], /no step "x"; there are "test", "notify"/],
    ['an invalid number', ['--limit-cpu', 'many'], /--limit-cpu takes a whole number/],
    ['a missing secrets file', ['--secret-file', 'gone'], /gone cannot be read/],
    ['an invalid duration', ['--timeout', 'soon'], /--timeout takes a duration/],
    ['a second file', ['other.yml'], /one FILE at a time/],
  ])('exits with 2 for %s', async (_, flags, words) => {
    const { code, complained } = await compiled(PIPELINE, flags);
    expect(complained).toMatch(words);
    expect(code).toBe(2);
  });

  it.each([
    ['one script', `- { name: a, image: b, commands: ["${'x'.repeat(1_000_000)}"] }`],
    ['short lines', `- name: a\n  image: b\n  commands:\n${'  - ls -l\n'.repeat(100_000)}`],
  ])(
    'accepts a file of 1 MB that is mostly %s',
    async (_, step) => {
      const { code, complained } = await compiled(stepsOf(step.trimEnd()));
      expect({ code, complained }).toEqual({ code: 0, complained: '' });
    },
    30_000,
  );

  it('reports each choice that the settings of the runner do not allow, with its place', async () => {
    const env = { HANGAR_UNTRUSTED_SERVICE_ACCOUNTS: 'none', HANGAR_UNTRUSTED_ROOT: 'none' };
    const yaml = `${stepsOf('- { name: a, image: b, commands: [c], user: 0 }')}service_account_name: d\n`;
    const { code, complained } = await commandLine(['compile', 'p.yml'], { 'p.yml': yaml }, { env });
    expect(complained).toEqual([
      expect.stringMatching(/^p\.yml:6:23: .* service_account_name "d": HANGAR_UNTRUSTED_SERVICE_ACCOUNTS/),
      expect.stringMatching(/^p\.yml:5:45: .* user 0 of step "a": HANGAR_UNTRUSTED_ROOT/),
    ]);
    expect(code).toBe(78);
    expect((await commandLine(['compile', 'p.yml'], { 'p.yml': yaml })).code).toBe(0);
  });

  it('reports an invalid environment variable by name', async () => {
    const env = { DRONE_RESOURCE_LIMIT_CPU: 'many' };
    const { code, complained } = await commandLine(['compile'], { '.drone.yml': PIPELINE }, { env });
    expect(code).toBe(2);
    expect(complained[0]).toContain('DRONE_RESOURCE_LIMIT_CPU');
  });
});
