import { describe, expect, it } from 'vitest';
import { blocksOf, markOf } from './blocks.ts';

describe('blocksOf', () => {
  it('gives language, text, line and mark of each block', () => {
    const page = 'Words.\n\n<!-- run: here -->\n```sh\none\n\ntwo\n```\n\n```\nthree\n```\n';

    expect(blocksOf(page)).toEqual([
      {
        line: 4,
        language: 'sh',
        text: 'one\n\ntwo\n',
        mark: { kind: 'run', where: 'here', says: undefined, until: undefined },
      },
      { line: 10, language: '', text: 'three\n', mark: undefined },
    ]);
  });

  it('applies a comment across empty lines, but not across text', () => {
    const marks = (page: string) => blocksOf(page).map(({ mark }) => mark?.kind);

    expect(marks('<!-- not run: needs Docker -->\n\n```sh\nx\n```')).toEqual(['not run']);
    expect(marks('<!-- not run: needs Docker -->\nWords.\n```sh\nx\n```')).toEqual([undefined]);
    expect(marks('<!-- run: here -->\n```sh\nx\n```\n```sh\ny\n```')).toEqual(['run', undefined]);
  });

  it('ends a block that is never closed at the end of the page', () => {
    expect(blocksOf('```sh\nx')).toMatchObject([{ text: 'x\n' }]);
  });
});

describe('markOf', () => {
  it.each([
    ['run: real', { kind: 'run', where: 'real' }],
    ['run: here; says: 87', { kind: 'run', where: 'here', says: '87' }],
    ['run: real; until: is up; now', { kind: 'run', where: 'real', until: 'is up; now' }],
    ['not run: needs Docker', { kind: 'not run', why: 'needs Docker' }],
    ['not checked: a part', { kind: 'not checked', why: 'a part' }],
    ['pipeline', { kind: 'pipeline', trusted: false, file: undefined }],
    ['pipeline: trusted', { kind: 'pipeline', trusted: true, file: undefined }],
    ['pipeline: first.yml', { kind: 'pipeline', trusted: false, file: 'first.yml' }],
    ['pipeline: first.yml, trusted', { kind: 'pipeline', trusted: true, file: 'first.yml' }],
    ['values', { kind: 'values', file: undefined }],
    ['values: hangar.yaml', { kind: 'values', file: 'hangar.yaml' }],
    ['file: old.env', { kind: 'file', file: 'old.env' }],
  ])('reads %s', (comment, want) => {
    expect(markOf(comment)).toMatchObject(want);
  });

  it.each(['run', 'run: there', 'run: here says 87', 'not run', 'file', 'written by: npm run bench'])(
    'does not know %s',
    (comment) => {
      expect(markOf(comment)).toBeUndefined();
    },
  );
});
