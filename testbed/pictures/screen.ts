/** Text of one look within a line; `look` is the parameter of the SGR sequence, such as `32`, or empty. */
export interface Run {
  readonly column: number;
  readonly text: string;
  readonly look: string;
}

/** The runs of a line. */
export type Line = readonly Run[];

interface Cell {
  readonly char: string;
  readonly look: string;
}

/** Text, and the control sequences that the demo writes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals are controlled by these
const TOKEN = /\u001b\[(\??[\d;]*)([A-Za-z])|\n|\r|[^\u001b\n\r]/gu;

/** Ends of styles: all, the colour, and bold or dim. */
const RESETS: ReadonlySet<string> = new Set(['0', '39', '22']);

/** A terminal that understands what the demo writes: colours, lines that are drawn again, and clearing. */
export class Screen {
  readonly #rows: Cell[][] = [[]];
  #row = 0;
  #column = 0;
  #look = '';

  write(text: string): void {
    for (const [token, parameter = '', command] of text.matchAll(TOKEN)) {
      if (command !== undefined) this.#control(parameter, command);
      else if (token === '\n') this.#moveTo(this.#row + 1, 0);
      else if (token === '\r') this.#column = 0;
      else this.#put(token);
    }
  }

  /** The last lines, at most as many as fit. */
  lines(most: number): readonly Line[] {
    const last = this.#rows.findLastIndex((row) => row.length > 0) + 1;
    return this.#rows.slice(Math.max(0, last - most), last).map(runsOf);
  }

  #control(parameter: string, command: string): void {
    if (command === 'm') this.#look = RESETS.has(parameter) ? '' : parameter;
    if (command === 'A') this.#moveTo(Math.max(0, this.#row - Number(parameter || 1)), this.#column);
    if (command === 'K') this.#current().splice(this.#column);
    if (command === 'J') {
      this.#current().splice(this.#column);
      this.#rows.splice(this.#row + 1);
    }
  }

  #moveTo(row: number, column: number): void {
    this.#row = row;
    this.#column = column;
    while (this.#rows.length <= row) this.#rows.push([]);
  }

  #current(): Cell[] {
    return this.#rows[this.#row] ?? [];
  }

  #put(char: string): void {
    const row = this.#current();
    while (row.length < this.#column) row.push({ char: ' ', look: '' });
    row[this.#column] = { char, look: this.#look };
    this.#column += 1;
  }
}

function runsOf(cells: readonly Cell[]): Line {
  const runs: Run[] = [];
  for (const [column, { char, look }] of cells.entries()) {
    const last = runs.at(-1);
    if (last?.look === look) runs[runs.length - 1] = { ...last, text: last.text + char };
    else runs.push({ column, text: char, look });
  }
  return runs.filter(({ text }) => text.trim() !== '');
}
