import { compile } from '../../compile/compile.ts';
import { expandImage } from '../../compile/image-reference.ts';
import type { CompileSettings, ImageConfig } from '../../compile/settings.ts';
import type { LintProblem } from '../../lint/problem.ts';
import type { StageDetail } from '../../pipeline/drone.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import { letters } from '../../stage/compile-pipeline.ts';

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

/** Why a pipeline that passes the linter can't be put into a Pod; undefined if it can. */
export function compileProblem(
  pipeline: Pipeline,
  { detail, settings, nowMs }: CompileSubject,
): LintProblem | undefined {
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
    return undefined;
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    const step = steps.find(({ name }) => error.message.startsWith(`step ${JSON.stringify(name)}`));
    return { message: error.message, line: step?.line ?? pipeline.line ?? 0 };
  }
}
