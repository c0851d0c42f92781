import { blocksOf } from '../docs/blocks.ts';
import { readDocument } from '../docs/pages.ts';

/** A sample of docs/threat-model.md by the name of its file. @throws if the page has none of that name */
export function sampleOf(file: string): string {
  const found = blocksOf(readDocument('docs/threat-model.md')).find(
    ({ mark }) => mark?.kind === 'file' && mark.file === file,
  );
  if (found === undefined) throw new Error(`docs/threat-model.md has no sample ${file}`);
  return found.text;
}
