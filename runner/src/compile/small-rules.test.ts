import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  isDnsLabel,
  isDnsSubdomain,
  isLabelValue,
  isQualifiedName,
  isVariableName,
  slug,
} from './kubernetes-names.ts';
import { goDuration } from './pod-annotations.ts';
import { privilegeOf } from './privileged.ts';
import { credentialsFor, pullSecret, reducedAddress } from './pull-secret.ts';
import { packSecrets } from './secret-files.ts';
import { aService, aStep, text } from './testing/a-pipeline.ts';
import { isReservedPath, workspacePath } from './workspace.ts';

describe('name rules of Kubernetes', () => {
  it.each([
    [isDnsLabel, 'a-1', 'a.b'],
    [isDnsLabel, 'a'.repeat(63), 'a'.repeat(64)],
    [isDnsSubdomain, 'a.b-c.d', 'a..b'],
    [isDnsSubdomain, 'redis', 'Redis'],
    [isLabelValue, '', '-a'],
    [isLabelValue, 'A_b.c', 'a b'],
    [isQualifiedName, 'example.com/a', 'example.com/'],
    [isQualifiedName, 'A_b', 'a/b/c'],
    [isVariableName, 'PLUGIN_MY-KEY', '1A'],
  ] as const)('%o accepts %s but not %s', (rule, good, bad) => {
    expect([rule(good), rule(bad)]).toEqual([true, false]);
  });
});

describe('slug', () => {
  it.each([
    ['Acme & Söhne GmbH', 'acme-and-sohne-gmbh'],
    ["it's @home — now", 'its-athome-now'],
    ['__a__', 'a'],
    ['日本', ''],
  ])('%s becomes %s', (given, want) => {
    expect(slug(given)).toBe(want);
  });
  it('returns a valid label value for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (any) => {
        expect(isLabelValue(slug(any))).toBe(true);
      }),
    );
  });
});

describe('workspacePath', () => {
  it.each([
    ['', '/drone/src'],
    ['/go/src', '/go/src'],
    ['relative/path/', '/relative/path'],
    ['/etc', '/drone/src'],
    ['/etc/mine', '/etc/mine'],
    ['/etc/docker/x', '/drone/src'],
    ['/var/../proc', '/drone/src'],
    ['/BIN/x', '/drone/src'],
    ['/binary', '/binary'],
    ['/usr', '/usr'],
    ['/run/drone/x', '/drone/src'],
  ])('%s is mounted at %s', (wanted, want) => {
    expect(workspacePath(wanted)).toBe(want);
  });
  it.each(['/a:b', '/a\0b', 'C:\\work'])('refuses %j, which can’t be mounted', (wanted) => {
    expect(() => workspacePath(wanted)).toThrow('cannot be mounted');
  });
  it('refuses the gate’s own folders, and only those', () => {
    expect(
      ['/hangar', '/hangar/own', '/run/drone', '/', '/run/drone2', '/hangars'].map(isReservedPath),
    ).toEqual([true, true, true, true, false, false]);
  });
});

describe('privilegeOf, of an open rule', () => {
  const docker = aStep({ image: 'plugins/docker:20', commands: [] });
  it.each([
    ['a known image without changes', docker, true],
    ['the same as a service', aService({ image: 'index.docker.io/plugins/docker' }), true],
    ['one that the operator added', aStep({ image: 'acme/builder:3', commands: [] }), true],
    ['the same name in another registry', aStep({ image: 'quay.io/plugins/docker', commands: [] }), false],
    ['with commands', { ...docker, commands: ['sh'] }, false],
    ['with command', { ...docker, command: ['sh'] }, false],
    ['with entrypoint', { ...docker, entrypoint: ['sh'] }, false],
    ['with any volume', { ...docker, volumes: [{ name: 'a', path: '/a', subPath: '' }] }, false],
    ...['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DOCKER_HOST', 'DOCKER_OPTS'].map(
      (name): [string, ReturnType<typeof aStep>, boolean] => [
        `with the variable ${name}, which changes its behaviour`,
        { ...docker, environment: { [name]: text('/evil') } },
        false,
      ],
    ),
    ...['acr', 'ecr', 'gcr', 'heroku'].map((name): [string, ReturnType<typeof aStep>, boolean] => [
      `the image plugins/${name} with any tag`,
      aStep({ image: `plugins/${name}:any`, commands: [] }),
      true,
    ]),
    ['with a harmless variable', { ...docker, environment: { A: text('1') } }, true],
    ['by its own setting', aStep({ privileged: true }), true],
  ])('%s', (_sentence, step, want) => {
    expect(['by-image', 'by-setting'].includes(privilegeOf(step, ['acme/builder'], 'any'))).toBe(want);
  });
});

