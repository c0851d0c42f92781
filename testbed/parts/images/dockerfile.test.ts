import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readDockerfile } from './dockerfile.ts';

const read = (path: string) =>
  readDockerfile(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8'));

describe('readDockerfile', () => {
  it('reads the last stage alone, and what earlier ones delete', () => {
    const facts = readDockerfile(`
# a comment
ARG BASE=example.test/base:1
FROM \${BASE} AS build
COPY x y
USER root
RUN find d -type f \\( -name '*.map' -o -name '*.md' \\) -delete
FROM \${BASE}
LABEL a.b="two words" \\
  c=d
WORKDIR /app
COPY --from=build /src/d/e d/e
COPY LICENSE ./
USER 7:7
ENTRYPOINT ["/x", "y"]
`);
    expect(facts).toEqual({
      copies: [
        { from: 'd/e', to: 'd/e' },
        { from: 'LICENSE', to: 'LICENSE' },
      ],
      deletedEnds: ['.map', '.md'],
      user: '7:7',
      workingFolder: '/app',
      entrypoint: ['/x', 'y'],
      environment: {},
      labels: { 'a.b': 'two words', c: 'd' },
      bases: ['example.test/base:1'],
    });
  });

  it('refuses a COPY that it cannot follow, rather than leave files out', () => {
    expect(() => readDockerfile('FROM a\nCOPY one two three/')).toThrow(/one source and one target/);
  });
});

describe.each(['runner/Dockerfile', 'autoscaler/Dockerfile', 'runner/gate/Dockerfile'])('%s', (path) => {
  const facts = read(path);

  it('runs as nobody, by number, so that runAsNonRoot can be checked', () => {
    expect(facts.user).toMatch(/^[1-9]\d{4}:[1-9]\d{4}$/);
  });

  it('names its bases with registry and full version', () => {
    expect(facts.bases.length).toBeGreaterThan(0);
    for (const base of facts.bases) expect(base).toMatch(/^docker\.io\/library\/\w+:\d+\.\d+\.\d+-\w+/);
  });

  it('tells what it is', () => {
    expect(Object.keys(facts.labels).map((name) => name.replace('org.opencontainers.image.', ''))).toEqual([
      'title',
      'description',
      'version',
      'revision',
      'licenses',
    ]);
  });
});

describe.each(['runner', 'autoscaler'])('the image of the %s', (program) => {
  const facts = read(`${program}/Dockerfile`);

  it('starts the door that it copies', () => {
    const door = facts.entrypoint[1]?.slice(`${facts.workingFolder}/`.length) ?? '';
    expect(facts.copies.some(({ to }) => door.startsWith(`${to}/`))).toBe(true);
  });

  it('has no tests, types and maps in it, but a list of its parts', () => {
    expect(facts.deletedEnds).toEqual(expect.arrayContaining(['.d.ts', '.map', '.test.js', '.suite.js']));
    expect(facts.copies.map(({ to }) => to)).toContain('sbom.cdx.json');
  });
});
