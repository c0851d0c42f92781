import { describe, expect, it } from 'vitest';
import { filmOf, thinned } from './film.ts';
import { Screen } from './screen.ts';

const shown = (...writes: readonly string[]): readonly string[] => {
  const screen = new Screen();
  for (const text of writes) screen.write(text);
  return screen.lines(10).map((line) => line.map(({ text }) => text).join(''));
};

describe('a screen', () => {
  it('shows lines, and draws them again where the cursor went up', () => {
    expect(shown('head\none\ntwo\n', '\u001b[2A\rONE\u001b[K\n', 'tw')).toEqual(['head', 'ONE', 'two']);
    expect(shown('head\none\ntwo\n', '\u001b[2A\r\u001b[J', 'new\n')).toEqual(['head', 'new']);
    expect(shown('longer\r', 'x\u001b[K')).toEqual(['x']);
  });

  it('keeps colours as runs, and forgets cursor commands', () => {
    const screen = new Screen();
    screen.write('\u001b[?25l\u001b[32m✓\u001b[0m fine');
    expect(screen.lines(1)).toEqual([
      [
        { column: 0, text: '✓', look: '32' },
        { column: 1, text: ' fine', look: '' },
      ],
    ]);
  });

  it('gives the last lines where there are more than fit', () => {
    const screen = new Screen();
    screen.write('a\nb\nc\n');
    expect(screen.lines(2).map(([run]) => run?.text)).toEqual(['b', 'c']);
  });
});

describe('a film', () => {
  const frame = (atMs: number, text: string) => ({ atMs, lines: [[{ column: 0, text, look: '' }]] });

  it('leaves out frames that show nothing new or follow at once, but never the last one', () => {
    const frames = [frame(0, 'a'), frame(300, 'a'), frame(310, 'b'), frame(320, 'c'), frame(330, 'd')];
    expect(thinned(frames, 200).map(({ atMs }) => atMs)).toEqual([0, 310, 330]);
  });

  it('writes each line once, escaped, and shows the last frame where motion is reduced', () => {
    const svg = filmOf(
      [frame(0, 'a<b'), frame(1_000, 'a<b'), frame(2_000, 'c')],
      { columns: 10, rows: 2 },
      'A film',
    );
    expect(svg.match(/a&lt;b/g)).toHaveLength(1);
    expect(svg.match(/<use /g)).toHaveLength(3);
    expect(svg).toContain('prefers-reduced-motion:reduce');
    expect(svg).toContain('20%{transform:translateX(-232px)}');
  });
});
