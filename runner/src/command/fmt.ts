import { errorText } from '@hangar/shared/error-text';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { formatFile } from '../parse/format-file.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { textOf } from './environment.ts';
import { findingText } from './local/check.ts';
import type { FMT_OPTIONS } from './options.ts';

const USUAL_FILE = '.drone.yml';
const STANDARD_INPUT = '/dev/stdin';

type FmtOptions = Values<typeof FMT_OPTIONS>;

/** `fmt FILE...`: formats pipeline files. A file that cannot be formatted stays as it is. */
export function fmt(options: FmtOptions, files: readonly string[], context: CommandContext): ExitCode {
  if (options.write && options.check) throw new UsageError('--write and --check exclude each other');
  if (options.write && files.includes('-')) throw new UsageError('--write needs a file, not standard input');
  const named = files.length === 0 ? [USUAL_FILE] : files;
  const areWell = named.map((file) => fmtFile(file, options, context));
  return areWell.every(Boolean) ? EXIT.ok : EXIT.failed;
}

/** @returns false for a file that cannot be formatted, or with `--check` is not */
function fmtFile(file: string, options: FmtOptions, context: CommandContext): boolean {
  const text = textOf(context, file === '-' ? STANDARD_INPUT : file);
  const formatted = formattedOr(text, ({ place, message }) =>
    context.complain(findingText(file, { line: 1, column: 1, ...place, severity: 'error', message })),
  );
  if (formatted === undefined) return false;
  if (!options.write && !options.check) context.print(formatted.replace(/\r?\n$/, ''));
  else if (formatted !== text) {
    if (options.write) write(context, file, formatted);
    context.print(file);
    return options.write === true;
  }
  return true;
}

function formattedOr(text: string, complain: (error: PipelineError) => void): string | undefined {
  try {
    return formatFile(text);
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    complain(error);
    return undefined;
  }
}

function write(context: CommandContext, file: string, text: string): void {
  try {
    context.writeFile(file, text);
  } catch (error) {
    throw new UsageError(`${file} cannot be written: ${errorText(error)}`);
  }
}
