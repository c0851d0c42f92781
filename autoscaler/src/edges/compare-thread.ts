import { parentPort, workerData } from 'node:worker_threads';
import { compare, type SettingsComparison } from '../advise/compare.ts';

/** Runs one comparison and ends. */
parentPort?.postMessage(compare(workerData as SettingsComparison));
