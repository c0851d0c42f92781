import { MarkFinder } from '../../src/logs/marks.ts';

/** Merges the streams of one gate as the runner does, from a log with one after the other: its text, and the kinds of its marks. */
export function siftedOf(streams: readonly string[]): { text: string; kinds: string[] } {
  const finder = new MarkFinder('abcd');
  const lines = streams.flatMap((stream) => stream.split('\n').slice(0, -1));
  const sifted = lines.map((text) => finder.push({ text, ends: true, stampNs: undefined }));
  const kinds = sifted.flatMap(({ marks }) =>
    marks.map((mark) =>
      mark.kind === 'end'
        ? ['end', mark.code, mark.why].filter((part) => part !== undefined).join(' ')
        : mark.kind,
    ),
  );
  return { text: sifted.flatMap(({ pieces }) => pieces.map((piece) => `${piece.text}\n`)).join(''), kinds };
}
