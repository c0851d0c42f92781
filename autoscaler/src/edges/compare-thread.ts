import { parentPort, workerData } from 'node:worker_threads';
import { type Comparison, compare } from '../advise/compare.ts';

/** Runs one comparison and ends. */
parentPort?.postMessage(compare(workerData as Comparison));
