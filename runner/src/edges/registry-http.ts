import { BoundedMap } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { orAborted } from '@hangar/shared/or-aborted';
import type { Dispatcher } from 'undici';
import { familiarName, type ImageReference, parseReference } from '../compile/image-reference.ts';
import { credentialsFor } from '../compile/pull-secret.ts';
import type { ImageConfig, RegistryCredentials } from '../compile/settings.ts';
import type { ImageAnswer, ImageLookup, ImageQuestion } from '../ports/image-lookup.ts';
import { createAgent, type Proxies } from './http-agent.ts';
import { MANIFEST_TYPES, readImageConfig, readManifest } from './registry-manifest.ts';
import { RegistryError, RegistrySession } from './registry-session.ts';

/** Options for connections to registries. */
export interface RegistryOptions {
  readonly proxies?: Proxies;
  /** Registries (host[:port]) without TLS; loopback ones never use TLS. */
  readonly plainHttp: readonly string[];
  /** Registry → mirror (host[:port][/path]) that is used in its place. */
  readonly mirrors: Readonly<Record<string, string>>;
  /** The operator's table, by full name, or by familiar name for all tags. */
  readonly table: Readonly<Record<string, ImageConfig>>;
}

/** The look-up; `close` ends its connections and pending requests. */
export type RegistryLookup = ImageLookup & { close(): Promise<void> };

/** Time limit of one look-up, all requests together (gate §2). */
const LOOKUP_MS = 3_000;
/** A failed look-up is cached for a minute: builds start in bursts. */
const FAILURE_MS = 60_000;
const NOT_FOUND = 404;
const KNOWN_CONFIGS = 2_000;
const KNOWN_FAILURES = 1_000;

/** Looks up command lines of images in their registries. */
export function createImageLookup(clock: Clock, options: RegistryOptions): RegistryLookup {
  return new RegistryHttp(clock, options);
}

class RegistryHttp implements RegistryLookup {
  readonly #clock: Clock;
  readonly #plainHttp: readonly string[];
  readonly #secure: Dispatcher;
  readonly #plain: Dispatcher;
  /** Maps, since the keys come from authors: a name such as `constructor` must not find an inherited property. */
  readonly #table: ReadonlyMap<string, ImageConfig>;
  readonly #mirrors: ReadonlyMap<string, string>;
  readonly #configs = new BoundedMap<string, ImageConfig>(KNOWN_CONFIGS);
  readonly #failures = new BoundedMap<string, { answer: ImageAnswer; untilMs: number }>(KNOWN_FAILURES);
  readonly #running = new Map<string, Promise<ImageAnswer>>();

  constructor(clock: Clock, options: RegistryOptions) {
    const proxies = options.proxies;
    this.#clock = clock;
    this.#plainHttp = options.plainHttp;
    this.#table = new Map(Object.entries(options.table));
    this.#mirrors = new Map(Object.entries(options.mirrors));
    this.#secure = createAgent({ url: 'https:', ...(proxies ? { proxies } : {}) });
    this.#plain = createAgent({ url: 'http:', ...(proxies ? { proxies } : {}) });
  }

