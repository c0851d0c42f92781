import { describe, expect, it } from 'vitest';
import { imageDigest, imageIdOf, normalized, repositoryOf } from './images.ts';

describe('image names', () => {
  it.each([
    ['alpine', 'alpine', 'docker.io/library/alpine:latest'],
    ['drone/git:1', 'drone/git', 'docker.io/drone/git:1'],
    ['docker.io/library/redis:7', 'redis', 'docker.io/library/redis:7'],
    ['localhost:5000/a/b', 'localhost:5000/a/b', 'localhost:5000/a/b:latest'],
    ['ghcr.io/a/b@sha256:00', 'ghcr.io/a/b', 'ghcr.io/a/b@sha256:00'],
  ])('reads %s', (image, repository, whole) => {
    expect([repositoryOf(image), normalized(image)]).toEqual([repository, whole]);
    expect(imageIdOf(image)).toContain(imageDigest(image));
  });
});
