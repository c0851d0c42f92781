import { describe, expect, it } from 'vitest';
import { imageNameError } from './image-name.ts';

describe('imageNameError', () => {
  it.each([
    'busybox',
    'docker.io/library/busybox:latest',
    'localhost:5000/a/b',
    'x/a.b-c__d/e:1.0_x',
    'UPPER/case:1',
    `ghcr.io/a/b:1@sha256:${'0'.repeat(64)}`,
  ])('takes %s', (image) => {
    expect(imageNameError(image)).toBeUndefined();
  });

  it.each([
    ['UPPER/Case:1', ': repository name (Case) must be lowercase'],
    ['Busybox', ': repository name (Busybox) must be lowercase'],
    ['a//b', ''],
    ['a b', ''],
    ['a:b c', ''],
    ['a:', ''],
    ['a@sha256:1', ''],
    ['-a', ''],
  ])('refuses %s', (image, why) => {
    expect(imageNameError(image)).toBe(
      `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format${why}`,
    );
  });
});
