import { type LintContext, type LintProblem, lintAll } from '../../lint/lint.ts';
import { type InspectedDocument, inspectManifest } from '../../parse/manifest.ts';
import { placeOf } from '../../parse/place-of.ts';
import type { YamlNode } from '../../parse/yaml-node.ts';
import type { Pipeline } from '../../pipeline/pipeline.ts';
import type { ErrorPlace } from '../../pipeline/pipeline-error.ts';
import { type CompileSubject, compileProblems } from './compile-problem.ts';
import { dueToTypeErrors } from './type-errors.ts';

/** A finding in a pipeline file, and its place; line and column from 1. */
export interface Finding {
  readonly line: number;
  readonly column: number;
  /** Warnings do not prevent a run. */
  readonly severity: 'error' | 'warning';
  readonly message: string;
  /** The affected pipeline; absent if it is the whole file. */
  readonly pipeline?: string;
}

/** The order of findings. */
export const byPlace = (a: ErrorPlace, b: ErrorPlace): number => a.line - b.line || a.column - b.column;

/** For whom a file is checked. */
export interface CheckContext extends LintContext {
  /** Compile too, so that everything is found that would be refused. */
  readonly compile?: CompileSubject;
}

/**
 * All problems of a pipeline file after substitution, document by document, so that an error in one hides nothing in the
 * others. Documents of other kinds and types are skipped if they are valid YAML.
 */
export function check(text: string, context: CheckContext): readonly Finding[] {
  return inspectManifest(text)
    .flatMap((document) => findingsOf(document, context))
    .toSorted(byPlace);
}

function findingsOf(document: InspectedDocument, context: CheckContext): readonly Finding[] {
  const { tree, pipelines, errors, typeErrors, warnings } = document;
  const own = errors.filter((one) => !typeErrors.some((other) => isSamePlace(one, other)));
  const found = [
    ...warnings.map((one): Finding => ({ ...one, severity: 'warning' })),
    ...[...typeErrors, ...own].map((one): Finding => ({ ...one, severity: 'error' })),
  ];
  if (tree === undefined) return found;
  const isDue = dueToTypeErrors(tree, typeErrors);
  const more = pipelines.flatMap((pipeline) => pipelineFindings(pipeline, { tree, isDue }, context));
  return [...found, ...more.filter((one) => !found.some((other) => isSame(one, other)))];
}

const isSamePlace = (one: ErrorPlace, other: ErrorPlace): boolean =>
  one.line === other.line && one.column === other.column;

/** Parser and linter look for some problems with a message of their own each. */
const isSame = (one: Finding, other: Finding): boolean =>
  isSamePlace(one, other) && one.message.toLowerCase().startsWith(other.message.toLowerCase());

/** The document of a pipeline. */
interface Source {
  readonly tree: YamlNode;
  /** Whether a problem with this value follows from a type error. */
  readonly isDue: (at: LintProblem['at']) => boolean;
}

function pipelineFindings(
  pipeline: Pipeline,
  { tree, isDue }: Source,
  context: CheckContext,
): readonly Finding[] {
  const { name, steps, services } = pipeline;
  const placed = (severity: Finding['severity'], { message, at }: LintProblem): Finding => {
    return { ...placeOf(tree, at), severity, message, pipeline: name };
  };
  const linted = lintAll(pipeline, context);
  const refused = context.compile === undefined ? [] : compileProblems(pipeline, context.compile, linted);
  const isEmpty = steps.length + services.length === 0;
  const nothing = { message: `pipeline ${name} has no steps`, at: ['steps'] };
  return [
    ...(isEmpty && !isDue(nothing.at) ? [placed('warning', nothing)] : []),
    ...[...linted, ...refused].filter(({ at }) => !isDue(at)).map((problem) => placed('error', problem)),
  ];
}

/** A finding in the format of compilers, for people and editors. */
export function findingText(file: string, { line, column, severity, message }: Finding): string {
  const words = severity === 'warning' ? `warning: ${message}` : message;
  return `${file}:${line}:${column}: ${words.replace(/\s*\n\s*/g, ' ')}`;
}
