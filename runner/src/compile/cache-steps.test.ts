import { describe, expect, it } from 'vitest';
import { cacheKey } from './cache-steps.ts';
import { type CompileInput, compile } from './compile.ts';
import type { CompileSettings } from './settings.ts';
import {
  aBuild,
  aCacheStorage,
  aCompileInput,
  aDetail,
  aPipeline,
  aRepo,
  aService,
  aStage,
  aStep,
  someSettings,
} from './testing/a-pipeline.ts';
import { stepFile } from './testing/read-compiled.ts';

const CACHES = aCacheStorage({ kind: 'claim', claimName: 'caches' });
const FORK = aBuild({ event: 'pull_request', ref: 'refs/pull/7/head', sourceRepo: 'mallory/widget' });
const OWN_BRANCH = aBuild({ event: 'pull_request', ref: 'refs/pull/8/head', sourceRepo: 'acme/widget' });

const npm = { name: 'npm', kind: 'cache' } as const;
const mounts = (...names: string[]) => ({
  volumes: names.map((name) => ({ name, path: `/cache/${name}`, subPath: '' })),
});
const users = aPipeline({
  volumes: [npm],
  steps: [aStep({ name: 'lint' }), aStep({ name: 'test', ...mounts('npm') }), aStep({ name: 'report' })],
});

function compiled(changes: Partial<CompileInput> = {}, settings: Partial<CompileSettings> = {}) {
  return compile(
    aCompileInput({ pipeline: users, settings: someSettings({ caches: CACHES, ...settings }), ...changes }),
  );
}
type Result = ReturnType<typeof compiled>;

const order = ({ plan }: Result) => plan.steps.map(({ n, name, after }) => [n, name, ...after]);
const names = ({ plan }: Result) => plan.steps.map(({ name }) => name);
const container = ({ pod, plan }: Result, name: string) =>
  pod.spec?.containers[plan.steps.findIndex((step) => step.name === name)];
const argv = (result: Result, name: string) =>
  stepFile(result, result.plan.steps.find((step) => step.name === name)?.n ?? 0).argv.join(' ');
const volume = ({ pod }: Result, name: string) => pod.spec?.volumes?.find((one) => one.name === name);

describe('the order of a pipeline with a cache', () => {
  it('restores beside the clone step, lets the steps that mount it wait for that, and saves after all', () => {
    expect(order(compiled())).toEqual([
      [1, 'clone'],
      [2, 'restore-cache'],
      [3, 'lint', 1],
      [4, 'test', 2, 3],
      [5, 'report', 4],
      [6, 'save-cache', 1, 2, 3, 4, 5],
    ]);
  });

  it('is the same in a graph, for services too, and shows the server only the last steps before the save', () => {
    const pipeline = aPipeline({
      volumes: [npm],
      services: [aService({ ...mounts('npm') })],
      steps: [
        aStep({ name: 'a', dependsOn: ['clone'], ...mounts('npm') }),
        aStep({ name: 'b', dependsOn: ['a'] }),
        aStep({ name: 'c', dependsOn: ['clone'] }),
      ],
    });
    const result = compiled({ pipeline });
    expect(order(result)).toEqual([
      [1, 'clone'],
      [2, 'restore-cache'],
      [3, 'redis', 1, 2],
      [4, 'a', 1, 2],
      [5, 'b', 4],
      [6, 'c', 1],
      [7, 'save-cache', 1, 2, 4, 5, 6],
    ]);
    expect(result.plan.steps.at(-1)?.dependsOn).toEqual(['b', 'c']);
  });

  it('begins with the restore where nothing is cloned', () => {
    const clone = { ...users.clone, disable: true };
    expect(order(compiled({ pipeline: { ...users, clone } })).slice(0, 3)).toEqual([
      [1, 'restore-cache'],
      [2, 'lint'],
      [3, 'test', 1, 2],
    ]);
  });

  it.each<[string, Partial<CompileInput>, Partial<CompileSettings>]>([
    ['no step mounts the cache', { pipeline: { ...users, steps: [aStep()] } }, {}],
    [
      'the step that mounts it cannot run',
      {
        pipeline: {
          ...users,
          steps: [aStep({ when: { branch: { include: ['x'], exclude: [] } }, ...mounts('npm') }), aStep()],
        },
      },
      {},
    ],
    [
      'the mounted volume is temporary',
      { pipeline: { ...users, volumes: [{ ...npm, kind: 'temp', medium: '', sizeLimitBytes: 0 }] } },
      {},
    ],
  ])('has no steps of the runner if %s', (_what, changes, settings) => {
    const result = compiled(changes, settings);
    expect(names(result)).not.toContain('restore-cache');
    expect(volume(result, 'hangar-caches')).toBeUndefined();
    expect(result.warnings).toEqual([]);
  });

  it('has none without storage either, and the author is warned that the volume starts empty', () => {
    const result = compiled({}, { caches: undefined });
    expect(names(result)).toEqual(['clone', 'lint', 'test', 'report']);
    expect(volume(result, 'volume-1')).toEqual({ name: 'volume-1', emptyDir: {} });
    expect(result.warnings).toEqual([
      'volume "npm" starts empty: the operator of the runner has set no storage for caches (HANGAR_CACHE)',
    ]);
  });
});

