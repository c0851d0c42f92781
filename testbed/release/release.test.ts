import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  changelogSection,
  releasedImages,
  releaseNotes,
  releaseProblems,
  VERSION_PLACES,
  versionOf,
} from './release.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('versionOf', () => {
  it.each([
    ['v0.2.0', '0.2.0'],
    ['v1.0.0-rc.1', '1.0.0-rc.1'],
    ['0.2.0', undefined],
    ['v0.2', undefined],
    ['v0.2.0 ', undefined],
  ])('%j is %j', (tag, want) => expect(versionOf(tag)).toBe(want));
});

describe('releaseProblems', () => {
  const current = /"version": "([^"]+)"/.exec(read('package.json'))?.[1] ?? '';
  const withSection = (version: string) => (path: string) =>
    path === 'CHANGELOG.md' ? `# Changelog\n\n## ${version}\n\n- one\n\n## 0.0.1\n` : read(path);

  it('finds none for the version that all files of this repository state', () =>
    expect(releaseProblems(current, withSection(current))).toEqual([]));

  it('names each file with another version', () => {
    const problems = releaseProblems('99.0.0', withSection('99.0.0'));
    for (const { path } of VERSION_PLACES)
      expect(problems.join('\n')).toContain(`${path}: ${current} instead of 99.0.0`);
  });

  it('names a changelog without the section, and one whose section is empty', () => {
    expect(releaseProblems(current, withSection('9.9.9'))).toEqual([expect.stringContaining('CHANGELOG.md')]);
    expect(changelogSection('## 1.0.0\n\n## 0.9.0\n- x\n', '1.0.0')).toBe('');
  });
});

describe('releaseNotes', () => {
  it('lists features and fixes after the section of the changelog, breaking ones marked, other types left out', () => {
    const commits = [
      { hash: 'a1', subject: 'feat(runner)!: another default' },
      { hash: 'b2', subject: 'fix: a lost line' },
      { hash: 'c3', subject: 'docs: a page' },
      { hash: 'd4', subject: 'merge of something' },
    ];
    expect(releaseNotes('- summary', commits)).toBe(
      '- summary\n\n### Features\n\n- **breaking** runner: another default (a1)\n\n### Fixes\n\n- a lost line (b2)\n',
    );
  });
});

describe('releasedImages', () => {
  it('has the three images, with bases that the Dockerfiles state', () => {
    const images = releasedImages(read);
    expect(images.map(({ name }) => name)).toEqual(['hangar-runner', 'hangar-autoscaler', 'hangar-gate']);
    for (const { base } of images) expect(base).toMatch(/^(NODE|GO)=docker\.io\/library\/\w+:\d+\.\d+\.\d+/);
  });

  it('refuses a Dockerfile whose base cannot be set', () =>
    expect(() => releasedImages(() => 'FROM scratch\n')).toThrow(/no ARG/));
});

describe('each image of a release', () => {
  it('is labelled with the address of its sources, and with its base', () => {
    const build = read('.github/workflows/release.yml').split('docker buildx build')[1] ?? '';
    for (const label of ['url', 'source', 'documentation', 'base.name', 'base.digest'])
      expect(build).toContain(`--label "$label.${label}=`);
  });

  it('is built from its base by digest, which is that of its label', () => {
    const [before = '', build = ''] = read('.github/workflows/release.yml').split('docker buildx build');
    expect(before).toContain('digest=$(docker buildx imagetools inspect "${base#*=}"');
    expect(build).toContain('--build-arg "$base@$digest"');
    expect(build).toContain('--label "$label.base.digest=$digest"');
  });

  it.each(releasedImages(read))('$name has a list of what it is built from (CycloneDX)', ({ dockerfile }) => {
    expect(read(dockerfile)).toMatch(/^RUN .*> \S+\/sbom\.cdx\.json/m);
  });

  it('the one of the gate is complete: the module has no dependencies, so it names the Go library alone', () => {
    const line = /^RUN (go=.*) > \/out\/sbom\.cdx\.json$/m.exec(read('runner/gate/Dockerfile'))?.[1] ?? '';
    const script = `go() { echo go1.26.8; }; VERSION=0.2.0; ${line}`;
    const sbom = JSON.parse(execFileSync('sh', ['-c', script], { encoding: 'utf8' })) as Record<
      string,
      unknown
    >;
    expect(sbom).toMatchObject({
      bomFormat: 'CycloneDX',
      metadata: { component: { name: 'hangar-gate', version: '0.2.0' } },
      components: [{ name: 'stdlib', version: '1.26.8', purl: 'pkg:golang/stdlib@1.26.8' }],
    });
    expect(read('runner/gate/go.mod')).not.toMatch(/require/);
  });
});

it.each([
  ['.github/workflows/release.yml', '$REGISTRY/$name:${TAG#v}'],
  ['docs/getting-started.md', 'registry.acme.test/hangar-runner:0.1.0'],
  ['docs/images.md', 'registry.acme.test/ci/hangar-$program:0.1.0'],
  ['Dockerfile', 'registry.acme.test/hangar-runner:0.1.0'],
])('%s records in the image of the runner the reference under which it is pushed', (path, reference) => {
  const command = read(path)
    .split('docker buildx build')
    .find((text) => text.includes(reference));
  expect(command).toMatch(new RegExp(`--build-arg "?IMAGE=${RegExp.escape(reference)}"?\\s`));
});
