import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The page as it lies in `web/`, beside `src` and `dist`. */
export function readPage(): string {
  return readFileSync(join(import.meta.dirname, '..', '..', 'web', 'page.html'), 'utf8');
}
