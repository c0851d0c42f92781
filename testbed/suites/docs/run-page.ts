import { blocksOf } from './blocks.ts';
import { cloneOfLinks } from './clone-of-links.ts';
import { readDocument } from './pages.ts';
import { type Commands, Reader } from './reader.ts';

/** The commands of a page that are run in one kind of place, in order. Pure but for reading the page. */
export const commandsOf = (page: string, where: 'here' | 'real'): readonly Commands[] =>
  blocksOf(readDocument(page)).flatMap(({ text, line, mark }) =>
    mark?.kind === 'run' && mark.where === where ? [{ text, line, mark }] : [],
  );

/** Runs the page's commands as written. Rejects with the output of the first command that fails. */
export async function runPage(page: string, where: 'here' | 'real', patienceMs: number): Promise<void> {
  const clone = cloneOfLinks(page);
  const reader = new Reader(clone.folder, patienceMs);
  try {
    for (const commands of commandsOf(page, where)) await reader.type(commands);
  } finally {
    await reader.leave();
    clone.remove();
  }
}
