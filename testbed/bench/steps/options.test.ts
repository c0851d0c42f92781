import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';

const known = ['gate', 'swap'];
const nothing = { json: false, quick: false, writeDocs: false, only: [] };

describe('readOptions', () => {
  it.each([
    { args: [], want: nothing },
    { args: ['--quick', '--json'], want: { ...nothing, quick: true, json: true } },
    {
      args: ['--only', 'gate', 'swap', '--quick'],
      want: { ...nothing, quick: true, only: ['gate', 'swap'] },
    },
    { args: ['--only', 'gate,swap'], want: { ...nothing, only: ['gate', 'swap'] } },
    { args: ['--write-docs'], want: { ...nothing, writeDocs: true } },
  ])('understands $args', ({ args, want }) => {
    expect(readOptions(args, known)).toEqual({ kind: 'run', options: want });
  });

  it.each([
    { args: ['--only', 'gates'], want: 'there is no bench gates; there are: gate, swap' },
    { args: ['--write-docs', '--only', 'gate'], want: 'leave out --only' },
    { args: ['--slow'], want: '--slow' },
  ])('refuses $args and says what is wrong', ({ args, want }) => {
    expect(readOptions(args, known)).toEqual({
      kind: 'wrong',
      text: expect.stringContaining(want) as string,
    });
  });
});
