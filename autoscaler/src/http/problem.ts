/** Someone asked for something that makes no sense: the text names the mistake, `cure` what to write instead. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
  readonly cure: string;

  constructor(message: string, cure: string) {
    super(message);
    this.cure = cure;
  }
}

/** An error as RFC 9457 has it, and the cure. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly cure: string;
}

/** Content type of a {@link Problem}. */
export const PROBLEM_TYPE = 'application/problem+json';

/** What became of a request that failed. Pure. */
export function problemOf(error: unknown): Problem {
  if (error instanceof BadRequest)
    return { title: 'Bad request', status: 400, detail: error.message, cure: error.cure };
  const status =
    error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number'
      ? error.statusCode
      : 500;
  const detail = error instanceof Error ? error.message : String(error);
  if (status === 503) {
    const cure = error instanceof Error && 'cure' in error ? String(error.cure) : 'try again in a moment';
    return { title: 'Not yet', status, detail, cure };
  }
  if (status < 500) return { title: 'Bad request', status, detail, cure: 'see /openapi.json' };
  return {
    title: 'A fault of this service',
    status,
    detail,
    cure: 'please report it, with the log of this moment',
  };
}
