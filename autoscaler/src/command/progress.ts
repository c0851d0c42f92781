import type { Terminal } from './terminal.ts';

/** One line that a person sees while long work runs; nothing where nobody watches. */
export interface ProgressLine {
  readonly show: (share: number) => void;
  readonly clear: () => void;
}

const CLEAR_LINE = '\r\u001b[K';

/** A line of progress on `err`, written over and over. */
export function progressLine(terminal: Terminal, what: string): ProgressLine {
  if (!terminal.interactive) return { show: () => undefined, clear: () => undefined };
  return {
    show: (share) => terminal.err(`${CLEAR_LINE}${what}: ${Math.floor(share * 100)} %`),
    clear: () => terminal.err(CLEAR_LINE),
  };
}
