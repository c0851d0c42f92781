import { describe, expect, it } from 'vitest';
import { PipelineError } from './pipeline-error.ts';
import { shortLines, shortText } from './short-text.ts';

describe('shortText', () => {
  it('keeps beginning and end of a long text, and a short one as it is', () => {
    expect(shortText('abcdefgh', 8)).toBe('abcdefgh');
    expect(shortText('abcdefghi', 8)).toBe('abcdef … (1 characters) … hi');
  });

  it('leaves no half of a character', () => {
    expect(shortText('😀'.repeat(9), 5).isWellFormed()).toBe(true);
  });
});

describe('shortLines', () => {
  it('cuts long lines and counts those after 200', () => {
    const lines = Array.from({ length: 201 }, () => 'x'.repeat(1_001));
    const short = shortLines(lines);
    expect(short).toHaveLength(201);
    expect(short[0]).toHaveLength(1_000 + ' … (1 characters) … '.length);
    expect(short[200]).toBe('and 1 more warnings');
    expect(shortLines(lines.slice(1, 3).map(() => 'y'))).toEqual(['y', 'y']);
  });
});

describe('the message of a PipelineError', () => {
  const long = 'x'.repeat(900_000);

  it('has an end, whatever values are in it', () => {
    expect(new PipelineError('yaml', `memory: ${long}: write it as 1Gi`).message).toMatch(
      /^memory: xxx[^]{0,11000}write it as 1Gi$/,
    );
    expect(new PipelineError('yaml', 'x'.repeat(10_000)).message).toHaveLength(10_000);
  });

  it('has all refused values, each cut', () => {
    const values = Array.from({ length: 20 }, (_, index) => ({ message: `${index}: ${long}: end`, at: [] }));
    const { message } = PipelineError.refusing('refused-choice', { title: 'no:', values }, 'pipeline');
    expect(message.split('\n- ')).toHaveLength(21);
    expect(message).toMatch(/19: x+ … \(\d+ characters\) … x+: end$/);
    expect(message.length).toBeLessThan(10_000);
  });
});
