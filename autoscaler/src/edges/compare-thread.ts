import { parentPort, workerData } from 'node:worker_threads';
import type { SettingsComparison } from '../advise/settings-gain.ts';
import { compare } from '../replay/compare-settings.ts';

/** Runs one comparison and ends. */
parentPort?.postMessage(compare(workerData as SettingsComparison));
