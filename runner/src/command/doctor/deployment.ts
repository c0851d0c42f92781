import { isRecord, type JsonRecord, listOf, recordOf, textOf } from '@hangar/shared/json';
import { parseAllDocuments } from 'yaml';

/** Variables of a Deployment that stand in its text, and the objects that hold the others, by name. */
export interface DeploymentVariables {
  readonly env: Readonly<Record<string, string>>;
  /** Such as `Secret drone-runner (all its keys)`; their values are not in the file. */
  readonly elsewhere: readonly string[];
}

/**
 * Reads the environment of a Deployment's container (the one whose name contains "runner", else the first), as
 * `kubectl get deployment NAME -o yaml` prints it. Pure.
 *
 * @throws {Error} if the text is not valid YAML or has no Deployment
 */
export function readDeployment(text: string): DeploymentVariables {
  const documents = parseAllDocuments(text).flatMap((document): unknown[] => {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`it is not valid YAML: ${error.message.split('\n')[0]}`);
    const value: unknown = document.toJS();
    return isRecord(value) && value['kind'] === 'List' ? [...listOf(value['items'])] : [value];
  });
  const deployment = documents.map(recordOf).find(({ kind }) => kind === 'Deployment');
  if (deployment === undefined) throw new Error('it has no object of kind Deployment');
  const container = runnerContainer(deployment);
  const entries = listOf(container['env']).map(recordOf);
  const plain = entries.filter((one) => one['valueFrom'] === undefined);
  return {
    env: Object.fromEntries(plain.map((one) => [textOf(one['name']), textOf(one['value'])])),
    elsewhere: [
      ...listOf(container['envFrom']).map(recordOf).map(envFromText),
      ...entries.filter((one) => one['valueFrom'] !== undefined).map(valueFromText),
    ],
  };
}

function runnerContainer(deployment: JsonRecord): JsonRecord {
  const spec = recordOf(recordOf(recordOf(deployment['spec'])['template'])['spec']);
  const containers = listOf(spec['containers']).map(recordOf);
  return containers.find(({ name }) => textOf(name).includes('runner')) ?? containers[0] ?? {};
}

function envFromText(source: JsonRecord): string {
  const prefix = textOf(source['prefix']);
  const keys = prefix === '' ? 'all its keys' : `all its keys, with ${prefix} before each`;
  const secret = recordOf(source['secretRef'])['name'];
  return secret === undefined
    ? `ConfigMap ${textOf(recordOf(source['configMapRef'])['name'])} (${keys})`
    : `Secret ${textOf(secret)} (${keys})`;
}

function valueFromText({ name, valueFrom }: JsonRecord): string {
  const { secretKeyRef, configMapKeyRef } = recordOf(valueFrom);
  if (secretKeyRef !== undefined) return `${textOf(name)}: Secret ${keyText(secretKeyRef)}`;
  if (configMapKeyRef !== undefined) return `${textOf(name)}: ConfigMap ${keyText(configMapKeyRef)}`;
  return `${textOf(name)}: a field of the Pod`;
}

const keyText = (reference: unknown): string => {
  const { name, key } = recordOf(reference);
  return `${textOf(name)}, key ${textOf(key)}`;
};
