import { errorText } from '@hangar/shared/error-text';
import type { ImageConfig } from '../compile/settings.ts';
import { expandImage, familiarName, parseReference } from '../pipeline/image-reference.ts';
import { parseDotenv } from './dotenv.ts';
import { type Policies, parsePolicies } from './policies.ts';
import { mapAt, readYamlDocuments, textAt, textListAt } from './yaml-values.ts';

/** Reads the operator's files and collects their problems. */
export class OperatorFiles {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  readonly #readFile: (path: string) => string;

  constructor(readFile: (path: string) => string) {
    this.#readFile = readFile;
  }

  /** `DRONE_RUNNER_ENV_FILE`. */
  environment(path: string): Readonly<Record<string, string>> {
    return this.#read('DRONE_RUNNER_ENV_FILE', path, parseDotenv) ?? {};
  }

  /** `DRONE_NAMESPACE_RULES_FILE`: namespace → list of globs; a single glob counts as a list of one. */
  namespaceRules(path: string): Readonly<Record<string, readonly string[]>> {
    return this.#read('DRONE_NAMESPACE_RULES_FILE', path, parseNamespaceRules) ?? {};
  }

  /** `DRONE_POLICY_FILE`. */
  policies(path: string): Omit<Policies, 'warnings'> {
    const read = this.#read('DRONE_POLICY_FILE', path, parsePolicies);
    this.warnings.push(...(read?.warnings ?? []).map((text) => `DRONE_POLICY_FILE ${path}: ${text}`));
    return { policies: read?.policies ?? [], repositories: read?.repositories ?? [] };
  }

  /** `HANGAR_IMAGE_COMMANDS`, by full image name, or by familiar name if no tag is given. */
  imageCommands(path: string): Readonly<Record<string, ImageConfig>> {
    return this.#read('HANGAR_IMAGE_COMMANDS', path, parseImageCommands) ?? {};
  }

  #read<T>(variable: string, path: string, parse: (text: string) => T): T | undefined {
    if (path === '') return undefined;
    try {
      return parse(this.#readFile(path));
    } catch (error) {
      const why = errorText(error);
      this.problems.push(
        `${variable} names the file ${path}, which cannot be used: ${why}. Fix the file or unset ${variable}`,
      );
      return undefined;
    }
  }
}

function parseNamespaceRules(text: string): Readonly<Record<string, readonly string[]>> {
  const entries = readYamlDocuments(text).flatMap((document) => Object.entries(mapAt(document, 'the file')));
  return Object.fromEntries(
    entries.map(([namespace, globs]) => [
      namespace,
      typeof globs === 'string' ? [globs] : textListAt(globs, namespace),
    ]),
  );
}

function parseImageCommands(text: string): Readonly<Record<string, ImageConfig>> {
  const entries = readYamlDocuments(text).flatMap((document) => Object.entries(mapAt(document, 'the file')));
  return Object.fromEntries(
    entries.map(([image, raw]) => {
      const one = mapAt(raw, image);
      const config = {
        entrypoint: textListAt(one.entrypoint, `${image}.entrypoint`),
        cmd: textListAt(one.cmd, `${image}.cmd`),
        stopSignal: textAt(one.stop_signal, `${image}.stop_signal`),
        user: textAt(one.user, `${image}.user`),
      };
      return [tableKey(image), Object.freeze(config)];
    }),
  );
}

/** An image without a tag matches all of its tags. */
function tableKey(image: string): string {
  const reference = parseReference(image);
  const isTagged = reference !== undefined && (reference.tag !== '' || reference.digest !== '');
  return isTagged ? expandImage(image) : familiarName(image);
}
