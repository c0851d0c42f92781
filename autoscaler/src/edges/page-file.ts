import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { PAGE_STYLE } from '@hangar/shared/program/page-style';
import type { Page } from '../http/page.ts';

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
};

/** Reads the page from `web/`, next to `src` and `bundle`; `shared.css` is the stylesheet of all programs. */
export function readPageFile(): Page {
  const folder = join(import.meta.dirname, '..', '..', 'web');
  const files = readdirSync(folder).flatMap((name) => {
    const contentType = CONTENT_TYPES[extname(name)];
    if (contentType === undefined) return [];
    return [[name, { contentType, body: readFileSync(join(folder, name), 'utf8') }] as const];
  });
  return new Map([...files, ['shared.css', { contentType: 'text/css; charset=utf-8', body: PAGE_STYLE }]]);
}
