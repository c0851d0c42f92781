import type { Policy } from '../compile/settings.ts';
import { type Amount, CONDITION_NAMES, type Conditions, type Toleration } from '../pipeline/pipeline.ts';
import type { RepositoryRules } from '../restrict/restrictions.ts';
import { repositoryRulesOf } from './repository-rules.ts';
import {
  bytesAt,
  conditionAt,
  listAt,
  mapAt,
  readYamlDocuments,
  textAt,
  textsAt,
  unknownKeys,
  wholeAt,
} from './yaml-values.ts';

const TOP = [
  'kind',
  'name',
  'match',
  'metadata',
  'resources',
  'node_selector',
  'service_account',
  'tolerations',
];

/** The kind of documents with rules for what pipelines may choose. */
const RESTRICTIONS = 'restrictions';

/** The policies and rules of a file, and warnings about it. */
export interface Policies {
  readonly policies: readonly Policy[];
  /** What pipelines of some repositories may choose. */
  readonly repositories: readonly RepositoryRules[];
  readonly warnings: readonly string[];
}

/**
 * Reads a policy file (previous-runner §1.6.3): one policy per document, or rules for some repositories. An empty document is skipped with a warning, since it
 * would match everything and hide all later ones (known issue 44).
 *
 * @throws {ConfigFileError} with the place of a value of the wrong type
 */
export function parsePolicies(text: string): Policies {
  const documents = readYamlDocuments(text);
  const policies: Policy[] = [];
  const repositories: RepositoryRules[] = [];
  const warnings: string[] = [];
  for (const [index, document] of documents.entries()) {
    const place = `policy ${index + 1}`;
    if (document === undefined || document === null) {
      warnings.push(`${place} is empty and ignored, because it would match everything`);
      continue;
    }
    const raw = mapAt(document, place);
    if (raw.kind === RESTRICTIONS) {
      repositories.push(repositoryRulesOf(raw, `restrictions in document ${index + 1}`));
      continue;
    }
    policies.push(policyOf(raw, place));
    warnings.push(...oddities(raw, place));
  }
  return { policies, repositories, warnings };
}

function policyOf(raw: Readonly<Record<string, unknown>>, place: string): Policy {
  const metadata = mapAt(raw.metadata, `${place}.metadata`);
  const resources = mapAt(raw.resources, `${place}.resources`);
  return Object.freeze({
    name: textAt(raw.name, `${place}.name`),
    match: conditionsOf(raw.match, `${place}.match`),
    namespace: textAt(metadata.namespace, `${place}.metadata.namespace`),
    labels: textsAt(metadata.labels, `${place}.metadata.labels`),
    annotations: textsAt(metadata.annotations, `${place}.metadata.annotations`),
    requests: amountOf(resources.request, `${place}.resources.request`),
    limits: amountOf(resources.limit, `${place}.resources.limit`),
    nodeSelector: textsAt(raw.node_selector, `${place}.node_selector`),
    serviceAccount: textAt(raw.service_account, `${place}.service_account`),
    tolerations: listAt(raw.tolerations, `${place}.tolerations`).map((one, i) =>
      tolerationOf(one, `${place}.tolerations[${i}]`),
    ),
  });
}

function conditionsOf(raw: unknown, place: string): Conditions {
  const match = mapAt(raw, place);
  const named = CONDITION_NAMES.filter((name) => match[name] !== undefined && match[name] !== null);
  return Object.fromEntries(named.map((name) => [name, conditionAt(match[name], `${place}.${name}`)]));
}

function amountOf(raw: unknown, place: string): Amount {
  const { cpu, memory } = mapAt(raw, place);
  return { cpuMillicores: wholeAt(cpu, `${place}.cpu`), memoryBytes: bytesAt(memory, `${place}.memory`) };
}

function tolerationOf(raw: unknown, place: string): Toleration {
  const { key, operator, effect, value, toleration_seconds: seconds } = mapAt(raw, place);
  return {
    key: textAt(key, `${place}.key`),
    operator: textAt(operator, `${place}.operator`),
    effect: textAt(effect, `${place}.effect`),
    value: textAt(value, `${place}.value`),
    tolerationSeconds:
      seconds === undefined || seconds === null ? undefined : wholeAt(seconds, `${place}.toleration_seconds`),
  };
}

function oddities(raw: Readonly<Record<string, unknown>>, place: string): readonly string[] {
  const resources = mapAt(raw.resources, place);
  const tolerations = listAt(raw.tolerations, place);
  return [
    ...unknownKeys(raw, place, TOP),
    ...unknownKeys(raw.match, `${place}.match`, CONDITION_NAMES),
    ...unknownKeys(raw.metadata, `${place}.metadata`, ['namespace', 'labels', 'annotations']),
    ...unknownKeys(raw.resources, `${place}.resources`, ['request', 'limit']),
    ...unknownKeys(resources.request, `${place}.resources.request`, ['cpu', 'memory']),
    ...unknownKeys(resources.limit, `${place}.resources.limit`, ['cpu', 'memory']),
    ...tolerations.flatMap((one, i) =>
      unknownKeys(one, `${place}.tolerations[${i}]`, [
        'key',
        'operator',
        'effect',
        'value',
        'toleration_seconds',
      ]),
    ),
  ];
}
