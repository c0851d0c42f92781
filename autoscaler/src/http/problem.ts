import { errorText } from '@hangar/shared/error-text';
/** An invalid request: the message names the mistake, `remedy` the correct form. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly parameter: string;
  readonly remedy: string;

  constructor(parameter: string, message: string, remedy: string) {
    super(message);
    this.parameter = parameter;
    this.remedy = remedy;
  }
}

/** An error as in RFC 9457, with a remedy. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly remedy: string;
  /** The query parameter that is wrong. */
  readonly parameter?: string;
}

/** Content type of a {@link Problem}. */
export const PROBLEM_TYPE = 'application/problem+json';

const statusOf = (error: unknown): number =>
  error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
    ? error.statusCode
    : 500;

/** The response for a request that failed. Pure. */
export function problemOf(error: unknown): Problem {
  const status = statusOf(error);
  const detail = errorText(error);
  if (error instanceof BadRequest) {
    const { remedy, parameter } = error;
    return { title: 'Bad request', status: 400, detail, remedy, parameter };
  }
  if (status === 503) {
    const remedy =
      error instanceof Error && 'remedy' in error ? String(error.remedy) : 'try again in a moment';
    return { title: 'Not ready yet', status, detail, remedy };
  }
  if (status < 500) return { title: 'Bad request', status, detail, remedy: 'see /openapi.json' };
  return {
    title: 'Internal error',
    status,
    detail,
    remedy: 'please report it with the log',
  };
}

const UNREADABLE: Readonly<Record<string, Problem>> = {
  HPE_HEADER_OVERFLOW: {
    title: 'Request too long',
    status: 431,
    detail: 'address and headers of the request are longer than 16 KiB',
    remedy: 'send a shorter request',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    title: 'Request too slow',
    status: 408,
    detail: 'the request did not arrive in time',
    remedy: 'send the complete request',
  },
};

/** The response for a request that can't be parsed. Pure. @param code the HTTP parser's error code */
export const unreadableProblem = (code: string): Problem =>
  UNREADABLE[code] ?? {
    title: 'Bad request',
    status: 400,
    detail: 'this is not a valid HTTP request',
    remedy: 'only GET and HEAD are supported; see /openapi.json',
  };

const CUT = 200;

/** The response when there is no route for a path, or not for this method. Pure. */
export function noRouteProblem(method: string, url: string, isKnown: boolean): Problem {
  const detail = `there is no ${method} ${url.slice(0, CUT)}`;
  return isKnown
    ? { title: 'Method not allowed', status: 405, detail, remedy: 'only GET and HEAD are supported' }
    : {
        title: 'Not found',
        status: 404,
        detail,
        remedy: "all paths are in /openapi.json; the web page is at /, the API's documentation at /api",
      };
}
