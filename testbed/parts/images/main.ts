import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { systemClock } from '@hangar/shared/clock';
import { ownLayout } from '../real/facts.ts';
import { gateImage, gateProgram } from '../real/images.ts';
import { bundlePrograms } from './bundle.ts';
import { imageTable, type MeasuredImage, withTable } from './document.ts';
import { sizeOf, startTimesMs } from './measure.ts';
import { nodeLayer, programImage } from './program-image.ts';

/** Builds the images of this clone as the testbed does, and prints their sizes and start times. */

const RUNS = 7;
const { repository } = ownLayout();
const clock = systemClock();

async function measured(): Promise<readonly MeasuredImage[]> {
  await bundlePrograms(repository);
  const parts = { node: await nodeLayer(), gate: await gateProgram(ownLayout()) };
  const images: MeasuredImage[] = [];
  for (const program of ['runner', 'autoscaler'] as const) {
    const image = await programImage(repository, program, parts);
    const startMs = await startTimesMs(clock, image, program, RUNS);
    images.push({ name: `hangar-${program}`, size: sizeOf(image), startMs });
  }
  const gate = await gateImage(ownLayout());
  return gate === undefined
    ? images
    : [...images, { name: 'hangar-gate', size: sizeOf(gate.image), startMs: [] }];
}

const table = imageTable(await measured());
const when = new Date(clock.now()).toISOString().slice(0, 16).replace('T', ' ');
const load = `Load average at the end: ${(loadavg()[0] ?? 0).toFixed(1)}`;
const text = `Measured ${when} UTC, ${process.arch}, Node.js ${process.version}. ${load}.\n\n${table}`;
process.stdout.write(`${text}\n`);
if (process.argv.includes('--write-docs')) {
  const page = `${repository}/docs/images.md`;
  await writeFile(page, withTable(await readFile(page, 'utf8'), text));
}
