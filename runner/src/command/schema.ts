import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { schemaText } from '../lint/pipeline-schema.ts';

/** `schema`: the JSON Schema of pipeline files. */
export function schema(context: Pick<CommandContext, 'print'>): ExitCode {
  context.print(schemaText().trimEnd());
  return EXIT.ok;
}
