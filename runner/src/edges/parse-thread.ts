import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '@hangar/shared/error-text';
import { parseManifest } from '../parse/manifest.ts';
import { type PipelineFile, substitutedText } from '../parse/pipeline-file.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { ParseReply } from './parse-in-thread.ts';

function reply(file: PipelineFile): ParseReply {
  try {
    return { manifest: parseManifest(substitutedText(file)) };
  } catch (error) {
    const code = error instanceof PipelineError ? error.code : 'yaml';
    return { code, message: errorText(error) };
  }
}

/** Parses one file and ends. */
parentPort?.postMessage(reply(workerData as PipelineFile));
