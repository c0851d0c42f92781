import { describe, expect, it } from 'vitest';
import type { PipelineVolume } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type CompileInput, compile } from './compile.ts';
import {
  aBuild,
  aCompileInput,
  aDetail,
  anImage,
  aPipeline,
  aPolicy,
  aPreparation,
  aRepo,
  aService,
  aStep,
  secret,
  someSettings,
  text,
} from './testing/a-pipeline.ts';
import { containerOf, secretText, stageFile, stepFile } from './testing/read-compiled.ts';

const compiled = (changes: Partial<CompileInput> = {}) => compile(aCompileInput(changes));
const codeOf = (changes: Partial<CompileInput>): string => {
  try {
    compiled(changes);
    return 'compiled';
  } catch (error) {
    return error instanceof PipelineError ? error.code : String(error);
  }
};
const netrc = { machine: 'git.example.com', login: 'ada', password: 'n3trc-pass' };
const noClone = { disable: true, depth: 0, skipVerify: false, trace: false, retries: 0 };
const never = { branch: { include: ['no-such-branch'], exclude: [] } };
const CHART_LABELS = { 'hangar.dev/component': 'runner', 'hangar.dev/release': 'hangar', team: 'a' };

describe('how a step starts (previous-runner §4.6.1, §4.6.2, §5.3)', () => {
  it('commands run as a script behind the gate', () => {
    const result = compiled();
    expect(containerOf(result, 2).command).toEqual(['/hangar/bin/gate', 'run', '2']);
    expect(stepFile(result, 2).argv).toEqual(['/bin/sh', '/hangar/own/script']);
    expect(secretText(result, '2.script')).toContain("\nprintf '%s\\n' '+ go test ./...'\ngo test ./...\n");
  });

  it('a plugin whose image is known runs its own command behind the gate', () => {
    const plugin = aStep({ image: 'plugins/slack', commands: [] });
    const images = { 'docker.io/plugins/slack:latest': anImage({ cmd: ['--now'], stopSignal: 'SIGQUIT' }) };
    const result = compiled({ pipeline: aPipeline({ steps: [plugin] }), prepared: aPreparation({ images }) });
    expect(stepFile(result, 2)).toMatchObject({ argv: ['/bin/plugin', '--now'], stopSignal: 'SIGQUIT' });
    expect(containerOf(result, 2).image).toBe('docker.io/plugins/slack:latest');
  });

  it('a plugin whose image is not known starts as the placeholder', () => {
    const plugin = aStep({
      image: 'plugins/slack',
      commands: [],
      command: ['--cost=$5', '$(HOME)'],
      settings: { PLUGIN_ROOM: text('$(CI) $$') },
    });
    const result = compiled({ pipeline: aPipeline({ steps: [plugin] }) });
    const container = containerOf(result, 2);
    expect(container).toMatchObject({ image: 'ghcr.io/hangar/gate:0.1.0', args: ['--cost=$$5', '$$(HOME)'] });
    expect(container.command).toBeUndefined();
    expect(container.env).toContainEqual({ name: 'PLUGIN_ROOM', value: '$$(CI) $$$$' });
    expect(result.pod.metadata?.annotations?.['hangar.dev/image-2']).toBe('docker.io/plugins/slack:latest');
    expect(result.plan.steps[1]?.engine).toBe('swap');
    expect(containerOf(result, 1).volumeMounts).toContainEqual({
      name: 'hangar-pod',
      mountPath: '/hangar/pod',
      readOnly: true,
    });
    expect(container.volumeMounts).toContainEqual({
      name: 'hangar-env-2',
      mountPath: '/run/drone',
      readOnly: true,
    });
    expect(result.pod.spec?.volumes).toContainEqual({
      name: 'hangar-env-2',
      downwardAPI: {
        items: [{ path: 'env', fieldRef: { fieldPath: "metadata.annotations['hangar.dev/env-2']" } }],
      },
    });
    expect(result.pod.spec?.volumes).toContainEqual({
      name: 'hangar-pod',
      downwardAPI: {
        items: [{ path: 'result-2', fieldRef: { fieldPath: "metadata.annotations['hangar.dev/result-2']" } }],
      },
    });
  });

  it('secrets of a swapped step are references to the step’s own Secret entries', () => {
    const plugin = aStep({
      image: 'plugins/slack',
      commands: [],
      settings: { PLUGIN_TOKEN: secret('token') },
    });
    const result = compiled({
      pipeline: aPipeline({ steps: [plugin] }),
      prepared: aPreparation({ secrets: { token: 's3cret' } }),
    });
    const reference = { secretKeyRef: { name: result.pod.metadata?.name, key: '2.secret.1' } };
    expect(containerOf(result, 2).env).toContainEqual({ name: 'PLUGIN_TOKEN', valueFrom: reference });
    expect(secretText(result, '2.secret.1')).toBe('s3cret');
  });

  it.each([
    ['a list is the command line', ['/bin/tool', 'a b'], ['$HOME'], ['/bin/tool', 'a b', '$HOME']],
    ['a single path is not a shell command', ['/bin/tool'], [], ['/bin/tool']],
    [
      'a single text with spaces is a shell command',
      ['tool --all'],
      ['x'],
      ['/bin/sh', '-c', 'tool --all x'],
    ],
    ['a single text with a variable is a shell command', ['$TOOL'], [], ['/bin/sh', '-c', '$TOOL']],
  ])('entrypoint: %s', (_sentence, entrypoint, command, want) => {
    const result = compiled({ pipeline: aPipeline({ steps: [aStep({ entrypoint, command })] }) });
    expect(stepFile(result, 2).argv).toEqual(want);
  });

  it('an image that must be process 1 replaces the gate, in background steps only', () => {
    const images = {
      'docker.io/library/redis:8': anImage({ entrypoint: ['/init'] }),
      'docker.io/library/s6:latest': anImage({ entrypoint: ['/init'] }),
    };
    const pipeline = aPipeline({ services: [aService()], steps: [aStep({ image: 's6', commands: [] })] });
    const { plan } = compiled({ pipeline, prepared: aPreparation({ images }) });
    expect(plan.steps.slice(1)).toMatchObject([
      { engine: 'gate', pid1: true },
      { engine: 'swap', pid1: false },
    ]);
  });

  it('an image without any command is refused', () => {
    const images = { 'docker.io/library/bare:latest': anImage({ entrypoint: [] }) };
    const pipeline = aPipeline({ steps: [aStep({ image: 'bare', commands: [] })] });
    expect(codeOf({ pipeline, prepared: aPreparation({ images }) })).toBe('invalid-pipeline');
  });
});

