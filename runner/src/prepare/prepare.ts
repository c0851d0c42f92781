import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import { factsOf } from '../compile/plan-containers.ts';
import type { CompileSettings, ImageConfig, Prepared, RegistryCredentials } from '../compile/settings.ts';
import { matchesConditions } from '../parse/conditions.ts';
import { GlobMatcher } from '../parse/glob-matcher.ts';
import { pushedImages, runsItsImage } from '../parse/pushed-images.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { expandImage } from '../pipeline/image-reference.ts';
import type { Manifest, Pipeline } from '../pipeline/pipeline.ts';
import type { ImageAnswer, ImageLookup } from '../ports/image-lookup.ts';
import type { EnvironmentEntry, EnvironmentPlugin, RegistryPlugin, SecretPlugin } from '../ports/plugins.ts';
import { parseDockerConfig } from './docker-config.ts';
import { findSecret, type SecretSources } from './find-secret.ts';
import { mapLimited } from './limited.ts';
import { secretNames } from './secret-names.ts';

/** The operator's sources and plugins. An absent plugin is disabled. */
export interface PrepareDeps {
  readonly clock: Clock;
  /** `DRONE_RUNNER_ENVIRON` with its file. */
  readonly environment: Readonly<Record<string, string>>;
  /** `DRONE_RUNNER_SECRETS`. */
  readonly runnerSecrets: Readonly<Record<string, string>>;
  readonly secretPlugin: SecretPlugin | undefined;
  readonly registryPlugin: RegistryPlugin | undefined;
  readonly environmentPlugin: EnvironmentPlugin | undefined;
  /** Reads the text of `DRONE_DOCKER_CONFIG`, again for each pipeline; undefined if it is not set. */
  readonly readDockerConfig: () => Promise<string | undefined>;
  readonly images: ImageLookup;
}

/** The stage to prepare. */
export interface PrepareSubject {
  readonly detail: StageDetail;
  readonly manifest: Manifest;
  readonly pipeline: Pipeline;
  readonly settings: Pick<CompileSettings, 'cloneImage'>;
}

/** Maximum number of concurrent requests to plugins and registries for one stage. */
const AT_ONCE = 8;
/** Time limit for looking up all images of a stage together; images without a result are swapped (gate §2). */
const LOOKUP_MS = 3_000;

/**
 * Requests all data that the compiler needs: secrets, registry credentials, environment, command lines
 * of images. No error fails the stage: it becomes a warning, and other results are kept (known issue 32).
 *
 * @throws the reason of `signal`, or {PipelineError} for conditions that are too much work, as the compiler does
 */
export async function prepare(
  deps: PrepareDeps,
  subject: PrepareSubject,
  signal?: AbortSignal,
): Promise<Prepared> {
  const [secrets, registries, environment] = await Promise.all([
    secretsOf(deps, subject, signal),
    registriesOf(deps, subject, signal),
    environmentOf(deps, subject, signal),
  ]);
  const images = await imagesOf(deps, subject, registries.value, signal);
  signal?.throwIfAborted();
  return Object.freeze({
    secrets: secrets.values,
    missingSecrets: secrets.missing,
    registries: registries.value,
    environment: environment.value,
    images: images.value,
    warnings: [registries, environment, images].flatMap(({ warnings }) => warnings),
  });
}

interface Part<T> {
  readonly value: T;
  readonly warnings: readonly string[];
}

async function secretsOf(
  deps: PrepareDeps,
  subject: PrepareSubject,
  signal: AbortSignal | undefined,
): Promise<{ readonly values: Prepared['secrets']; readonly missing: Readonly<Record<string, string>> }> {
  const names = secretNames(subject.pipeline);
  const sources = sourcesOf(deps, subject);
  const answers = await mapLimited(names, AT_ONCE, (name) => findSecret(name, sources, signal));
  const pairs = names.map((name, index) => [name, answers[index]] as const);
  return {
    values: Object.fromEntries(
      pairs.map(([name, answer]) => [name, answer && 'value' in answer ? answer.value : undefined]),
    ),
    missing: Object.fromEntries(
      pairs.flatMap(([name, answer]) => (answer && 'missing' in answer ? [[name, answer.missing]] : [])),
    ),
  };
}

function sourcesOf(deps: PrepareDeps, { detail, manifest }: PrepareSubject): SecretSources {
  return {
    detail,
    documents: manifest.secrets,
    runnerSecrets: deps.runnerSecrets,
    plugin: deps.secretPlugin,
  };
}

