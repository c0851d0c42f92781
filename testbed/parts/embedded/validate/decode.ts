import { isRecord, type JsonRecord, recordOf, recordsOf } from '@hangar/shared/json';
import { amountOf } from '../api/quantity.ts';
import { type ApiResource, apiVersionOf } from '../api/resources.ts';
import { badRequest } from '../api/status-errors.ts';

/**
 * What the server's decoder would refuse before any validation: wrong JSON types where compilers
 * most often put them (labels, annotations, env values, secret data).
 *
 * @throws {ApiError} 400 with the decoder's text
 */
export function assertDecodable(resource: ApiResource, body: unknown): asserts body is JsonRecord {
  if (!isRecord(body))
    throw badRequest(
      'couldn\'t get version/kind; json parse error: json: cannot unmarshal array into Go value of type struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }',
    );
  const version = apiVersionOf(resource);
  const { kind = resource.kind, apiVersion = version } = body;
  if (kind !== resource.kind || apiVersion !== version) {
    const group = resource.group === '' ? '' : `${resource.group}/`;
    throw badRequest(
      `${String(kind)} in version "${String(apiVersion)}" cannot be handled as a ${resource.kind}: ` +
        `converting (${String(apiVersion)}.${String(kind)}) to (${group}.${resource.kind}): unknown conversion`,
    );
  }
  for (const why of decodingErrors(resource, body)) {
    throw badRequest(
      `${resource.kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`,
    );
  }
}

function* decodingErrors(resource: ApiResource, body: JsonRecord): Generator<string> {
  const metadata = recordOf(body['metadata']);
  for (const field of ['name', 'generateName', 'namespace']) {
    yield* typeErrors(metadata[field], 'string', `ObjectMeta.metadata.${field}`);
  }
  for (const field of ['labels', 'annotations']) {
    yield* itemErrors(metadata[field], `ObjectMeta.metadata.${field}`);
  }
  if (resource.plural === 'pods') yield* podErrors(recordOf(body['spec']));
  if (resource.plural === 'leases') yield* leaseTimeErrors(recordOf(body['spec']));
  if (resource.plural === 'secrets') {
    for (const value of Object.values(recordOf(body['data']))) yield* base64Errors(value);
    yield* itemErrors(body['stringData'], 'Secret.stringData');
  }
}

function* podErrors(spec: JsonRecord): Generator<string> {
  for (const field of ['activeDeadlineSeconds', 'terminationGracePeriodSeconds']) {
    yield* typeErrors(spec[field], 'int64', `PodSpec.spec.${field}`);
  }
  for (const list of ['containers', 'initContainers']) {
    yield* typeErrors(spec[list], '[]v1.Container', `PodSpec.spec.${list}`);
    for (const container of recordsOf(spec[list])) yield* containerErrors(container, `spec.${list}`);
  }
}

function* containerErrors(container: JsonRecord, path: string): Generator<string> {
  const { requests, limits } = recordOf(container['resources']);
  for (const amount of [...Object.values(recordOf(requests)), ...Object.values(recordOf(limits))]) {
    if (amountOf('', amount) !== undefined) continue;
    yield "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
  }
  for (const { value } of recordsOf(container['env'])) {
    yield* typeErrors(value, 'string', `EnvVar.${path}.env.value`);
  }
  for (const field of ['command', 'args']) {
    yield* typeErrors(container[field], '[]string', `Container.${path}.${field}`);
    yield* itemErrors(container[field], `Container.${path}.${field}`);
  }
}

/** Items of a list and values of a map must be text. */
function* itemErrors(value: unknown, field: string): Generator<string> {
  const items: unknown[] = Array.isArray(value) ? value : Object.values(recordOf(value));
  for (const item of items) yield* typeErrors(item, 'string', field);
}

/** What is left out is right. */
function* typeErrors(value: unknown, type: string, field: string): Generator<string> {
  if (value === undefined || value === null) return;
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  const wanted = type.startsWith('[]') ? 'array' : type === 'int64' ? 'number' : type;
  if (found !== wanted) yield `json: cannot unmarshal ${found} into Go struct field ${field} of type ${type}`;
}

function* base64Errors(value: unknown): Generator<string> {
  if (typeof value !== 'string') {
    yield* typeErrors(value, '[]uint8', 'Secret.data');
    return;
  }
  const strange = value.search(/[^A-Za-z0-9+/=]/);
  const padding = /={0,2}$/.exec(value)?.[0].length ?? 0;
  // By a round trip: an expression for long values would need a deep stack.
  if (strange < 0 && Buffer.from(value, 'base64').length === (value.length / 4) * 3 - padding) return;
  const at = strange < 0 ? value.length - (value.length % 4) : strange;
  yield `illegal base64 data at input byte ${at}`;
}

const SECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;
const MICROSECONDS = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** Go's layout of a Lease's times: microseconds are a must. */
function* leaseTimeErrors({ acquireTime, renewTime }: JsonRecord): Generator<string> {
  for (const time of [acquireTime, renewTime]) {
    if (typeof time !== 'string' || MICROSECONDS.test(time)) continue;
    const [rest, wanted] = SECONDS.test(time) ? [time.slice(19), '.000000'] : [time, '2006'];
    yield `parsing time "${time}" as "2006-01-02T15:04:05.000000Z07:00": cannot parse "${rest}" as "${wanted}"`;
  }
}
