import { compile } from '../../../compile/compile.ts';
import { aDetail, anImage, aPreparation, NOW_MS, someSettings } from '../../../compile/testing/a-pipeline.ts';
import { lintPipeline } from '../../../lint/lint.ts';
import { parseManifest } from '../../../parse/manifest.ts';
import { substituteAll } from '../../../parse/substitute.ts';
import type { Pipeline } from '../../../pipeline/pipeline.ts';
import { PipelineError } from '../../../pipeline/pipeline-error.ts';
import { check, type Finding } from '../check.ts';
import { withEveryStep } from '../compile-problem.ts';

const RULES = { slug: 'acme/widget', namespaceRules: { prod: ['other/*'] } };
const SUBJECT = { detail: aDetail(), settings: someSettings(), nowMs: NOW_MS };

/** The text without expressions; undefined if one of them is wrong, which both refuse. */
export function substituted(yaml: string, variables: Readonly<Record<string, string>>): string | undefined {
  const { text, errors } = substituteAll(yaml, variables);
  return errors.length > 0 ? undefined : text;
}

/** The findings of `lint` in a file without expressions. */
export const findingsIn = (text: string, trusted: boolean): readonly Finding[] =>
  check(text, { ...RULES, trusted, compile: SUBJECT });

/** Whether any build of each pipeline would start; that all steps of all builds are too many for one Pod is no obstacle. */
export function startsInEachBuild(text: string, trusted: boolean): boolean {
  return (
    starts(text, trusted) && starts(text, trusted, { change: withEveryStep, ignored: 'pipeline-too-large' })
  );
}

/** What the runner says when it refuses a file, part by part; empty if it takes it. */
export function refusalParts(text: string, trusted: boolean): readonly string[] {
  try {
    const problems = parseManifest(text).pipelines.flatMap((pipeline) => {
      const problem = lintPipeline(pipeline, { ...RULES, trusted });
      if (problem === undefined) compileAlone(pipeline);
      return problem === undefined ? [] : [problem.message];
    });
    return problems.slice(0, 1);
  } catch (error) {
    if (error instanceof PipelineError) return partsOf(error);
    throw error;
  }
}

/** The same of the parser alone. */
export function refusedByParser(text: string): readonly string[] {
  try {
    parseManifest(text);
    return [];
  } catch (error) {
    if (error instanceof PipelineError) return partsOf(error);
    throw error;
  }
}

/** The refused values, or the lines of a list of type errors. */
function partsOf({ message, refused }: PipelineError): readonly string[] {
  if (refused !== undefined) return refused.values.map((one) => `${refused.title} ${one.message}`.trim());
  const [title = '', ...lines] = message.split('\n');
  return lines.length === 0 ? [title.replace(/^yaml: line \d+: /, 'yaml: ')] : lines.map(withoutLine);
}

const withoutLine = (line: string): string => line.replace(/^ *line \d+: /, 'yaml: ');

interface Variant {
  readonly change?: (pipeline: Pipeline) => Pipeline;
  /** The code of an error that is none here. */
  readonly ignored?: PipelineError['code'];
}

/** As the daemon, which stops at the first problem: whether a build of each pipeline of the file would start. */
export function starts(
  text: string,
  trusted: boolean,
  { change = (one) => one, ignored }: Variant = {},
): boolean {
  const startsOne = (written: Pipeline): boolean => {
    const pipeline = change(written);
    if (lintPipeline(pipeline, { ...RULES, trusted }) !== undefined) return false;
    compileAlone(pipeline);
    return true;
  };
  try {
    return parseManifest(text).pipelines.map(startsOne).every(Boolean);
  } catch (error) {
    if (error instanceof PipelineError) return error.code === ignored;
    throw error;
  }
}

/** @throws {PipelineError} if the pipeline is refused */
function compileAlone(pipeline: Pipeline): void {
  // No image is without a command of its own.
  const images = new Proxy(
    {},
    {
      get: () => anImage(),
      has: () => true,
      getOwnPropertyDescriptor: () => ({ configurable: true, enumerable: true, value: anImage() }),
    },
  );
  const prepared = aPreparation({ images });
  compile({ pipeline, ...SUBJECT, prepared, name: () => 'drone-0123456789abcdefghij', nonce: 'abcd1234' });
}

/** The findings whose place is not in the text. */
export function misplaced(text: string, findings: readonly Finding[]): readonly Finding[] {
  const lines = text.split('\n');
  return findings.filter(({ line, column }) => column < 1 || column > (lines[line - 1]?.length ?? -1) + 1);
}