describe('the steps of the runner', () => {
  it('run the program of the gate on the directory of the build, within the limits of the operator', () => {
    const result = compiled();
    const key = '--storage /hangar/storage --key drone.example.com/acme/widget/7/ordinary/linux-amd64';
    expect(argv(result, 'restore-cache')).toBe(`/hangar/bin/gate cache restore ${key} npm=/hangar/cache/1`);
    expect(argv(result, 'save-cache')).toBe(
      `/hangar/bin/gate cache save ${key} --max-bytes 1000 --total-bytes 5000 --max-age-ms 60000 npm=/hangar/cache/1`,
    );
    const [restore, save] = [result.plan.steps[1], result.plan.steps[5]];
    expect([restore?.fails, save?.fails, save?.runs, save?.timeoutMs]).toEqual([
      'ignore',
      'ignore',
      'on-success',
      90_000,
    ]);
    expect(container(result, 'save-cache')?.image).toBe(someSettings().gateImage);
  });

  it('are the only ones that reach the storage, and have neither workspace nor volumes of the operator', () => {
    const globalVolumes = [{ hostPath: '/certs', containerPath: '/certs', readOnly: true }];
    const result = compiled({}, { globalVolumes });
    const reaching = result.plan.steps.filter(({ name }) =>
      container(result, name)?.volumeMounts?.some((mount) => mount.name === 'hangar-caches'),
    );
    expect(reaching.map(({ name }) => name)).toEqual(['restore-cache', 'save-cache']);
    for (const name of ['restore-cache', 'save-cache']) {
      const mounted = container(result, name)?.volumeMounts?.filter(
        ({ mountPath }) => !/^\/hangar\/(bin|state|common|own)/.test(mountPath),
      );
      expect(mounted).toEqual([
        {
          name: 'hangar-caches',
          mountPath: '/hangar/storage',
          ...(name === 'restore-cache' ? { readOnly: true } : {}),
        },
        { name: 'volume-1', mountPath: '/hangar/cache/1' },
        { name: 'hangar-drone', mountPath: '/run/drone', subPath: name === 'restore-cache' ? '2' : '6' },
      ]);
    }
  });

  it('get no Git credentials and none of the variables that a step sets', () => {
    const netrc = { machine: 'git.example.com', login: 'a', password: 'b' };
    const result = compiled({ detail: aDetail({ netrc }) });
    expect(stepFile(result, 6).env).not.toHaveProperty('DRONE_NETRC_PASSWORD');
    expect(stepFile(result, 3).env).toHaveProperty('DRONE_NETRC_PASSWORD');
  });

  it.each<[string, number, Partial<CompileInput>, Partial<CompileSettings>]>([
    ['root', 0, {}, {}],
    ['the user of the pipeline', 1000, { pipeline: { ...users, security: aSecurity({ user: 1000 }) } }, {}],
    [
      'nobody where the pipeline wants no root',
      65_532,
      { pipeline: { ...users, security: aSecurity({ nonRoot: true }) } },
      {},
    ],
    [
      'the user of the operator under Pod Security restricted',
      1001,
      {},
      { hardening: 'restricted', runAsUser: 1001 },
    ],
    ['root where the operator names no such user', 0, {}, { hardening: 'restricted' }],
  ])('run as %s', (_what, user, changes, settings) => {
    const context = container(compiled(changes, settings), 'save-cache')?.securityContext;
    expect(context).toMatchObject({
      privileged: false,
      runAsUser: user,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    const needed = user === 0 ? { add: ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID'] } : {};
    expect(context?.capabilities).toEqual({ ...needed, drop: ['ALL'] });
    expect(context?.runAsNonRoot).toBe(user === 0 ? undefined : true);
  });

  it('need no permission of the author to run as root', () => {
    const closed = { fork: [], ordinary: [], trusted: [] } as const;
    const settings = someSettings();
    const { rules } = settings.restrictions;
    const restrictions = {
      ...settings.restrictions,
      rules: { ...rules, root: closed, capabilities: closed },
    };
    expect(names(compiled({}, { restrictions }))).toContain('save-cache');
  });

  it.each(['restore-cache', 'save-cache'])('keep their name: %s of the author is refused', (name) => {
    const pipeline = { ...users, steps: [...users.steps, aStep({ name })] };
    expect(() => compiled({ pipeline })).toThrow(
      /in a pipeline with a cache, the runner has a step of this name/,
    );
    expect(
      names(
        compiled({
          pipeline: { ...pipeline, volumes: [{ ...npm, kind: 'temp', medium: '', sizeLimitBytes: 0 }] },
        }),
      ),
    ).toContain(name);
  });
});

describe('trust', () => {
  it('a fork reads the cache of its base, has no step that saves, and cannot write to the storage', () => {
    const result = compiled({ detail: aDetail({ build: FORK, repo: aRepo({ trusted: true }) }) });
    expect(names(result)).toEqual(['clone', 'restore-cache', 'lint', 'test', 'report']);
    expect(argv(result, 'restore-cache')).toContain('/acme/widget/7/trusted/');
    expect(volume(result, 'hangar-caches')).toEqual({
      name: 'hangar-caches',
      persistentVolumeClaim: { claimName: 'caches', readOnly: true },
    });
  });

  it('a pull request of the repository itself saves', () => {
    const result = compiled({ detail: aDetail({ build: OWN_BRANCH }) });
    expect(names(result)).toContain('save-cache');
    expect(volume(result, 'hangar-caches')?.persistentVolumeClaim).toEqual({ claimName: 'caches' });
  });

  it('a path of the node is made if it is missing', () => {
    const caches = { ...CACHES, storage: { kind: 'host', path: '/var/lib/cache' } } as const;
    expect(volume(compiled({}, { caches }), 'hangar-caches')?.hostPath).toEqual({
      path: '/var/lib/cache',
      type: 'DirectoryOrCreate',
    });
  });

  it('a rule of the operator can refuse a cache by its name', () => {
    const settings = someSettings();
    const rules = {
      ...settings.restrictions.rules,
      caches: { fork: [], ordinary: ['go-*'], trusted: 'any' },
    } as const;
    const restrictions = { ...settings.restrictions, rules };
    expect(() => compiled({}, { restrictions })).toThrow(
      'cache "npm": HANGAR_UNTRUSTED_CACHES allows go-* for untrusted repositories',
    );
    expect(
      names(compiled({ detail: aDetail({ repo: aRepo({ trusted: true }) }) }, { restrictions })),
    ).toContain('save-cache');
  });
});

describe('the key of a cache', () => {
  const key = (changes: Parameters<typeof aDetail>[0] = {}) => cacheKey(aDetail(changes));

  it('differs by server, repository, its number, trust and platform', () => {
    const { system } = aDetail();
    const keys = [
      key(),
      key({ system: { ...system, host: 'drone.example.org' } }),
      key({ repo: aRepo({ namespace: 'other' }) }),
      key({ repo: aRepo({ name: 'other' }) }),
      key({ repo: aRepo({ uid: '8' }) }),
      key({ repo: aRepo({ trusted: true }) }),
      key({ stage: aStage({ arch: 'arm64' }) }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
    expect(key({ build: FORK })).toBe(key());
  });

  it.each([
    ['../..', '%2e.%2f..'],
    ['.hidden', '%2ehidden'],
    ['a/b c', 'a%2fb%20c'],
    ['ü', '%c3%bc'],
  ])('has no component that means another directory: %s', (name, component) => {
    expect(key({ repo: aRepo({ name }) }).split('/')).toHaveLength(6);
    expect(key({ repo: aRepo({ name }) })).toContain(`/${component}/`);
  });

  it.each(['', 'x'.repeat(151)])('has a digest in the place of a name that is empty or too long', (name) => {
    expect(key({ repo: aRepo({ name }) })).toMatch(/\/%[0-9a-f]{64}\//);
  });
});

function aSecurity(changes: Partial<NonNullable<CompileInput['pipeline']['security']>>) {
  return {
    user: undefined,
    group: undefined,
    nonRoot: undefined,
    fsGroup: undefined,
    supplementalGroups: [],
    seccomp: undefined,
    appArmor: undefined,
    ...changes,
  };
}
