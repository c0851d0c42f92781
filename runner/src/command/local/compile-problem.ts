import { isDeepStrictEqual } from 'node:util';
import { compile } from '../../compile/compile.ts';
import type { CompileSettings, ImageConfig } from '../../compile/settings.ts';
import type { LintProblem } from '../../lint/problem.ts';
import type { StageDetail } from '../../pipeline/drone.ts';
import { expandImage } from '../../pipeline/image-reference.ts';
import type { Pipeline, PipelineStep } from '../../pipeline/pipeline.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import { letters } from '../../stage/compile-pipeline.ts';
import { repaired } from './repair.ts';

/** The build and the settings for which a pipeline is compiled. */
export interface CompileSubject {
  readonly detail: StageDetail;
  readonly settings: CompileSettings;
  readonly nowMs: number;
}

/** Stands for the command line of an image; no registry is asked. */
const SOME_COMMAND: ImageConfig = { entrypoint: ['/bin/plugin'], cmd: [], stopSignal: '', user: '' };
/** Decides nothing: all names of one compilation may be equal. */
const NO_CHANCE = (): number => 0;
const NONCE_LETTERS = 8;
const NAME_LETTERS = 20;

/** More refusals of one pipeline are not searched for. */
const MAX_PROBLEMS = 50;

/** @param ignored the code of an error that is none here */
function refusals(
  pipeline: Pipeline,
  subject: CompileSubject,
  ignored: PipelineError['code'] | undefined,
): readonly LintProblem[] {
  const { detail, settings, nowMs } = subject;
  const steps = [...pipeline.services, ...pipeline.steps];
  const images = [settings.cloneImage, ...steps.map(({ image }) => image)];
  try {
    compile({
      pipeline,
      detail,
      settings,
      nowMs,
      prepared: {
        environment: [],
        secrets: {},
        registries: [],
        images: Object.fromEntries(images.map((image) => [expandImage(image), SOME_COMMAND])),
        warnings: [],
      },
      name: () => `drone-${letters(NO_CHANCE, NAME_LETTERS)}`,
      nonce: letters(NO_CHANCE, NONCE_LETTERS),
    });
    return [];
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.code === ignored ? [] : problemsOf(error);
  }
}

/** Each refused value of an error with a message of its own. Pure. */
export function problemsOf({ message, refused }: PipelineError): readonly LintProblem[] {
  if (refused === undefined) return [{ message, at: [] }];
  const { title, values } = refused;
  return values.map((one) => (title === '' ? one : { ...one, message: `${title} ${one.message}` }));
}

const withoutValues = (pipeline: Pipeline, problems: readonly LintProblem[]): Pipeline =>
  problems.reduce((left, { at }) => repaired(left, at) ?? left, pipeline);

const hasConditions = ({ when }: PipelineStep): boolean => Object.keys(when).length > 0;
const unconditional = (step: PipelineStep): PipelineStep => ({ ...step, when: {} });

/** The same pipeline in a build in which every step runs. Pure. */
export const withEveryStep = (pipeline: Pipeline): Pipeline => ({
  ...pipeline,
  services: pipeline.services.map(unconditional),
  steps: pipeline.steps.map(unconditional),
});

/**
 * Why a pipeline can't be put into a Pod, for the given build, and for one in which every step runs: what a tag or another branch would run
 * is refused there only. All steps together may be too large for a Pod though no build has all of them, so that is no problem.
 *
 * @param known what the linter has found: not searched for again
 */
export function compileProblems(
  pipeline: Pipeline,
  subject: CompileSubject,
  known: readonly LintProblem[],
): readonly LintProblem[] {
  const { steps, services } = pipeline;
  const found = problemsFor(pipeline, subject, { known });
  if (![...steps, ...services].some(hasConditions)) return found;
  const more = problemsFor(withEveryStep(pipeline), subject, {
    known: [...known, ...found],
    ignored: 'pipeline-too-large',
  });
  return [...found, ...more];
}

/** The compiler stops at the first value that it refuses, so that value is replaced by a valid one until nothing is refused. */
function problemsFor(
  pipeline: Pipeline,
  subject: CompileSubject,
  { known, ignored }: { readonly known: readonly LintProblem[]; readonly ignored?: PipelineError['code'] },
): readonly LintProblem[] {
  const found: LintProblem[] = [];
  let rest = withoutValues(pipeline, known);
  while (found.length < MAX_PROBLEMS) {
    const problems = refusals(rest, subject, ignored);
    const more = problems.filter((one) => !found.some((other) => isDeepStrictEqual(one, other)));
    found.push(...more);
    if (more.length === 0 || more.some(({ at }) => repaired(rest, at) === undefined)) return found;
    rest = withoutValues(rest, more);
  }
  return found;
}
