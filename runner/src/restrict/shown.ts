const SHOWN_CHARS = 100;

/** A text of the author as a message shows it. Pure. */
export const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN_CHARS));

/** How a message refers to a step. Pure. */
export const stepName = ({ name, line }: { readonly name: string; readonly line: number }): string =>
  name === '' ? `the step in line ${line}` : `step ${shown(name)}`;
