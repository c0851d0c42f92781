import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { parseAllDocuments } from 'yaml';
import { toYaml } from '../compile/render.ts';
import type { ImageLookup } from '../ports/image-lookup.ts';
import { compileLocally } from './local/compile-locally.ts';
import type { COMPILE_OPTIONS } from './options.ts';

/** A registry without a lookup: plugin images compile as swapped. */
const NO_LOOKUP: ImageLookup = {
  find: () => Promise.resolve({ kind: 'unknown', why: 'images are looked up only with --look-up' }),
};

/** `compile FILE`: the Pod and the Secrets of one pipeline as YAML, without a cluster (previous-runner §2.2). */
export async function compile(
  options: Values<typeof COMPILE_OPTIONS>,
  file: string,
  context: CommandContext,
): Promise<ExitCode> {
  const images = options['look-up'] ? undefined : NO_LOOKUP;
  const order = { file, options, namespace: 'default', stageId: 1, clone: () => true, images };
  const made = await compileLocally(order, context, context.stopSignal());
  if (made === undefined) return EXIT.config;
  const { compiled } = made;
  const warnings = [...compiled.warnings, ...Object.values(compiled.stepWarnings ?? {}).flat()];
  const yaml = toYaml(compiled, { showSecrets: options['show-secrets'] ?? false });
  context.print(options.json ? asJson(yaml) : commented(warnings) + yaml.trimEnd());
  return EXIT.ok;
}

/** Warnings for the author, printed above the objects as YAML comments. */
const commented = (warnings: readonly string[]): string =>
  warnings.map((warning) => `# ${warning.replace(/\s*[\r\n]+\s*/g, ' ')}\n`).join('');

function asJson(yaml: string): string {
  const documents = parseAllDocuments(yaml);
  const items = 'empty' in documents ? [] : documents.map((document): unknown => document.toJS());
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2);
}
