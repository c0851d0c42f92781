import { parseAllDocuments } from 'yaml';
import { toYaml } from '../compile/render.ts';
import type { Surroundings } from './command.ts';
import { COMPILE } from './compile-flags.ts';
import { findingText } from './local/check.ts';
import { compileLocally, NO_LOOKUP } from './local/compile-locally.ts';
import type { Flags } from './local/flags.ts';
import { EXIT, oneFile, runCommand } from './local/outcome.ts';
import { configOf } from './local/settings.ts';
import { subjectOf } from './local/subject.ts';

/** `compile FILE`: the Pod and the Secrets of one pipeline as YAML, without any cluster (previous-runner §2.2). */
export function compile(args: readonly string[], surroundings: Surroundings): Promise<number> {
  return runCommand(COMPILE, args, surroundings, (flags) => compileFile(flags, surroundings));
}

async function compileFile(flags: Flags, surroundings: Surroundings): Promise<number> {
  const { print, complain, stop } = surroundings;
  const file = flags.text('source') ?? oneFile(flags);
  const config = configOf(flags, surroundings, 'default');
  const subject = subjectOf({ file, flags, config, stageId: 1, clone: () => true }, surroundings);
  if (subject.kind === 'refused') {
    for (const finding of subject.findings) complain(findingText(file, finding));
    return EXIT.configuration;
  }
  const images = flags.yes('look-up') ? undefined : NO_LOOKUP;
  const compiled = await compileLocally(surroundings, { subject, config, images }, stop);
  const yaml = toYaml(compiled, { showSecrets: flags.yes('show-secrets') ?? false });
  if (flags.yes('json')) print(asJson(yaml));
  else print(commented(compiled.warnings) + yaml.trimEnd());
  return EXIT.ok;
}

/** What the author should know stands above the objects, as YAML's comments. */
const commented = (warnings: readonly string[]): string =>
  warnings.map((warning) => `# ${warning.replace(/\s*[\r\n]+\s*/g, ' ')}\n`).join('');

function asJson(yaml: string): string {
  const documents = parseAllDocuments(yaml);
  const items = 'empty' in documents ? [] : documents.map((document): unknown => document.toJS());
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2);
}
