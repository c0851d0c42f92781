import { describe, expect, it } from 'vitest';
import { expand } from './environment.ts';
import { digestOf, imageIdOf, normalized, repositoryOf } from './images.ts';
import { rewriterOf } from './paths.ts';

describe('rewriterOf', () => {
  const rewrite = rewriterOf('/tmp/r', ['/drone/src', '/drone', '/run/drone/', '/data']);

  it.each([
    ['a path', '/drone/src', '/tmp/r/drone/src'],
    ['a path below one', 'cd /drone/src/web && ls', 'cd /tmp/r/drone/src/web && ls'],
    ['the longest that fits', '/drone/other', '/tmp/r/drone/other'],
    ['several in a list', '/data/bin:/usr/bin:/run/drone', '/tmp/r/data/bin:/usr/bin:/tmp/r/run/drone'],
    ['an assignment', 'DIR=/data', 'DIR=/tmp/r/data'],
    ['the end of a sentence', 'see /data.', 'see /tmp/r/data.'],
  ])('rewrites %s', (_, text, want) => {
    expect(rewrite(text)).toBe(want);
  });

  it.each([
    ['a path that only begins alike', '/database'],
    ['a part of a longer one', '/mnt/data'],
    ['a URL', 'https://host/data/x'],
    ['a file of that name', '/data.tar'],
  ])('leaves %s', (_, text) => {
    expect(rewrite(text)).toBe(text);
  });
});

describe('expand', () => {
  it.each([
    ['$(A) and $(B)', '1 and 2'],
    ['$(C)', '$(C)'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$A ${A} $', '$A ${A} $'],
  ])('reads %s as the kubelet does', (text, want) => {
    expect(expand(text, { A: '1', B: '2' })).toBe(want);
  });
});

describe('image names', () => {
  it.each([
    ['alpine', 'alpine', 'docker.io/library/alpine:latest'],
    ['drone/git:1', 'drone/git', 'docker.io/drone/git:1'],
    ['docker.io/library/redis:7', 'redis', 'docker.io/library/redis:7'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', 'localhost:5000/a/b:latest'],
    ['ghcr.io/a/b@sha256:00', 'ghcr.io/a/b', 'ghcr.io/a/b@sha256:00'],
  ])('reads %s', (image, repository, whole) => {
    expect([repositoryOf(image), normalized(image)]).toEqual([repository, whole]);
    expect(imageIdOf(image)).toContain(digestOf(image));
  });
});
