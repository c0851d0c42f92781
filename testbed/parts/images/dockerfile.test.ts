import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDockerfile } from './dockerfile.ts';

const labelOf = (name: string): string => `org.opencontainers.image.${name}`;

const read = (path: string, target = '') =>
  readDockerfile(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'), target);

describe('readDockerfile', () => {
  it('reads the last stage alone', () => {
    const facts = readDockerfile(`
# a comment
ARG BASE=example.test/base:1
FROM \${BASE} AS build
COPY x y
USER root
FROM \${BASE}
LABEL a.b="two words" \\
  c=d
WORKDIR /app
COPY --from=build /src/d/e d/e
COPY LICENSE ./
COPY f/g /usr/local/bin/
USER 7:7
ENTRYPOINT ["/x", "y"]
`);
    expect(facts).toEqual({
      copies: [
        { from: 'd/e', to: 'd/e' },
        { from: 'LICENSE', to: 'LICENSE' },
        { from: 'f/g', to: '/usr/local/bin/g' },
      ],
      hasGate: false,
      user: '7:7',
      workingFolder: '/app',
      entrypoint: ['/x', 'y'],
      environment: {},
      labels: { 'a.b': 'two words', c: 'd' },
      bases: ['example.test/base:1'],
    });
  });

  it('reads the stage that is named, with what it is made from, and refuses a name that is not there', () => {
    const text = `
FROM example.test/base:1 AS program
COPY LICENSE ./
USER 7:7
FROM program AS one
COPY a a
ENTRYPOINT ["/one"]
FROM program AS two
COPY b b
`;
    const one = readDockerfile(text, 'one');
    expect(one.copies.map(({ to }) => to)).toEqual(['LICENSE', 'a']);
    expect([one.user, one.entrypoint]).toEqual(['7:7', ['/one']]);
    expect(readDockerfile(text).copies.map(({ to }) => to)).toEqual(['LICENSE', 'b']);
    expect(() => readDockerfile(text, 'three')).toThrow('no stage three');
  });

  it('refuses a COPY that it cannot follow, rather than leave files out', () => {
    expect(() => readDockerfile('FROM a\nCOPY one two three/')).toThrow(/one source and one target/);
  });
});

describe.each([
  ['Dockerfile', 'runner'],
  ['Dockerfile', 'autoscaler'],
  ['runner/gate/Dockerfile', ''],
])('%s, %s', (path, target) => {
  const facts = read(path, target);

  it('runs as the user nobody, by number, so that runAsNonRoot can be checked', () => {
    expect(facts.user).toMatch(/^[1-9]\d{4}:[1-9]\d{4}$/);
  });

  it('names its bases with registry and full version', () => {
    expect(facts.bases.length).toBeGreaterThan(0);
    for (const base of facts.bases) expect(base).toMatch(/^docker\.io\/library\/\w+:\d+\.\d+\.\d+-\w+/);
  });

  it('states what it is', () => {
    const labels = ['title', 'description', 'version', 'revision', 'licenses'];
    expect(Object.keys(facts.labels)).toEqual(expect.arrayContaining(labels.map(labelOf)));
  });
});

it('the gate is in the image of the runner, and not in that of the autoscaler', () => {
  expect(['runner', 'autoscaler'].map((program) => read('Dockerfile', program).hasGate)).toEqual([
    true,
    false,
  ]);
});

it('the image of the runner is a placeholder too, since it may be all that there is of the gate', () => {
  const placeholder = read('runner/gate/Dockerfile').entrypoint;
  expect(read('Dockerfile', 'runner').entrypoint.slice(0, 3)).toEqual([
    ...placeholder,
    '--else',
    '/usr/local/bin/node',
  ]);
});

it('the gate in the image of the runner is built as its own image builds it', () => {
  const buildOf = (path: string) =>
    /^RUN CGO_ENABLED.*$/m.exec(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'))?.[0];
  expect(buildOf('Dockerfile')).toBe(buildOf('runner/gate/Dockerfile'));
});

describe.each(['runner', 'autoscaler'])('the image of the %s', (program) => {
  const facts = read('Dockerfile', program);

  it('states where its sources and documents are, as the chart does, and its base', () => {
    const chart = readFileSync(new URL('../../../charts/hangar/Chart.yaml', import.meta.url), 'utf8');
    const home = /^home: (\S+)$/m.exec(chart)?.[1] ?? '';
    const source = /^sources:\n {2}- (\S+)$/m.exec(chart)?.[1];
    expect(facts.labels[labelOf('url')]).toBe(home);
    expect(facts.labels[labelOf('source')]).toBe(source);
    expect(facts.labels[labelOf('documentation')]).toContain(home);
    expect(facts.labels[labelOf('base.name')]).toBe('$' + '{NODE}');
  });

  it('starts the bundle that it copies, and has the file with its version', () => {
    const main = facts.entrypoint.at(-1)?.slice(`${facts.workingFolder}/`.length) ?? '';
    expect(main).toBe(`${program}/bundle/main.js`);
    expect(facts.copies.map(({ to }) => to)).toEqual(
      expect.arrayContaining(['LICENSE', `${program}/package.json`, `${program}/bundle`]),
    );
  });

  it('has a command of its name in PATH that starts the same file', () => {
    const [command] = facts.copies.filter(({ to }) => to === `/usr/local/bin/hangar-${program}`);
    const text = readFileSync(new URL(`../../../${command?.from}`, import.meta.url), 'utf8');
    // Without --, Node itself takes the option --env-file of doctor and replay.
    expect(text).toMatch(/^#!\/usr\/local\/bin\/node --\n/);
    expect(text).toContain(`import('${facts.entrypoint.at(-1)}');`);
  });
});
