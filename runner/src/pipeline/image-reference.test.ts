import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandImage, familiarName, parseReference } from './image-reference.ts';

const digest = `sha256:${'0123456789abcdef'.repeat(4)}`;

describe('expandImage', () => {
  it.each([
    ['a single name is an official image of the Hub', 'node', 'docker.io/library/node:latest'],
    ['two parts without a dot are a namespace of the Hub', 'me/app:1', 'docker.io/me/app:1'],
    ['a dot makes the first part a host', 'quay.io/team/tool', 'quay.io/team/tool:latest'],
    ['a port makes the first part a host', 'registry:5000/tool:2', 'registry:5000/tool:2'],
    ['localhost is a host', 'localhost/tool', 'localhost/tool:latest'],
    ['the old name of the Hub is replaced', 'index.docker.io/library/node:20', 'docker.io/library/node:20'],
    ['a digest needs no tag', `node@${digest}`, `docker.io/library/node@${digest}`],
    ['tag and digest are both kept', `node:20@${digest}`, `docker.io/library/node:20@${digest}`],
    ['upper case in the path is invalid', 'Node:20', 'Node:20'],
    ['spaces are invalid', 'node latest', 'node latest'],
    ['an empty text stays empty', '', ''],
  ])('%s', (_sentence, image, want) => {
    expect(expandImage(image)).toBe(want);
  });

  it('is idempotent', () => {
    fc.assert(
      fc.property(fc.string(), (image) => {
        expect(expandImage(expandImage(image))).toBe(expandImage(image));
      }),
    );
  });
});

describe('familiarName', () => {
  it.each([
    ['index.docker.io/library/node:20', 'node'],
    ['docker.io/plugins/docker', 'plugins/docker'],
    ['quay.io/node', 'quay.io/node'],
    [`plugins/docker:1@${digest}`, 'plugins/docker'],
    ['docker.io/library/a/b', 'library/a/b'],
    ['not an image', 'not an image'],
  ])('%s is called %s', (image, want) => {
    expect(familiarName(image)).toBe(want);
  });
});

describe('parseReference', () => {
  it('refuses a bare image id but accepts one digit less', () => {
    const id = 'a'.repeat(64);
    expect(parseReference(id)).toBeUndefined();
    expect(parseReference(id.slice(1))?.repository).toBe(`library/${id.slice(1)}`);
  });

  it('needs at most linear time for malicious names', () => {
    expect(parseReference(`${'a-'.repeat(50_000)}!`)).toBeUndefined();
    expect(parseReference(`${'a.'.repeat(50_000)}/x`)).toBeUndefined();
  });
});
