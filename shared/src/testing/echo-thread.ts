import { parentPort, workerData } from 'node:worker_threads';
import { errorText } from '@hangar/shared/error-text';

// A thread that needs a package of ours.
parentPort?.postMessage(errorText(new Error(String(workerData))));
