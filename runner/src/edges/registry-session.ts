import type { Clock } from '@hangar/shared/clock';
import { parseJson, recordOf, textOf } from '@hangar/shared/json';
import type { Dispatcher } from 'undici';
import type { RegistryCredentials } from '../compile/settings.ts';
import { type HttpOutcome, httpCall } from './http-call.ts';
import { type Challenge, parseChallenge } from './registry-challenge.ts';
import { algorithmOf, hasDigest } from './registry-digest.ts';

type Answer = Extract<HttpOutcome, { kind: 'answer' }>;

/** An error of a registry; the message is for the step's log. */
export class RegistryError extends Error {
  override readonly name: string = 'RegistryError';
  /** HTTP status of the refusal; 0 if there was none. */
  readonly status: number;

  constructor(message: string, options: { status?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.status = options.status ?? 0;
  }
}

/** A registry returns something else under a digest than what has that digest. The message is for the runner's log, never for an author. */
export class FalseContent extends RegistryError {
  override readonly name = 'FalseContent';
}

/** Inputs of a session with one registry. */
export interface SessionParts {
  readonly clock: Clock;
  /** Connections for a URL, by its scheme and by whether the operator has named its host. */
  readonly dispatcherFor: (url: URL) => Dispatcher;
  /** `https://host`, without a trailing slash. */
  readonly origin: string;
  readonly credentials: RegistryCredentials | undefined;
  readonly signal: AbortSignal;
}

/** Timeout of a single request, equal to the limit of all requests together. */
const CALL_MS = 3_000;
/** Maximum size of a manifest, config or token; real ones have some 10 KB. */
const LIMIT_BYTES = 4 * 1024 * 1024;
const REDIRECTS = 3;

/** A session with one registry about one image: obtains the required authentication, then sends it with every request. */
export class RegistrySession {
  readonly #parts: SessionParts;
  #authorization = '';

  constructor(parts: SessionParts) {
    this.#parts = parts;
  }

  /**
   * Requests a path of the registry. Redirects are followed, as blobs may be stored elsewhere, without our credentials.
   *
   * @throws {RegistryError} for anything but a 200
   */
  async ask(method: 'GET' | 'HEAD', path: string, accept: string): Promise<Answer> {
    const url = this.#parts.origin + path;
    let answer = await this.#call(method, url, accept, this.#authorization);
    if (answer.status === 401) {
      this.#authorization = await this.#authorize(parseChallenge(answer.headers.get('www-authenticate')));
      answer = await this.#call(method, url, accept, this.#authorization);
    }
    for (let hop = 0; hop < REDIRECTS && answer.status >= 300 && answer.status < 400; hop++) {
      answer = await this.#call(method, this.#target(url, answer), accept, '');
    }
    if (answer.status !== 200) throw new RegistryError(meaningOf(answer.status), { status: answer.status });
    return answer;
  }

  /** Like `ask`, for a JSON document whose digest isn't known. */
  async json(path: string, accept: string): Promise<unknown> {
    const { body } = await this.ask('GET', path, accept);
    return documentOf(body);
  }

  /**
   * Like `json`, for the document of a digest. A registry may claim any digest, that of another tenant's image too, so the content is hashed.
   *
   * @param folder path without the digest
   * @throws {FalseContent} if it has another digest, or the digest is none
   */
  async verified(folder: string, digest: string, accept: string): Promise<unknown> {
    if (algorithmOf(digest) === undefined)
      throw new FalseContent(`the registry names an invalid digest: ${digest.slice(0, 100)}`);
    const { body } = await this.ask('GET', `${folder}/${digest}`, accept);
    if (!hasDigest(body, digest))
      throw new FalseContent(`the registry returns other content than that of ${digest}`);
    return documentOf(body);
  }

  async #call(method: 'GET' | 'HEAD', url: string, accept: string, authorization: string): Promise<Answer> {
    const { clock, dispatcherFor, signal } = this.#parts;
    const headers = { accept, ...(authorization === '' ? {} : { authorization }) };
    const call = { method, url, headers, timeoutMs: CALL_MS, limitBytes: LIMIT_BYTES };
    const outcome = await httpCall({ clock, dispatcher: dispatcherFor(new URL(url)) }, call, signal);
    if (outcome.kind === 'answer') return outcome;
    throw new RegistryError(`${new URL(url).host} did not answer: ${outcome.reason}`, {
      cause: outcome.cause,
    });
  }

  #target(from: string, answer: Answer): string {
    const location = answer.headers.get('location') ?? '';
    if (location === '' || !URL.canParse(location, from))
      throw new RegistryError('the registry redirects without an address');
    return this.#noWeaker(new URL(location, from).href);
  }

  async #authorize(challenge: Challenge | undefined): Promise<string> {
    const { credentials } = this.#parts;
    const basic = credentials ? `Basic ${encoded(credentials)}` : '';
    if (challenge === undefined)
      throw new RegistryError('the registry requires an unsupported type of authentication');
    if (challenge.kind === 'basic') {
      if (basic === '')
        throw new RegistryError('the registry requires authentication, and there are no credentials for it');
      return basic;
    }
    const url = new URL(this.#noWeaker(challenge.realm));
    if (challenge.service !== '') url.searchParams.set('service', challenge.service);
    if (challenge.scope !== '') url.searchParams.set('scope', challenge.scope);
    const answer = await this.#call('GET', url.href, 'application/json', basic);
    if (answer.status !== 200) throw new RegistryError(`no token for the registry (${answer.status})`);
    const { token, access_token: accessToken } = recordOf(documentOf(answer.body));
    return `Bearer ${textOf(token) || textOf(accessToken)}`;
  }

  /** Refuses to go from https to plain http, and to another host without TLS. */
  #noWeaker(url: string): string {
    const { origin } = this.#parts;
    const isElsewhere = new URL(url).host !== new URL(origin).host;
    if ((origin.startsWith('https:') || isElsewhere) && !url.startsWith('https:'))
      throw new RegistryError('the registry redirects to an address without TLS');
    return url;
  }
}

function encoded({ username, password }: RegistryCredentials): string {
  return Buffer.from(`${username}:${password}`).toString('base64');
}

function documentOf(body: Buffer): unknown {
  const document = parseJson(body.toString('utf8'));
  if (document === undefined) throw new RegistryError('the registry did not answer in JSON');
  return document;
}

function meaningOf(status: number): string {
  if (status === 401 || status === 403)
    return `the registry denies access (${status}): credentials are missing or wrong`;
  if (status === 404) return 'the registry does not have this image (404)';
  if (status === 429) return 'the rate limit of the registry is exceeded (429)';
  return `the registry answers ${status}`;
}
