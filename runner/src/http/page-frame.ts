import { type Html, type HtmlValue, html, trustedHtml } from '@hangar/shared/program/html';
import { PAGE_STYLE } from '@hangar/shared/program/page-style';

/** What all pages of the dashboard have in common. */
export interface PageFrame {
  readonly title: string;
  readonly heading: string;
  /** Below the heading. */
  readonly summary: HtmlValue;
  /** The page is loaded again after this time; undefined: it does not change. */
  readonly refreshSeconds: number | undefined;
  /** Links to other pages; undefined: to those of the dashboard. */
  readonly nav?: HtmlValue;
}

/** Headers of every page: it may use its own styles, and nothing else. */
export const PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

const DASHBOARD_NAV = html`<nav aria-label="Pages"><a href="./">Pipelines</a> <a href="logs">Log of the runner</a></nav>`;

/** One HTML document without scripts and without any resource from elsewhere; inserted texts are escaped. Pure. */
export function framed(frame: PageFrame, content: HtmlValue): string {
  const { title, heading, summary, refreshSeconds, nav = DASHBOARD_NAV } = frame;
  const refresh =
    refreshSeconds === undefined ? '' : html`<meta http-equiv="refresh" content="${refreshSeconds}">`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8">${refresh}<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<title>${title}</title><link rel="icon" href="data:,"><style>${trustedHtml(PAGE_STYLE)}</style></head>
<body><header><h1>${heading}</h1><p class="dim">${summary}</p>${nav}</header>
<main>${content}</main></body></html>
`.toString();
}

/** A table; below 40 rem of width its rows are cards with the titles as labels. */
export function tableOf(titles: readonly string[], rows: readonly TableRow[]): Html {
  const head = titles.map((title) => html`<th scope="col">${title}</th>`);
  const body = rows.map(({ cells, isCurrent }) => {
    const all = cells.map((cell, index) => cellOf(cell, titles[index] ?? ''));
    return isCurrent === true ? html`<tr aria-current="true">${all}</tr>` : html`<tr>${all}</tr>`;
  });
  return html`<table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`;
}

/** A row of a table. */
export interface TableRow {
  readonly cells: readonly (Cell | HtmlValue)[];
  readonly isCurrent?: boolean;
}

/** A cell with a class of the stylesheet. */
export interface Cell {
  readonly style: string;
  readonly value: HtmlValue;
}

const isCell = (cell: Cell | HtmlValue): cell is Cell => typeof cell === 'object' && 'style' in cell;

function cellOf(cell: Cell | HtmlValue, label: string): Html {
  if (isCell(cell)) return html`<td data-label="${label}" class="${cell.style}">${cell.value}</td>`;
  return html`<td data-label="${label}">${cell}</td>`;
}

/** A length of time: `42 s`, `12 min`, `3 h 5 min`. Pure. */
export function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A moment, relative to now, with the exact time as a tooltip. Pure. */
export const momentOf = (atMs: number, nowMs: number): Html =>
  html`<time datetime="${new Date(atMs).toISOString()}" title="${new Date(atMs).toISOString()}">${durationText(nowMs - atMs)} ago</time>`;
