import type { V1Status, V1StatusCause, V1StatusDetails } from '@kubernetes/client-node';
import { type ApiResource, qualifiedName } from './resources.ts';

/** An error with the API server's message; thrown by every verb, written as the response body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: V1Status & { readonly code: number };

  constructor(code: number, reason: string, message: string, details?: V1StatusDetails) {
    super(message);
    this.status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message,
      ...(reason === '' ? {} : { reason }),
      ...(details === undefined ? {} : { details }),
      code,
    };
  }
}

/** Does something that the API server may refuse, and lets it be refused: controllers look again later. */
export function unlessRefused(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
  }
}

function about({ group, plural }: ApiResource, name: string): V1StatusDetails {
  return { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: plural };
}

export function notFound(resource: ApiResource, name: string): ApiError {
  const message = `${qualifiedName(resource)} "${name}" not found`;
  return new ApiError(404, 'NotFound', message, about(resource, name));
}

export function alreadyExists(resource: ApiResource, name: string): ApiError {
  const message = `${qualifiedName(resource)} "${name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, about(resource, name));
}

export function conflict(resource: ApiResource, name: string, because: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${because}`;
  return new ApiError(409, 'Conflict', message, about(resource, name));
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function forbidden(
  resource: ApiResource,
  name: string,
  because: string,
  causes?: V1StatusCause[],
): ApiError {
  const subject = name === '' ? qualifiedName(resource) : `${qualifiedName(resource)} "${name}"`;
  const details = { ...about(resource, name), ...(causes === undefined ? {} : { causes }) };
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${because}`, details);
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

/** One error of one field; `message` is the text without the field. */
export type FieldError = Required<V1StatusCause>;

/** 422 for an object; `errors` must not be empty. */
export function invalid(resource: ApiResource, name: string, errors: readonly FieldError[]): ApiError {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const list = texts.length === 1 ? texts.join('') : `[${texts.join(', ')}]`;
  const { group, kind } = resource;
  const subject = group === '' ? kind : `${kind}.${group}`;
  const details = { name, ...about(resource, name), kind, causes: [...errors] };
  return new ApiError(422, 'Invalid', `${subject} "${name}" is invalid: ${list}`, details);
}

export function expired(since: number, oldest: number): ApiError {
  return new ApiError(410, 'Expired', `too old resource version: ${since} (${oldest})`);
}

export function methodNotAllowed(): ApiError {
  const message = 'the server does not allow this method on the requested resource';
  return new ApiError(405, 'MethodNotAllowed', message, {});
}

export function unknownKind(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
}

/** A real API server has no such check: it has TLS and users. */
export function foreignPage(): ApiError {
  return new ApiError(
    403,
    'Forbidden',
    'web pages may not use this API: send no Origin, and 127.0.0.1 as Host',
  );
}

export function requestTooLarge(limitBytes: number): ApiError {
  const message = `Request entity too large: limit is ${limitBytes}`;
  return new ApiError(413, 'RequestEntityTooLarge', message);
}

/** What etcd answers above 1.5 MiB; the API server passes it on without a reason. */
export function tooLargeForEtcd(): ApiError {
  return new ApiError(500, '', 'etcdserver: request is too large');
}

export function tooManyRequests(retryAfterSeconds: number): ApiError {
  const message = 'Too many requests, please try again later.';
  return new ApiError(429, 'TooManyRequests', message, { retryAfterSeconds });
}
