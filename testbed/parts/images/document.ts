import { type Markers, rewritten } from '../../bench/report.ts';
import type { ImageSize } from './measure.ts';

/** What was measured of one image. */
export interface MeasuredImage {
  readonly name: string;
  readonly size: ImageSize;
  /** From the start of the process until its HTTP side is up; empty: it has none. */
  readonly startMs: readonly number[];
}

/** Around what the command writes. */
const MARKERS: Markers = {
  begin: '<!-- written by: node testbed/parts/images/main.ts --write-docs -->',
  end: '<!-- end of what it wrote -->',
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function middle(values: readonly number[]): string {
  const sorted = [...values].sort((one, other) => one - other);
  const at = sorted[Math.floor(sorted.length / 2)];
  return at === undefined
    ? ''
    : `${Math.round(at)} ms (of ${sorted.length}; most ${Math.round(sorted.at(-1) ?? at)} ms)`;
}

/** The table of sizes and starts, for people. Pure. */
export function imageTable(images: readonly MeasuredImage[]): string {
  const rows = images.map(
    ({ name, size, startMs }) =>
      `| ${name} | ${megabytes(size.packedBytes)} | ${megabytes(size.unpackedBytes)} | ${size.layerBytes.map(megabytes).join(' + ')} | ${middle(startMs)} |`,
  );
  const head = '| image | in a registry | on a node | its layers | start to HTTP, median |';
  return [head, '| --- | --: | --: | --- | --- |', ...rows].join('\n');
}

/** The page about images with the text between its marks replaced. Pure. @throws where the marks are missing */
export const withTable = (page: string, text: string): string => rewritten(page, MARKERS, text);
