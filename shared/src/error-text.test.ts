import { describe, expect, it } from 'vitest';
import { errorText } from './error-text.ts';

describe('errorText', () => {
  it.each([
    ['the message of an error, without its name', new TypeError('no such field'), 'no such field'],
    ['a text as it is', 'gone', 'gone'],
    ['anything else as text', { code: 7 }, '[object Object]'],
    ['nothing at all', undefined, 'undefined'],
  ])('gives %s', (_, thrown, want) => {
    expect(errorText(thrown)).toBe(want);
  });
});
