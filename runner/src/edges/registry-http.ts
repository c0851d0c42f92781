import { BoundedMap } from '@hangar/shared/bounded';
import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import type { Logger } from '@hangar/shared/logger';
import { orAborted } from '@hangar/shared/or-aborted';
import type { Dispatcher } from 'undici';
import { credentialsFor } from '../compile/pull-secret.ts';
import type { ImageConfig, RegistryCredentials } from '../compile/settings.ts';
import { familiarName, type ImageReference, parseReference } from '../pipeline/image-reference.ts';
import type { ImageAnswer, ImageLookup, ImageQuestion } from '../ports/image-lookup.ts';
import type { Proxies } from './http-agent.ts';
import { AddressRefused, isNamed } from './registry-address.ts';
import { RegistryAgents } from './registry-agents.ts';
import { MANIFEST_TYPES, readImageConfig, readManifest } from './registry-manifest.ts';
import { FalseContent, RegistryError, RegistrySession } from './registry-session.ts';

/** Options for connections to registries. */
export interface RegistryOptions {
  readonly proxies?: Proxies;
  /** Registries (host[:port]) without TLS; loopback ones never use TLS. */
  readonly plainHttp: readonly string[];
  /** Registries at private addresses that may be contacted: `*`, a host, `host:port`, or `*.domain`. */
  readonly privateRegistries: readonly string[];
  /** Host and port of the Kubernetes API server, which is never contacted; empty: unknown. */
  readonly apiServer?: string;
  readonly log?: Pick<Logger, 'warn'>;
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
/** Real command lines have some 100 characters; `KNOWN_CONFIGS` of this length take 64 MB. */
const MOST_CONFIG_CHARS = 32 * 1024;
/** Whatever happened at an address that is neither public nor named by the operator, or if a registry returns false content. */
const NO_ANSWER = 'its registry did not return a usable answer; see the log of the runner';

/** Looks up command lines of images in their registries. */
export function createImageLookup(clock: Clock, options: RegistryOptions): RegistryLookup {
  return new RegistryHttp(clock, options);
}

class RegistryHttp implements RegistryLookup {
  readonly #clock: Clock;
  readonly #plainHttp: readonly string[];
  readonly #agents: RegistryAgents;
  readonly #log: RegistryOptions['log'];
  /** Registries that the operator named. */
  readonly #named: readonly string[];
  /** Maps, since the keys come from authors: a name such as `constructor` must not find an inherited property. */
  readonly #table: ReadonlyMap<string, ImageConfig>;
  readonly #mirrors: ReadonlyMap<string, string>;
  readonly #configs = new BoundedMap<string, ImageConfig>(KNOWN_CONFIGS);
  readonly #failures = new BoundedMap<string, { answer: ImageAnswer; untilMs: number }>(KNOWN_FAILURES);
  readonly #running = new Map<string, Promise<ImageAnswer>>();