describe('goDuration', () => {
  it.each([
    [3_600_000, '1h0m0s'],
    [1_800_000, '30m0s'],
    [5_400_500, '1h30m0s'],
    [9_000, '9s'],
  ])('%d ms are %s', (durationMs, want) => {
    expect(goDuration(durationMs)).toBe(want);
  });
});

describe('pullSecret', () => {
  it.each([
    ['https://index.docker.io/v1/', 'index.docker.io'],
    ['docker.io', 'index.docker.io'],
    ['registry-1.docker.io', 'index.docker.io'],
    ['https://Registry.example.com/v2/', 'registry.example.com'],
    ['registry.gitlab.com/acme/v1', 'registry.gitlab.com/acme/v1'],
    ['registry.gitlab.com/v1/acme/v2', 'registry.gitlab.com/acme/v2'],
    ['registry.example.com:5000/team', 'registry.example.com:5000/team'],
    ['https://gitlab.example.com/Group/project/', 'gitlab.example.com/Group/project'],
    ['https://index.docker.io/v1/acme', 'docker.io/acme'],
  ])('%s is looked up as %s', (address, want) => {
    expect(reducedAddress(address)).toBe(want);
  });
  it('keeps two projects of one registry apart', () => {
    const registry = (address: string, username: string) => ({ address, username, password: 'p' });
    const made = pullSecret(
      [registry('gitlab.example.com/a', 'x'), registry('https://gitlab.example.com/b', 'y')],
      'pod',
      'ns',
      {},
    );
    const config = Buffer.from(made?.data?.['.dockerconfigjson'] ?? '', 'base64').toString();
    expect(Object.keys((JSON.parse(config) as { auths: object }).auths)).toEqual([
      'gitlab.example.com/a',
      'gitlab.example.com/b',
    ]);
  });

  it('uses the last of equal addresses, and is undefined without one', () => {
    const registry = (address: string, username: string) => ({ address, username, password: 'p' });
    const made = pullSecret(
      [registry('a.example.com', 'x'), registry('https://a.example.com/', 'y')],
      'pod',
      'ns',
      {},
    );
    expect(Buffer.from(made?.data?.['.dockerconfigjson'] ?? '', 'base64').toString()).toContain(
      Buffer.from('y:p').toString('base64'),
    );
    expect(pullSecret([registry(' ', 'x')], 'pod', 'ns', {})).toBeUndefined();
  });
});

describe('credentialsFor', () => {
  const registries = [
    'gitlab.example.com',
    'https://gitlab.example.com/a',
    'gitlab.example.com/a/b',
    'docker.io',
  ].map((address) => ({ address, username: address, password: 'p' }));
  const chosen = (host: string, repository: string) =>
    credentialsFor(registries, { host, repository })?.username;

  it.each([
    ['gitlab.example.com', 'a/b/image', 'gitlab.example.com/a/b'],
    ['gitlab.example.com', 'a/b', 'gitlab.example.com/a/b'],
    ['gitlab.example.com', 'a/bc', 'https://gitlab.example.com/a'],
    ['gitlab.example.com', 'ab/image', 'gitlab.example.com'],
    ['docker.io', 'library/alpine', 'docker.io'],
  ])('for %s/%s are those of %s, by the longest path', (host, repository, want) => {
    expect(chosen(host, repository)).toBe(want);
  });

  it('are none for another registry', () => {
    expect(chosen('quay.io', 'a/b')).toBeUndefined();
  });
});

describe('packSecrets', () => {
  const entry = (key: string, bytes: number) => ({ key, path: key, content: 'x'.repeat(bytes) });
  it('starts another Secret when one is full, and not before', () => {
    const names = (...sizes: number[]) =>
      packSecrets(
        sizes.map((bytes, index) => entry(`k${index}`, bytes)),
        'pod',
      ).map(({ name, entries }) => [name, entries.length]);
    expect(names(400_000, 500_000)).toEqual([['pod', 2]]);
    expect(names(400_000, 600_000)).toEqual([
      ['pod', 1],
      ['pod-2', 1],
    ]);
    expect(names(1_000_000)).toEqual([['pod', 1]]);
  });
  it('refuses an entry that is too large for a Secret', () => {
    expect(() => packSecrets([entry('k', 1_100_000)], 'pod')).toThrow(/Kubernetes keeps at most/);
  });
});
