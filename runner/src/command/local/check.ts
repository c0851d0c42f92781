import { LineCounter, parseAllDocuments } from 'yaml';
import { type LintContext, type LintProblem, lintAll } from '../../lint/lint.ts';
import { splitDocuments } from '../../parse/documents.ts';
import { parseManifest } from '../../parse/manifest.ts';
import type { Manifest, Pipeline } from '../../pipeline/pipeline.ts';
import { PipelineError } from '../../pipeline/pipeline-error.ts';
import { type CompileSubject, compileProblem } from './compile-problem.ts';

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
  return splitDocuments(text).flatMap(({ text: document, firstLine }) => {
    const shift = firstLine - 1;
    try {
      return findingsOf(parseManifest(document), context, shift);
    } catch (error) {
      if (error instanceof PipelineError) return refusalsOf(error, document, shift);
      throw error;
    }
  });
}

function findingsOf(manifest: Manifest, context: CheckContext, shift: number): readonly Finding[] {
  const empty = manifest.pipelines
    .filter(({ steps, services }) => steps.length + services.length === 0)
    .map(({ name, line = 1 }): Finding => {
      const message = `pipeline ${name} has no steps`;
      return { line: line + shift, column: 1, severity: 'warning', message, pipeline: name };
    });
  const warnings = manifest.warnings.map((warning): Finding => {
    const { line, message } = placed(warning) ?? { line: 1, message: warning };
    return { line: line + shift, column: 1, severity: 'warning', message };
  });
  const errors = manifest.pipelines.flatMap((pipeline) =>
    problemsOf(pipeline, context).map(({ line, message }): Finding => {
      const at = (line || pipeline.line || 1) + shift;
      return { line: at, column: 1, severity: 'error', message, pipeline: pipeline.name };
    }),
  );
  return [...warnings, ...empty, ...errors];
}

/** What the linter finds, or if that is nothing, why the compiler refuses. */
function problemsOf(pipeline: Pipeline, context: CheckContext): readonly LintProblem[] {
  const found = lintAll(pipeline, context);
  if (found.length > 0 || context.compile === undefined) return found;
  const refused = compileProblem(pipeline, context.compile);
  return refused === undefined ? [] : [refused];
}

/** Splits the parser's message: `yaml: line N: …`, or a head and one line per problem. */
function refusalsOf({ message, place }: PipelineError, document: string, shift: number): readonly Finding[] {
  if (place !== undefined) return [{ ...place, line: place.line + shift, severity: 'error', message }];
  const [head = '', ...rest] = message.split('\n');
  const several = rest.map((line) => placed(line.trim()) ?? { line: 1, message: line.trim() });
  if (several.length > 0)
    return several.map(({ line, message: words }) => ({
      line: line + shift,
      column: 1,
      severity: 'error' as const,
      message: `yaml: ${words}`,
    }));
  const syntax = /^yaml: line \d+: /.test(head) ? placed(head.slice('yaml: '.length)) : undefined;
  if (syntax === undefined) return [{ line: 1 + shift, column: 1, severity: 'error', message: head }];
  const column = syntaxColumn(document, syntax.line);
  return [{ line: syntax.line + shift, column, severity: 'error', message: `yaml: ${syntax.message}` }];
}

function placed(text: string): { readonly line: number; readonly message: string } | undefined {
  const [, line, message] = /^line (\d+): (.*)$/s.exec(text) ?? [];
  return line === undefined || message === undefined ? undefined : { line: Number(line), message };
}

/**
 * The column of a syntax error: the parser reports only the line. A text that reached this point is small and shallow enough to be parsed
 * again.
 */
function syntaxColumn(document: string, line: number): number {
  const lineCounter = new LineCounter();
  const [first] = parseAllDocuments(document, {
    lineCounter,
    version: '1.1',
    schema: 'failsafe',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    strict: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [error] = first && 'errors' in first ? first.errors : [];
  if (error === undefined) return 1;
  const place = lineCounter.linePos(error.pos[0]);
  return place.line === line ? Math.max(1, place.col) : 1;
}

/** A finding in the format of compilers, for people and editors. */
export function findingText(file: string, { line, column, severity, message }: Finding): string {
  const words = severity === 'warning' ? `warning: ${message}` : message;
  return `${file}:${line}:${column}: ${words.replace(/\s*\n\s*/g, ' ')}`;
}
