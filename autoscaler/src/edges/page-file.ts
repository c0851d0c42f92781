import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { Page } from '../http/page.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Reads the page from `web/`, next to `src` and `bundle`. */
export function readPageFile(): Page {
  const folder = join(import.meta.dirname, '..', '..', 'web');
  return new Map(
    readdirSync(folder).flatMap((name) => {
      const contentType = CONTENT_TYPES[extname(name)];
      return contentType === undefined
        ? []
        : [[name, { contentType, body: readFileSync(join(folder, name), 'utf8') }] as const];
    }),
  );
}