  async find(
    question: ImageQuestion,
    credentials: readonly RegistryCredentials[],
    signal?: AbortSignal,
  ): Promise<ImageAnswer> {
    signal?.throwIfAborted();
    const { image } = question;
    const reported = this.#table.get(image) ?? this.#table.get(familiarName(image));
    if (reported) return { kind: 'found', config: reported };
    const reference = parseReference(image);
    if (reference === undefined) return { kind: 'unknown', why: 'that is no name of an image' };
    const place = placeOf(reference, this.#mirrors.get(reference.registry), this.#plainHttp);
    const login = credentialsFor(credentials, place);
    const work = this.#shared({ question, reference, place, login });
    return signal ? orAborted(work, signal) : work;
  }

  async close(): Promise<void> {
    await Promise.all([this.#secure.destroy(), this.#plain.destroy()]);
  }

  /** Stages that start together share one look-up. It continues when one of them is cancelled. */
  #shared(task: Task): Promise<ImageAnswer> {
    const key = keyOf(task);
    const failure = this.#failures.get(key);
    if (failure && failure.untilMs > this.#clock.monotonicMs()) return Promise.resolve(failure.answer);
    const running =
      this.#running.get(key) ?? this.#lookUp(task, key).finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }

  async #lookUp(task: Task, key: string): Promise<ImageAnswer> {
    const late = (): Error => new RegistryError(`${task.place.host} took longer than ${LOOKUP_MS / 1_000} s`);
    try {
      const talk = (signal: AbortSignal): Promise<ImageConfig> => this.#talk(task, signal);
      return { kind: 'found', config: await withDeadline(this.#clock, { ms: LOOKUP_MS, late }, talk) };
    } catch (error) {
      const why = error instanceof RegistryError ? error.message : `unexpected: ${String(error)}`;
      const isAbsent =
        error instanceof RegistryError && error.status === NOT_FOUND && !this.#isMirrored(task);
      const answer: ImageAnswer = { kind: 'unknown', why, ...(isAbsent ? { isAbsent } : {}) };
      this.#failures.set(key, { answer, untilMs: this.#clock.monotonicMs() + FAILURE_MS });
      return answer;
    }
  }

  /** What a mirror lacks may come from elsewhere. */
  #isMirrored({ reference }: Task): boolean {
    return this.#mirrors.has(reference.registry);
  }

  /** The HEAD request is sent first even for a known digest: it proves that these credentials have access to the image. */
  async #talk({ question, reference, place, login }: Task, signal: AbortSignal): Promise<ImageConfig> {
    const dispatcherFor = (url: string): Dispatcher =>
      url.startsWith('https:') ? this.#secure : this.#plain;
    const session = new RegistrySession({
      clock: this.#clock,
      dispatcherFor,
      origin: place.origin,
      credentials: login,
      signal,
    });
    const base = `/v2/${place.repository}`;
    const version = reference.digest || reference.tag || 'latest';
    const head = await session.ask('HEAD', `${base}/manifests/${version}`, MANIFEST_TYPES);
    const digest = reference.digest || (head.headers.get('docker-content-digest') ?? '');
    const key = `${digest} ${question.os}/${question.arch}/${question.variant}`;
    const known = digest === '' ? undefined : this.#configs.recall(key);
    if (known) return known;
    const config = await fetchConfig(session, base, digest || version, question);
    if (digest !== '') this.#configs.set(key, config);
    return config;
  }
}

interface Task {
  readonly question: ImageQuestion;
  readonly reference: ImageReference;
  readonly place: Place;
  readonly login: RegistryCredentials | undefined;
}

interface Place {
  readonly host: string;
  readonly origin: string;
  readonly repository: string;
}

function placeOf(reference: ImageReference, mirror: string | undefined, plainHttp: readonly string[]): Place {
  const address = (mirror ?? reference.registry).replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const [host = '', ...path] = address.split('/');
  const isPlain = isLoopback(host) || plainHttp.includes(host) || mirror?.startsWith('http://') === true;
  const repository = [...path, reference.repository].join('/');
  const server = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return { host, repository, origin: `${isPlain ? 'http' : 'https'}://${server}` };
}

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);
}

/** Other credentials may get a different response. */
function keyOf({ question, login }: Task): string {
  const { image, os, arch, variant } = question;
  return JSON.stringify([image, os, arch, variant, login?.username ?? '', login?.password ?? '']);
}

async function fetchConfig(
  session: RegistrySession,
  base: string,
  version: string,
  question: ImageQuestion,
): Promise<ImageConfig> {
  let next = readManifest(await session.json(`${base}/manifests/${version}`, MANIFEST_TYPES), question);
  if (next.kind === 'manifest') {
    next = readManifest(await session.json(`${base}/manifests/${next.digest}`, MANIFEST_TYPES), question);
  }
  if (next.kind !== 'config')
    throw new RegistryError(next.kind === 'none' ? next.why : 'the image has an index within an index');
  return readImageConfig(await session.json(`${base}/blobs/${next.digest}`, '*/*'));
}