  constructor(clock: Clock, options: RegistryOptions) {
    this.#clock = clock;
    this.#plainHttp = options.plainHttp;
    this.#table = new Map(Object.entries(options.table));
    this.#mirrors = new Map(Object.entries(options.mirrors));
    this.#log = options.log;
    const mirrors = Object.values(options.mirrors).map((address) => hostOf(address));
    this.#named = [...options.privateRegistries, ...options.plainHttp, ...mirrors];
    this.#agents = new RegistryAgents(options);
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
    if (reference === undefined) return { kind: 'unknown', why: 'that is not a valid image name' };
    const place = placeOf(reference, this.#mirrors.get(reference.registry), this.#plainHttp);
    const login = credentialsFor(credentials, place);
    const work = this.#shared({ question, reference, place, login });
    return signal ? orAborted(work, signal) : work;
  }

  async close(): Promise<void> {
    await this.#agents.close();
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
    const contacted = new Set<string>();
    const late = (): Error => new RegistryError(`${task.place.host} took longer than ${LOOKUP_MS / 1_000} s`);
    try {
      const talk = (signal: AbortSignal): Promise<ImageConfig> => this.#talk(task, contacted, signal);
      return { kind: 'found', config: await withDeadline(this.#clock, { ms: LOOKUP_MS, late }, talk) };
    } catch (error) {
      const isKnown = error instanceof RegistryError || error instanceof AddressRefused;
      const reason = isKnown ? error.message : `unexpected: ${String(error)}`;
      this.#log?.warn(
        { image: task.question.image, reason },
        'the command of an image could not be looked up',
      );
      const isOpen = [...contacted].every((host) => this.#mayTell(host, task));
      const isAbsent = isOpen && this.#isAbsent(error, task);
      const why = isOpen && !(error instanceof FalseContent) ? reason : NO_ANSWER;
      const answer: ImageAnswer = { kind: 'unknown', why, ...(isAbsent ? { isAbsent } : {}) };
      this.#failures.set(key, { answer, untilMs: this.#clock.monotonicMs() + FAILURE_MS });
      return answer;
    }
  }

  /** What a mirror lacks may come from elsewhere. */
  #isAbsent(error: unknown, { reference }: Task): boolean {
    return (
      error instanceof RegistryError && error.status === NOT_FOUND && !this.#mirrors.has(reference.registry)
    );
  }

  /**
   * The HEAD request is sent first even for a known digest: it proves that these credentials have access to the image. Any registry may claim
   * any digest, and so proves that for its own repositories only: these are in the key of what is remembered.
   */
  async #talk(task: Task, contacted: Set<string>, signal: AbortSignal): Promise<ImageConfig> {
    const { question, reference, place, login } = task;
    const dispatcherFor = (url: URL): Dispatcher => {
      contacted.add(url.host);
      return this.#agents.of(url, this.#isNamed(url.host, task));
    };
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
    const { os, arch, variant } = question;
    const key = JSON.stringify([place.origin, place.repository, digest, os, arch, variant]);
    const known = digest === '' ? undefined : this.#configs.recall(key);
    if (known) return known;
    const top = await (digest === ''
      ? session.json(`${base}/manifests/${version}`, MANIFEST_TYPES)
      : session.verified(`${base}/manifests`, digest, MANIFEST_TYPES));
    const config = await fetchConfig(session, { base, top }, question);
    if (digest !== '') this.#configs.set(key, config);
    return config;
  }

  /** By a setting, or by credentials of the operator. */
  #isNamed(host: string, { place, login }: Task): boolean {
    return isNamed(host, this.#named) || (login?.isOperators === true && host === new URL(place.origin).host);
  }

  /** What a host answers is no secret if it is public, or named: for others, an author would learn what listens where. */
  #mayTell(host: string, task: Task): boolean {
    return this.#agents.isPublic(host) || this.#isNamed(host, task);
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

const hostOf = (address: string): string => address.replace(/^https?:\/\//, '').split('/')[0] ?? '';

function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);
}

/** Other credentials may get a different response. */
function keyOf({ question, login }: Task): string {
  const { image, os, arch, variant } = question;
  const { username = '', password = '', isOperators = false } = login ?? {};
  return JSON.stringify([image, os, arch, variant, username, password, isOperators]);
}

/** @param found path of the repository, and what the version of the image stands for: an index or a manifest */
async function fetchConfig(
  session: RegistrySession,
  { base, top }: { readonly base: string; readonly top: unknown },
  question: ImageQuestion,
): Promise<ImageConfig> {
  let next = readManifest(top, question);
  if (next.kind === 'manifest') {
    next = readManifest(await session.verified(`${base}/manifests`, next.digest, MANIFEST_TYPES), question);
  }
  if (next.kind !== 'config')
    throw new RegistryError(next.kind === 'none' ? next.why : 'the image has an index within an index');
  const config = readImageConfig(await session.verified(`${base}/blobs`, next.digest, '*/*'));
  if (JSON.stringify(config).length > MOST_CONFIG_CHARS)
    throw new RegistryError(`the command line of the image is longer than ${MOST_CONFIG_CHARS} characters`);
  return config;
}
