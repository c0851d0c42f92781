import { parentPort, workerData } from 'node:worker_threads';
import type { SettingsComparison } from '../advise/settings-gain.ts';
import type { CurveQuestion } from '../curve/price-curve.ts';
import { compare } from '../replay/compare-settings.ts';
import { playCurve } from '../replay/play-curve.ts';

const question = workerData as SettingsComparison | CurveQuestion;

/** Answers one question and ends. */
parentPort?.postMessage('settings' in question ? playCurve(question) : compare(question));