async function registriesOf(
  deps: PrepareDeps,
  subject: PrepareSubject,
  signal: AbortSignal | undefined,
): Promise<Part<readonly RegistryCredentials[]>> {
  const { detail, pipeline } = subject;
  const sources = sourcesOf(deps, subject);
  const fromFile = attempt('the credentials of DRONE_DOCKER_CONFIG are ignored', signal, async () =>
    operators(parseDockerConfig((await deps.readDockerConfig()) ?? '{"auths":{}}')),
  );
  const fromPlugin = attempt('the credentials of the registry plugin are missing', signal, async () =>
    operators(
      (await deps.registryPlugin?.list({ repo: detail.rawRepo, build: detail.rawBuild }, signal)) ?? [],
    ),
  );
  // The linter bounds how many names there are.
  const fromSecrets = mapLimited([...new Set(pipeline.imagePullSecrets)], AT_ONCE, (name) =>
    attempt(`image_pull_secrets ${JSON.stringify(name)} is ignored`, signal, async () => {
      const answer = await findSecret(name, sources, signal);
      if ('missing' in answer) throw new Error(answer.missing);
      return parseDockerConfig(answer.value);
    }),
  );
  const [ofFile, ofPlugin, ofSecrets] = await Promise.all([fromFile, fromPlugin, fromSecrets]);
  return joined([ofFile, ofPlugin, ...ofSecrets]);
}

const operators = (all: readonly RegistryCredentials[]): readonly RegistryCredentials[] =>
  all.map((one) => ({ ...one, isOperators: true }));

async function environmentOf(
  deps: PrepareDeps,
  { detail }: PrepareSubject,
  signal: AbortSignal | undefined,
): Promise<Part<readonly EnvironmentEntry[]>> {
  const own = Object.entries(deps.environment).map(([name, value]) => ({ name, value, mask: false }));
  const plugin = await attempt('the variables of the environment plugin are missing', signal, () =>
    Promise.resolve(
      deps.environmentPlugin?.list({ repo: detail.rawRepo, build: detail.rawBuild }, signal) ?? [],
    ),
  );
  return { value: [...own, ...plugin.value], warnings: plugin.warnings };
}

async function imagesOf(
  { clock, images }: PrepareDeps,
  { detail, pipeline, settings }: PrepareSubject,
  credentials: readonly RegistryCredentials[],
  signal: AbortSignal | undefined,
): Promise<Part<Prepared['images']>> {
  const { os, arch, variant } = pipeline.platform;
  const names = os === 'windows' ? [] : unknownCommands(pipeline, detail, settings.cloneImage);
  const answers = await withDeadline(clock, { ms: LOOKUP_MS, signal }, (limit) =>
    mapLimited(names, AT_ONCE, async (image): Promise<ImageAnswer> => {
      if (limit.aborted) return TOO_LATE;
      return images.find({ image, os, arch, variant }, credentials, limit).catch(() => TOO_LATE);
    }),
  );
  return imagePart(names, answers);
}

const TOO_LATE: ImageAnswer = { kind: 'unknown', why: `no answer within ${LOOKUP_MS / 1_000} s` };

function imagePart(names: readonly string[], answers: readonly ImageAnswer[]): Part<Prepared['images']> {
  const pairs = names.map((image, index) => [image, answers[index] ?? TOO_LATE] as const);
  return {
    value: Object.fromEntries(
      pairs.map(([image, answer]): [string, ImageConfig | undefined] => [
        image,
        answer.kind === 'found' ? answer.config : undefined,
      ]),
    ),
    warnings: pairs.flatMap(([image, answer]) =>
      answer.kind === 'unknown' ? [swapText(image, answer.why)] : [],
    ),
  };
}

function swapText(image: string, why: string): string {
  return `the command of image ${image} could not be looked up (${why}), so its steps start a few seconds later`;
}

/**
 * Images whose own command will run: those of steps with neither `commands` nor `entrypoint` that have a container in this build, except
 * those that an earlier step pushes, whose command may be another one by then. Windows supports swap only.
 */
function unknownCommands(pipeline: Pipeline, detail: StageDetail, cloneImage: string): readonly string[] {
  const [facts, globs] = [factsOf(detail), new GlobMatcher()];
  const pushed = new Set(pushedImages(pipeline.steps).map(({ step }) => step));
  const steps = [...pipeline.services, ...pipeline.steps].filter(
    (step) => runsItsImage(step) && !pushed.has(step) && matchesConditions(step.when, facts, globs),
  );
  const images = [...(pipeline.clone.disable ? [] : [cloneImage]), ...steps.map(({ image }) => image)];
  return [...new Set(images.map(expandImage))];
}

/** Runs a request that may fail: the failure is reported as a warning, and the result is empty. */
async function attempt<T>(
  otherwise: string,
  signal: AbortSignal | undefined,
  work: () => Promise<readonly T[]>,
): Promise<Part<readonly T[]>> {
  try {
    return { value: await work(), warnings: [] };
  } catch (error) {
    signal?.throwIfAborted();
    return {
      value: [],
      warnings: [`${otherwise}: ${errorText(error)}`],
    };
  }
}

function joined<T>(parts: readonly Part<readonly T[]>[]): Part<readonly T[]> {
  return { value: parts.flatMap(({ value }) => value), warnings: parts.flatMap(({ warnings }) => warnings) };
}
