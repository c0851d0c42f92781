import { renderConfiguration } from '../config/render.ts';

/** Every document that is made from this package's code, by its path from the repository's root. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/autoscaler-configuration.md': renderConfiguration,
};
