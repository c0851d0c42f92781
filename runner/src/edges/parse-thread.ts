import { parentPort, workerData } from 'node:worker_threads';
import { parseManifest } from '../parse/manifest.ts';
import { type PipelineFile, substitutedText } from '../parse/pipeline-file.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { ParseReply } from './parse-in-thread.ts';

function reply(file: PipelineFile): ParseReply {
  try {
    return { manifest: parseManifest(substitutedText(file)) };
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const { code, message, blame, place } = error;
    return { refused: { code, message, blame, place } };
  }
}

/** Parses one file and ends. */
parentPort?.postMessage(reply(workerData as PipelineFile));
