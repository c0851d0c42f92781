import { isRecord, type JsonRecord, recordOf, recordsOf } from '../api/objects.ts';
import { quantityOf } from '../api/quantity.ts';
import { apiVersionOf, type Resource } from '../api/resources.ts';
import { type ApiError, badRequest } from '../api/status-errors.ts';
import { leaseTimeFault } from './lease.ts';

/**
 * What the server's decoder would refuse before any validation: wrong JSON types where compilers
 * most often put them (labels, annotations, env values, secret data).
 *
 * @throws {ApiError} 400 with the decoder's text
 */
export function assertDecodable(resource: Resource, body: unknown): asserts body is JsonRecord {
  if (!isRecord(body))
    throw badRequest(
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    );
  assertKind(resource, body);
  const metadata = recordOf(body['metadata']);
  for (const field of ['name', 'generateName', 'namespace']) {
    assertTexts(resource, [metadata[field]], `ObjectMeta.metadata.${field}`);
  }
  for (const field of ['labels', 'annotations']) {
    assertTexts(resource, metadata[field], `ObjectMeta.metadata.${field}`);
  }
  if (resource.plural === 'secrets') {
    assertBase64(resource, recordOf(body['data']));
    assertTexts(resource, body['stringData'], 'Secret.stringData');
  }
  if (resource.plural === 'leases') {
    const fault = leaseTimeFault(body);
    if (fault !== undefined) throw undecodable(resource, fault);
  }
  if (resource.plural === 'pods') assertPodTypes(resource, recordOf(body['spec']));
}

function assertKind(resource: Resource, body: JsonRecord): void {
  const { kind = resource.kind, apiVersion = apiVersionOf(resource) } = body;
  if (kind === resource.kind && apiVersion === apiVersionOf(resource)) return;
  const group = resource.group === '' ? '' : `${resource.group}/`;
  throw badRequest(
    `${String(kind)} in version "${String(apiVersion)}" cannot be handled as a ${resource.kind}: ` +
      `converting (${String(apiVersion)}.${String(kind)}) to (${group}.${resource.kind}): unknown conversion`,
  );
}

function assertTexts(resource: Resource, value: unknown, field: string): void {
  const items: unknown[] = Array.isArray(value) ? value : Object.values(recordOf(value));
  for (const item of items) {
    if (item !== undefined && item !== null && typeof item !== 'string')
      throw unmarshalable(resource, item, field);
  }
}

function assertPodTypes(resource: Resource, spec: JsonRecord): void {
  assertNumbers(resource, spec);
  for (const list of ['containers', 'initContainers']) {
    const given = spec[list];
    if (given !== undefined && given !== null && !Array.isArray(given))
      throw unmarshalable(resource, given, `PodSpec.spec.${list}`, '[]v1.Container');
    for (const container of recordsOf(given)) {
      assertQuantities(resource, container);
      assertVariables(resource, container, list);
      assertTextLists(resource, container, list);
    }
  }
}

function assertNumbers(resource: Resource, spec: JsonRecord): void {
  for (const field of ['activeDeadlineSeconds', 'terminationGracePeriodSeconds']) {
    const value = spec[field];
    if (value === undefined || value === null || typeof value === 'number') continue;
    throw unmarshalable(resource, value, `PodSpec.spec.${field}`, 'int64');
  }
}

const QUANTITY_FORM = "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

function assertQuantities(resource: Resource, container: JsonRecord): void {
  const { requests, limits } = recordOf(container['resources']);
  for (const amount of [...Object.values(recordOf(requests)), ...Object.values(recordOf(limits))]) {
    if (quantityOf(amount) !== undefined) continue;
    throw undecodable(resource, `quantities must match the regular expression ${QUANTITY_FORM}`);
  }
}

function assertVariables(resource: Resource, container: JsonRecord, list: string): void {
  for (const { value } of recordsOf(container['env'])) {
    if (value === undefined || value === null || typeof value === 'string') continue;
    throw unmarshalable(resource, value, `EnvVar.spec.${list}.env.value`);
  }
}

function assertTextLists(resource: Resource, container: JsonRecord, list: string): void {
  for (const field of ['command', 'args']) {
    const value: unknown = container[field];
    if (value === undefined || value === null) continue;
    const path = `Container.spec.${list}.${field}`;
    if (!Array.isArray(value)) throw unmarshalable(resource, value, path, '[]string');
    const wrong: unknown = value.find((item) => typeof item !== 'string');
    if (wrong !== undefined) throw unmarshalable(resource, wrong, path);
  }
}

function unmarshalable(resource: Resource, value: unknown, field: string, type = 'string'): ApiError {
  return undecodable(
    resource,
    `json: cannot unmarshal ${jsonTypeOf(value)} into Go struct field ${field} of type ${type}`,
  );
}

function undecodable(resource: Resource, why: string): ApiError {
  const version = apiVersionOf(resource);
  return badRequest(
    `${resource.kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`,
  );
}

function jsonTypeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'boolean') return 'bool';
  return typeof value;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function assertBase64(resource: Resource, data: JsonRecord): void {
  for (const value of Object.values(data)) {
    if (value === null || (typeof value === 'string' && isBase64(value))) continue;
    if (typeof value !== 'string') throw unmarshalable(resource, value, 'Secret.data', '[]uint8');
    const at = /[^A-Za-z0-9+/=]/.exec(value)?.index ?? value.length - (value.length % 4);
    throw badRequest(
      `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${at}`,
    );
  }
}

function isBase64(value: string): boolean {
  // Long values are checked by a round trip: the expression would need a deep stack.
  if (value.length < 10_000) return BASE64.test(value);
  return (
    Buffer.from(value, 'base64').length ===
    (value.length / 4) * 3 - (value.endsWith('==') ? 2 : value.endsWith('=') ? 1 : 0)
  );
}
