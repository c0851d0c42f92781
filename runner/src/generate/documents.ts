import { renderConfiguration } from '../config/render.ts';
import { schemaText } from '../lint/pipeline-schema.ts';
import { renderRole } from '../permissions/role.ts';
import { renderApi } from './api.ts';
import { renderFields } from './fields.ts';
import { renderErrors, renderMetrics } from './tables.ts';

/** Every document that is made from the code, by its path from the repository's root. */
export const DOCUMENTS: Readonly<Record<string, () => string>> = {
  'docs/configuration.md': renderConfiguration,
  'docs/runner-api.md': renderApi,
  'docs/metrics.md': renderMetrics,
  'docs/errors.md': renderErrors,
  'docs/role.yaml': renderRole,
  'docs/reference/pipeline.schema.json': schemaText,
  'docs/reference/pipeline-fields.md': renderFields,
};
