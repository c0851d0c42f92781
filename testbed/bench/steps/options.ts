import { parseArgs } from 'node:util';

/** What a person asked of `bench steps`. */
export interface StepsOptions {
  /** JSON in place of the table on standard output. */
  readonly json: boolean;
  /** Fewer repetitions. */
  readonly quick: boolean;
  /** Write the table into docs/measurements.md. */
  readonly writeDocs: boolean;
  /** Names of benches; all when empty. */
  readonly only: readonly string[];
}

/** What the command line says; `wrong` carries the reason. */
export type Asked =
  | { readonly kind: 'run'; readonly options: StepsOptions }
  | { readonly kind: 'wrong'; readonly text: string };

/** Reads the arguments after `steps`; `known` are the names that `--only` takes. Never throws. */
export function readOptions(args: readonly string[], known: readonly string[]): Asked {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        'write-docs': { type: 'boolean', default: false },
        only: { type: 'string', multiple: true, default: [] },
      },
    });
    // `--only a b`: parseArgs leaves all but the first name as positionals.
    const only = [...values.only.flatMap((names) => names.split(',')), ...positionals];
    const { json, quick, 'write-docs': writeDocs } = values;
    return checked({ json, quick, writeDocs, only }, known);
  } catch (error) {
    return { kind: 'wrong', text: error instanceof Error ? error.message : String(error) };
  }
}

function checked(options: StepsOptions, known: readonly string[]): Asked {
  const { only, writeDocs } = options;
  const strange = only.filter((name) => !known.includes(name));
  if (strange.length > 0)
    return { kind: 'wrong', text: `there is no bench ${strange.join(', ')}; there are: ${known.join(', ')}` };
  if (writeDocs && only.length > 0)
    return { kind: 'wrong', text: '--write-docs writes the whole table: leave out --only' };
  return { kind: 'run', options };
}
