import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '@hangar/shared/error-text';
import { type DecideOptions, decide } from '../decide/decide.ts';
import type { DecideReply, DecideRequest } from './decide-worker.ts';

/** Handles one snapshot after another; an error is reported, and the thread continues. */
parentPort?.on('message', ({ id, snapshot }: DecideRequest) => {
  const tell = (reply: DecideReply): void => parentPort?.postMessage(reply);
  try {
    tell({ id, recommendation: decide(snapshot, workerData as DecideOptions) });
  } catch (error) {
    tell({ id, problem: errorText(error) });
  }
});
