import { renderConfiguration } from '../config/render.ts';
import { renderApi } from './render-api.ts';
import { renderMetrics } from './render-metrics.ts';

/** Every document that is made from this package's code, by its path from the repository's root. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/autoscaler-configuration.md': renderConfiguration,
  'docs/autoscaler-api.md': renderApi,
  'docs/autoscaler-metrics.md': renderMetrics,
};
