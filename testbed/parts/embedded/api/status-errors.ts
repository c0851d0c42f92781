import { qualifiedName, type Resource } from './resources.ts';

export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  readonly name?: string;
  readonly group?: string;
  readonly kind?: string;
  readonly uid?: string;
  readonly causes?: readonly StatusCause[];
  readonly retryAfterSeconds?: number;
}

/** Body of a failed request (`kind: Status`), as apimachinery shapes it. */
export interface FailureStatus {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: Record<string, never>;
  readonly status: 'Failure';
  readonly message: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** A refusal in the API server's words; thrown by every verb, written as the response body. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: FailureStatus;

  constructor(code: number, reason: string, message: string, details?: StatusDetails) {
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

function about(resource: Resource, name: string): StatusDetails {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural };
}

export function notFound(resource: Resource, name: string): ApiError {
  return new ApiError(
    404,
    'NotFound',
    `${qualifiedName(resource)} "${name}" not found`,
    about(resource, name),
  );
}

export function alreadyExists(resource: Resource, name: string): ApiError {
  const message = `${qualifiedName(resource)} "${name}" already exists`;
  return new ApiError(409, 'AlreadyExists', message, about(resource, name));
}

export function conflict(resource: Resource, name: string, because: string): ApiError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${because}`;
  return new ApiError(409, 'Conflict', message, about(resource, name));
}

export const MODIFIED =
  'the object has been modified; please apply your changes to the latest version and try again';

export function forbidden(
  resource: Resource,
  name: string,
  because: string,
  causes?: StatusCause[],
): ApiError {
  const subject = name === '' ? qualifiedName(resource) : `${qualifiedName(resource)} "${name}"`;
  const { name: _, ...unnamed } = about(resource, name);
  const details = name === '' ? unnamed : about(resource, name);
  return new ApiError(403, 'Forbidden', `${subject} is forbidden: ${because}`, {
    ...details,
    ...(causes === undefined ? {} : { causes }),
  });
}

export function badRequest(message: string): ApiError {
  return new ApiError(400, 'BadRequest', message);
}

/** 422 for an object, or 400-like field errors of options; `errors` must not be empty. */
export function invalid(resource: Resource, name: string, errors: readonly FieldError[]): ApiError {
  const texts = errors.map((error) => `${error.field}: ${error.message}`);
  const [only = ''] = texts;
  const list = texts.length === 1 ? only : `[${texts.join(', ')}]`;
  const causes = errors.map(({ reason, message, field }) => ({ reason, message, field }));
  const kind = resource.group === '' ? resource.kind : `${resource.kind}.${resource.group}`;
  return new ApiError(422, 'Invalid', `${kind} "${name}" is invalid: ${list}`, {
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.kind,
    causes,
  });
}

/** One fault of one field; `message` is the text without the field. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

export function expired(since: number, oldest: number): ApiError {
  return new ApiError(410, 'Expired', `too old resource version: ${since} (${oldest})`);
}

export function methodNotAllowed(): ApiError {
  return new ApiError(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
    {},
  );
}

export function unknownKind(): ApiError {
  return new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});
}

export function unauthorized(): ApiError {
  return new ApiError(401, 'Unauthorized', 'Unauthorized');
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