describe('the Pod (previous-runner §4.1, §4.8, §4.16, §5.2)', () => {
  it('has a scheduling gate, a deadline and annotations against eviction', () => {
    const { spec, metadata } = compiled({ detail: aDetail({ repo: aRepo({ timeoutMinutes: 0 }) }) }).pod;
    expect(spec).toMatchObject({
      restartPolicy: 'Never',
      schedulingGates: [{ name: 'hangar.dev/start' }],
      activeDeadlineSeconds: 7200,
    });
    expect(metadata?.annotations).toMatchObject({
      'karpenter.sh/do-not-disrupt': 'true',
      'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
    });
  });

  it('requests a node by affinity, because a Pod with a scheduling gate may not set nodeName', () => {
    const { spec } = compiled({ pipeline: aPipeline({ nodeName: 'node-7' }) }).pod;
    expect(spec?.nodeName).toBeUndefined();
    expect(JSON.stringify(spec?.affinity)).toContain(
      '"key":"metadata.name","operator":"In","values":["node-7"]',
    );
    expect(spec?.tolerations).toEqual([{ operator: 'Exists', effect: 'NoSchedule' }]);
  });

  it('known issue 25: complies with the restricted profile if configured, except for privileged steps', () => {
    const steps = [aStep(), aStep({ name: 'root', privileged: true })];
    const result = compiled({
      pipeline: aPipeline({ steps }),
      settings: someSettings({ hardening: 'restricted' }),
    });
    expect(containerOf(result, 2).securityContext).toMatchObject({
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(containerOf(result, 3).securityContext).toEqual({ privileged: true });
    expect(result.pod.spec?.automountServiceAccountToken).toBe(false);
  });

  it.each([
    ['a number other than 0', { user: 1000 }, undefined, { runAsUser: 1000, runAsNonRoot: true }],
    ['no user, and the operator does', {}, 2000, { runAsUser: 2000, runAsNonRoot: true }],
    ['another user than the operator', { user: 1000 }, 2000, { runAsUser: 1000, runAsNonRoot: true }],
    ['root, whatever the operator’s default', { user: 0 }, 2000, { runAsUser: 0 }],
    ['no user, nor does the operator', {}, undefined, {}],
  ])(
    'a hardened step whose pipeline sets %s gets the full profile, or the part that works as root',
    (_sentence, step, runAsUser, want) => {
      const settings = someSettings({ hardening: 'restricted', runAsUser });
      const { securityContext } = containerOf(
        compiled({ pipeline: aPipeline({ steps: [aStep(step)] }), settings }),
        2,
      );
      expect(securityContext).toEqual({
        privileged: false,
        allowPrivilegeEscalation: false,
        seccompProfile: { type: 'RuntimeDefault' },
        ...want,
        ...('runAsNonRoot' in want ? { capabilities: { drop: ['ALL'] } } : {}),
      });
    },
  );

  it('a default user does not apply to privileged steps, and adds no hardening by itself', () => {
    const steps = [aStep(), aStep({ name: 'root', privileged: true })];
    const result = compiled({ pipeline: aPipeline({ steps }), settings: someSettings({ runAsUser: 1000 }) });
    expect(containerOf(result, 1).securityContext).toEqual({ privileged: false, runAsUser: 1000 });
    expect(containerOf(result, 2).securityContext).toEqual({ privileged: false, runAsUser: 1000 });
    expect(containerOf(result, 3).securityContext).toEqual({ privileged: true });
  });

  it('our own containers always comply with the restricted profile', () => {
    const { pod } = compiled({ detail: aDetail({ build: aBuild({ debug: true }) }) });
    expect(pod.spec?.initContainers).toHaveLength(2);
    for (const { securityContext } of pod.spec?.initContainers ?? [])
      expect(securityContext).toMatchObject({
        privileged: false,
        allowPrivilegeEscalation: false,
        runAsNonRoot: true,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      });
  });

  it('keeps the token if a service account is named', () => {
    const settings = someSettings({ hardening: 'restricted', defaultServiceAccount: 'ci' });
    expect(compiled({ settings }).pod.spec).toMatchObject({ serviceAccountName: 'ci' });
    expect(compiled({ settings }).pod.spec?.automountServiceAccountToken).toBeUndefined();
  });

  it.each([
    ['the workspace', {}, 'step', '/drone/src'],
    ["the author's folder", { workingDir: '/opt' }, 'step', '/opt'],
    ['a folder of the workspace', { workingDir: 'sub' }, 'step', '/drone/src/sub'],
    ["the image's own for a service without commands", {}, 'service', undefined],
    ['the workspace for a service with commands', { commands: ['serve'] }, 'service', '/drone/src'],
  ])('a step works in %s', (_sentence, changes, kind, want) => {
    const pipeline =
      kind === 'service'
        ? aPipeline({ services: [aService(changes)] })
        : aPipeline({ steps: [aStep(changes)] });
    expect(containerOf(compiled({ pipeline }), 2).workingDir).toBe(want);
  });

  it('known issue 70: carries tmate in debug builds only', () => {
    const debug = compiled({ detail: aDetail({ build: aBuild({ debug: true }) }) });
    expect(debug.pod.spec?.initContainers?.map(({ name }) => name)).toEqual(['hangar-init', 'hangar-tmate']);
    expect(secretText(debug, '2.script')).toContain('trap remote_debug EXIT');
    expect(compiled().pod.spec?.initContainers).toHaveLength(1);
    expect(secretText(compiled(), '2.script')).not.toContain('tmate');
  });

  it('known issue 70: a debug build has and prints nothing of tmate where that is off', () => {
    const settings = someSettings({ tmate: { ...someSettings().tmate, enabled: false } });
    const debug = compiled({ settings, detail: aDetail({ build: aBuild({ debug: true }) }) });
    expect(debug.pod.spec?.initContainers?.map(({ name }) => name)).toEqual(['hangar-init']);
    expect(secretText(debug, '2.script')).not.toMatch(/tmate|remote_debug/);
  });

  it('takes the gate from its image as a volume, with no init container but that of a debug build', () => {
    const settings = someSettings({ gateVolume: 'image' });
    const { pod } = compiled({ settings });
    const volume = pod.spec?.volumes?.find(({ name }) => name === 'hangar-bin');
    expect(volume?.image).toEqual({ reference: settings.gateImage, pullPolicy: 'IfNotPresent' });
    expect(pod.spec?.initContainers).toBeUndefined();
    expect(pod.spec?.containers).toEqual(compiled().pod.spec?.containers);
    const debug = compiled({ settings, detail: aDetail({ build: aBuild({ debug: true }) }) });
    expect(debug.pod.spec?.initContainers?.map(({ name }) => name)).toEqual(['hangar-tmate']);
  });

  it('is refused for windows, not for linux', () => {
    const on = (os: string) => ({
      pipeline: aPipeline({ platform: { os, arch: '', variant: '', version: '' } }),
    });
    expect(codeOf(on('windows'))).toBe('unsupported-platform');
    expect(compiled(on('linux')).pod.spec?.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
  });

  it('known issue 69: (previous-runner §4.16) pulls an image only if the node lacks it, :latest too, unless the author says when', () => {
    const policyOf = (changes: Parameters<typeof aStep>[0]) =>
      compiled({ pipeline: aPipeline({ steps: [aStep(changes)] }) }).pod.spec?.containers[1]?.imagePullPolicy;

    expect(policyOf({ image: 'golang:latest' })).toBe('IfNotPresent');
    expect(policyOf({ image: 'golang:latest', pull: 'always' })).toBe('Always');
    expect(policyOf({ image: 'golang', pull: 'never' })).toBe('Never');
  });

  it('has an image pull secret if there are registry credentials', () => {
    const registries = [{ address: 'https://index.docker.io/v1/', username: 'ada', password: 'pw' }];
    const result = compiled({ prepared: aPreparation({ registries }) });
    expect(result.pod.spec?.imagePullSecrets).toEqual([{ name: 'drone-0123456789abcdefghij-pull' }]);
    expect(Buffer.from(result.pullSecret?.data?.['.dockerconfigjson'] ?? '', 'base64').toString()).toBe(
      '{"auths":{"index.docker.io":{"auth":"YWRhOnB3"}}}\n',
    );
    expect(compiled().pullSecret).toBeUndefined();
  });
});

describe('masks and warnings (previous-runner §4.9.3)', () => {
  it('a step masks its own secrets and masked variables, and has no secrets of other steps (known issue 28)', () => {
    const steps = [aStep({ name: 'a', environment: { T: secret('token') } }), aStep({ name: 'b' })];
    const environment = [
      { name: 'E', value: 'env-secret', mask: true },
      { name: 'F', value: 'open', mask: false },
    ];
    const result = compiled({
      pipeline: aPipeline({ steps }),
      prepared: aPreparation({ secrets: { token: 's3cret' }, environment }),
    });
    expect(result.masks).toEqual({ 1: ['env-secret'], 2: ['s3cret', 'env-secret'], 3: ['env-secret'] });
    expect(JSON.parse(secretText(result, 'masks.json'))).toEqual(result.masks);
    expect(secretText(result, '3.step.json') + secretText(result, 'stage.json')).not.toContain('s3cret');
  });

  it('a secret that is not available becomes an empty variable, with one warning for the step', () => {
    const environment = { T: secret('gone'), U: secret('sealed') };
    const result = compiled({
      pipeline: aPipeline({ steps: [aStep({ environment })] }),
      prepared: aPreparation({ missingSecrets: { sealed: 'the vault is sealed' } }),
    });
    expect([stepFile(result, 2).env['T'], result.warnings]).toEqual(['', []]);
    expect(result.stepWarnings).toEqual({
      2: [
        'step "test": T is empty, because secret "gone" is missing: it was not found',
        'step "test": U is empty, because secret "sealed" is missing: the vault is sealed',
      ],
    });
  });

  it('a name that every object inherits is not a secret', () => {
    const result = compiled({
      pipeline: aPipeline({ steps: [aStep({ environment: { T: secret('constructor') } })] }),
    });
    expect(stepFile(result, 2).env['T']).toBe('');
  });
});

describe('known issues of the previous runner', () => {
  it('known issue 24: (previous-runner §4.10) clone-only netrc is passed to the real clone step only, or to no step', () => {
    const settings = someSettings({ netrcCloneOnly: true });
    const withClone = compiled({ detail: aDetail({ netrc }), settings });
    expect(stepFile(withClone, 1).env['DRONE_NETRC_PASSWORD']).toBe('n3trc-pass');
    expect(secretText(withClone, '2.step.json')).not.toContain('n3trc-pass');
    const without = compiled({
      detail: aDetail({ netrc }),
      settings,
      pipeline: aPipeline({ clone: noClone, steps: [aStep({ name: 'first' }), aStep()] }),
    });
    expect(JSON.stringify(without)).not.toContain(Buffer.from('n3trc-pass').toString('base64').slice(0, 10));
    expect(secretText(without, '1.step.json')).not.toContain('n3trc-pass');
  });

  it.each([
    ['of its own clone step, where the built-in one is disabled', noClone, {}, true],
    ['of a fork', noClone, { event: 'pull_request', sourceRepo: 'mallory/widget' }, false],
    ['beside the built-in clone step', aPipeline().clone, {}, false],
  ] as const)(
    '(previous-runner §4.10) clone-only netrc and a step called clone %s',
    (_case, clone, build, isPassed) => {
      const result = compiled({
        detail: aDetail({ netrc, build: aBuild(build) }),
        settings: someSettings({ netrcCloneOnly: true }),
        pipeline: aPipeline({ clone, steps: [aStep({ name: 'clone' }), aStep()] }),
      });
      const n = clone.disable ? 1 : 2;
      expect(secretText(result, `${n}.step.json`).includes('n3trc-pass')).toBe(isPassed);
      expect(secretText(result, `${n + 1}.step.json`)).not.toContain('n3trc-pass');
      expect(result.warnings).toEqual(
        isPassed || !clone.disable
          ? []
          : [
              'step "clone" has no Git credentials: with DRONE_NETRC_CLONE_ONLY, only the built-in clone step has them in pull requests of forks',
            ],
      );
    },
  );

  it('known issue 27: netrc values are not secrets that a step can reference', () => {
    const steps = [aStep({ environment: { T: secret('DRONE_NETRC_PASSWORD') } })];
    const settings = someSettings({ netrcCloneOnly: true });
    const result = compiled({ detail: aDetail({ netrc }), settings, pipeline: aPipeline({ steps }) });
    expect(stepFile(result, 2).env['T']).toBe('');
    expect(result.stepWarnings?.[2]).toHaveLength(1);
  });

  it('labels a repository of other letters by a hash, so that it differs from others', () => {
    const labelOf = (name: string) =>
      compiled({ detail: aDetail({ repo: aRepo({ name }) }) }).pod.metadata?.labels?.['io.drone.repo.name'];
    expect(labelOf('日本')).toMatch(/^[0-9a-f]{12}$/);
    expect(labelOf('日本')).not.toBe(labelOf('東京'));
    expect(labelOf('Widget')).toBe('widget');
    expect(labelOf('')).toBe('');
  });

  it('known issue 30: platform.arch selects nodes, and the old label stays', () => {
    const { pod } = compiled({
      pipeline: aPipeline({ platform: { os: '', arch: 'arm64', variant: '', version: '' } }),
    });
    expect(pod.spec?.nodeSelector).toEqual({ 'kubernetes.io/arch': 'arm64' });
    expect(pod.metadata?.labels?.['kubernetes.io/arch']).toBe('arm64');
    expect(compiled().pod.spec?.nodeSelector).toBeUndefined();
  });

  it('known issue 31: steps that can never run get no container, no number and no share of the requests', () => {
    const steps = [aStep({ name: 'a', when: never }), aStep({ name: 'b' })];
    const result = compiled({ pipeline: aPipeline({ steps }) });
    expect(result.plan.steps.map(({ n, name }) => [n, name])).toEqual([
      [1, 'clone'],
      [2, 'b'],
    ]);
    expect(containerOf(result, 2).resources?.requests).toEqual({ cpu: '50m', memory: '48Mi' });
  });

  it('known issue 3: a step that can never run is left out, also with `failure: fast`', () => {
    const steps = [aStep({ name: 'a', when: never, failure: 'fast' }), aStep({ name: 'b' })];
    const { plan } = compiled({ pipeline: aPipeline({ steps }) });
    expect(plan.steps.map(({ name }) => name)).toEqual(['clone', 'b']);
  });

  it('known issue 31: a pipeline in which nothing can run compiles to an empty plan', () => {
    expect(
      compiled({ pipeline: aPipeline({ clone: noClone, steps: [aStep({ when: never })] }) }).plan.steps,
    ).toEqual([]);
  });

  it('known issue 37: commands with backquotes are printed, not executed, by their echo', () => {
    const result = compiled({ pipeline: aPipeline({ steps: [aStep({ commands: ["echo `date` 'x'"] })] }) });
    expect(secretText(result, '2.script')).toContain(`printf '%s\\n' '+ echo \`date\` '\\''x'\\'''\n`);
  });

  it('known issue 38: scripts are files of any size, and Kubernetes expands nothing in them', () => {
    const command = `echo '$(HOME) $$' # ${'x'.repeat(300_000)}`;
    const result = compiled({ pipeline: aPipeline({ steps: [aStep({ commands: [command] })] }) });
    expect(secretText(result, '2.script')).toContain(command);
    expect(JSON.stringify(result.pod)).not.toContain('$(HOME)');
  });

  const volumes = (...list: PipelineVolume[]) => aPipeline({ volumes: list });
  const volumeOf = (volume: PipelineVolume) =>
    compiled({ pipeline: volumes(volume) }).pod.spec?.volumes?.find(({ name }) => name === 'volume-1');

  it('known issue 45: a default mode is sent only if the author set one', () => {
    const map = { name: 'v', kind: 'config_map', configMapName: 'cm', optional: false } as const;
    expect(volumeOf({ ...map, defaultMode: undefined })).toEqual({
      name: 'volume-1',
      configMap: { name: 'cm' },
    });
    expect(volumeOf({ ...map, defaultMode: 0o400 })).toEqual({
      name: 'volume-1',
      configMap: { name: 'cm', defaultMode: 0o400 },
    });
    const own = { name: 'v', kind: 'secret', secretName: 's', optional: true } as const;
    expect(volumeOf({ ...own, defaultMode: undefined })).toEqual({
      name: 'volume-1',
      secret: { secretName: 's', optional: true },
    });
  });

  it('known issue 46: long repository names become valid labels, and the annotation has the full name', () => {
    const name = `${'Very Long! '.repeat(10)}end`;
    const { metadata } = compiled({ detail: aDetail({ repo: aRepo({ name }) }) }).pod;
    expect(metadata?.labels?.['io.drone.repo.name']).toMatch(/^very-long-very-long-[a-z-]{1,43}$/);
    expect(metadata?.annotations?.['io.drone.repo.name']).toBe(name);
  });

  it('known issue 46: secret names need not be valid keys; invalid variable names are left out with a warning', () => {
    const environment = {
      T: secret('my secret!'),
      'A=B': text('1'),
      'fine-name': text('2'),
      BIG: text('x'.repeat(140_000)),
    };
    const result = compiled({
      pipeline: aPipeline({ steps: [aStep({ environment })] }),
      prepared: aPreparation({ secrets: { 'my secret!': 'v' } }),
    });
    expect(stepFile(result, 2).env).toEqual({ T: 'v', 'fine-name': '2', DRONE_STEP_NAME: 'test' });
    expect(result.warnings).toHaveLength(2);
  });

  it('known issue 46: two mounts at the same path are refused with the place, adjacent ones are not', () => {
    const mounting = (...paths: string[]) => ({
      pipeline: aPipeline({
        volumes: [{ name: 'v', kind: 'temp', medium: '', sizeLimitBytes: 0 }],
        steps: [aStep({ volumes: paths.map((path) => ({ name: 'v', path, subPath: '' })) })],
      }),
    });
    expect(() => compiled(mounting('/data', '/data/'))).toThrow('step "test" has two volumes at /data');
    expect(codeOf(mounting('/drone/src'))).toBe('invalid-pipeline');
    expect(codeOf(mounting('/hangar/state'))).toBe('invalid-pipeline');
    expect(codeOf(mounting('/data', '/data/b'))).toBe('compiled');
  });

  it.each([
    ['labels', { namespace: '', labels: { team: 'has blanks' }, annotations: {} }],
    ['annotation keys', { namespace: '', labels: {}, annotations: { 'a b': '' } }],
    ['namespaces', { namespace: 'Not_Valid', labels: {}, annotations: {} }],
  ])('46: invalid %s are refused with a message', (_sentence, metadata) => {
    expect(codeOf({ pipeline: aPipeline({ metadata }) })).toBe('invalid-pipeline');
  });

  it('known issue 47: retries are passed on to the clone step', () => {
    const clone = { disable: false, depth: 50, skipVerify: true, trace: false, retries: 3 };
    expect(stepFile(compiled({ pipeline: aPipeline({ clone }) }), 1).env).toEqual({
      GIT_SSL_NO_VERIFY: 'true',
      PLUGIN_DEPTH: '50',
      PLUGIN_SKIP_VERIFY: 'true',
      PLUGIN_RETRIES: '3',
    });
  });

  it('known issue 48: host paths have no type, so sockets can be mounted', () => {
    const socket = { name: 'v', kind: 'host', path: '/var/run/docker.sock' } as const;
    expect(volumeOf(socket)).toEqual({
      name: 'volume-1',
      hostPath: { path: '/var/run/docker.sock', type: '' },
    });
  });

  it('known issue 49: a size limit applies to every medium', () => {
    const temp = { name: 'v', kind: 'temp', sizeLimitBytes: 1536 * 1024 * 1024 } as const;
    expect(volumeOf({ ...temp, medium: '' })).toEqual({
      name: 'volume-1',
      emptyDir: { sizeLimit: '1536Mi' },
    });
    expect(volumeOf({ ...temp, medium: 'Memory' })).toEqual({
      name: 'volume-1',
      emptyDir: { medium: 'Memory', sizeLimit: '1536Mi' },
    });
  });

  it('known issue 50: mounts of unknown and of empty volumes are refused by name', () => {
    const steps = [aStep({ volumes: [{ name: 'cache', path: '/c', subPath: '' }] })];
    expect(() => compiled({ pipeline: aPipeline({ steps }) })).toThrow('mounts volume "cache"');
    expect(codeOf({ pipeline: aPipeline({ steps, volumes: [{ name: 'cache', kind: 'none' }] }) })).toBe(
      'unknown-volume',
    );
  });

  it("known issue 68: neither policies nor authors overwrite the runner's labels", () => {
    const labels = { 'io.drone.name': 'evil', 'hangar.dev/stage-id': '1', team: 'a' };
    const result = compiled({
      settings: someSettings({
        policies: [aPolicy({ labels, annotations: { 'hangar.dev/owner': 'evil' } })],
      }),
    });
    expect(result.pod.metadata?.labels).toMatchObject({
      'io.drone.name': 'drone-0123456789abcdefghij',
      'hangar.dev/stage-id': '31',
      team: 'a',
    });
    expect(result.pod.metadata?.annotations?.['hangar.dev/owner']).toBeUndefined();
  });

  it.each([
    ['authors', 'metadata', []],
    ['policies', 'none', [aPolicy({ labels: CHART_LABELS })]],
  ])('%s cannot give a Pod the labels by which the chart selects its programs', (_, by, policies) => {
    const labels = by === 'metadata' ? CHART_LABELS : {};
    const pipeline = aPipeline({ metadata: { namespace: '', labels, annotations: {} } });
    const own = compiled({ pipeline, settings: someSettings({ policies }) }).pod.metadata?.labels ?? {};
    expect(own).toMatchObject({ team: 'a', 'app.kubernetes.io/managed-by': 'hangar-runner' });
    expect(Object.keys(own).filter((key) => /component|release/.test(key))).toEqual([]);
  });

  it('known issue 44: a policy called default must match its own conditions, and the namespace is decided once', () => {
    const policies = [
      aPolicy({ name: 'default', match: never, namespace: 'odd' }),
      aPolicy({ name: 'p', namespace: 'fixed' }),
    ];
    const result = compiled({ settings: someSettings({ policies, defaultNamespace: 'drone-' }) });
    expect([result.namespace, result.createNamespace]).toEqual(['fixed', false]);
    expect(compiled({ settings: someSettings({ defaultNamespace: 'drone-' }) }).createNamespace).toBe(true);
    expect(compiled({ settings: someSettings({ policies: policies.slice(0, 1) }) }).namespace).toBe(
      'default',
    );
  });
});

describe('stage.json', () => {
  it('contains the state of the build so far and the list of steps', () => {
    const build = aBuild({ status: 'failure', started: 1_768_382_000 });
    const result = compiled({ detail: aDetail({ build }), pipeline: aPipeline({ services: [aService()] }) });
    expect(stageFile(result)).toMatchObject({
      buildFailed: true,
      buildStarted: 1_768_382_000,
      start: 'barrier',
      nonce: '9f3c2a71',
    });
    expect(stageFile(result).steps).toMatchObject([
      { n: 1, name: 'clone', role: 'step', engine: 'gate', after: [], runs: 'always' },
      { n: 2, name: 'redis', role: 'background', engine: 'swap', after: [1], runs: 'on-success' },
      { n: 3, name: 'test', role: 'step', engine: 'gate', after: [1, 2], runs: 'on-success' },
    ]);
  });

  it('has the old io.drone keys for plugins that read /run/drone/env', () => {
    expect(stageFile(compiled()).droneEnv).toMatchObject({ 'io.drone': 'true', 'io.drone.ttl': '1h0m0s' });
  });
});
