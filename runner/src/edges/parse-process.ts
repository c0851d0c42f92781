import { errorText } from '@hangar/shared/error-text';
import { parseManifest } from '../parse/manifest.ts';
import { substitutedText } from '../parse/pipeline-file.ts';
import { valuePlaces } from '../parse/value-places.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { ParseOrder, ParseReply } from './parse-in-process.ts';

function reply({ wanted, ...file }: ParseOrder): ParseReply {
  try {
    if (wanted !== undefined) return { places: valuePlaces(file, wanted) };
    const { user, system } = process.threadCpuUsage();
    const manifest = parseManifest(substitutedText(file));
    const used = process.threadCpuUsage({ user, system });
    return { manifest, cpuMs: (used.user + used.system) / 1_000 };
  } catch (error) {
    // A defect is reported with its place: the output of this process goes nowhere.
    if (!(error instanceof PipelineError))
      return { defect: error instanceof Error ? (error.stack ?? error.message) : errorText(error) };
    const { code, message, blame, place } = error;
    return { refused: { code, message, blame, place } };
  }
}

/** Parses one file, or finds values in it, and ends. */
process.once('message', (order: ParseOrder) => {
  process.send?.(reply(order), () => process.disconnect());
});
