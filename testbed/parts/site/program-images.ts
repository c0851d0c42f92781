import { createHash } from 'node:crypto';
import { bundlePrograms, type ProgramName } from '../images/bundle.ts';
import { archive, type NamedImage } from '../images/image.ts';
import { nodeLayer, type ProgramParts, programImage } from '../images/program-image.ts';
import { ctr, importArchive } from '../real/ctr.ts';
import { gateProgram } from '../real/images.ts';
import type { Layout } from '../real/plan/layout.ts';

/** Names of the programs' images, as they are on the node. */
export type ProgramImages = Readonly<Record<ProgramName, string>>;

/** Bundles both programs and puts their images on the node of the testbed, named by what is in them. */
export async function offerPrograms(layout: Layout): Promise<ProgramImages> {
  await bundlePrograms(layout.repository);
  const parts: ProgramParts = { node: await nodeLayer(), gate: await gateProgram(layout) };
  const named = async (program: ProgramName): Promise<NamedImage> => {
    const { manifest } = await programImage(layout.repository, program, parts);
    const tag = createHash('sha256').update(manifest.digest).digest('hex').slice(0, 12);
    const name = `docker.io/hangar/hangar-${program}:${tag}`;
    return { name, image: await programImage(layout.repository, program, { ...parts, reference: name }) };
  };
  const [runner, autoscaler] = [await named('runner'), await named('autoscaler')];
  const present = new Set((await ctr(layout, ['images', 'ls', '-q'])).split('\n'));
  const missing = [runner, autoscaler].filter(({ name }) => !present.has(name));
  if (missing.length > 0) await importArchive(layout, archive(missing));
  return { runner: runner.name, autoscaler: autoscaler.name };
}
