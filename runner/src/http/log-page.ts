import { type Html, html } from '@hangar/shared/program/html';
import { visibleText } from '@hangar/shared/program/visible';
import type { LogRecord } from '../history/recent-log.ts';
import { framed, tableOf } from './page-frame.ts';

const REFRESH_SECONDS = 10;
const TITLES = ['Time', 'Level', 'Message', 'Fields'];
const LEVEL_STYLES: Readonly<Record<string, string>> = { warn: 'waiting', error: 'failure' };

/** The page at `/logs`: the latest records of the runner's own log, the latest first. Pure. */
export function renderLog(machine: string, records: readonly LogRecord[]): string {
  const frame = {
    title: `Log of Hangar runner ${machine}`,
    heading: 'Log of the runner',
    summary: `${machine} · the latest ${records.length} records`,
    refreshSeconds: REFRESH_SECONDS,
  };
  return framed(
    frame,
    html`<section>${recordTable(records.toReversed(), 'Nothing has been logged yet.')}</section>`,
  );
}

/** Records of the runner's log as a table. Pure. */
export function recordTable(records: readonly LogRecord[], none: string): Html {
  if (records.length === 0) return html`<p>${none}</p>`;
  const rows = records.map(({ time, level, text, fields }) => ({
    cells: [
      { style: 'number', value: time },
      { style: `state ${LEVEL_STYLES[level] ?? ''}`, value: level },
      visibleText(text),
      html`<span class="dim">${Object.entries(fields).map(([key, value]) => `${key}=${fieldText(value)} `)}</span>`,
    ],
  }));
  return tableOf(TITLES, rows);
}

const FIELD_CHARS = 300;

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return visibleText(text.length <= FIELD_CHARS ? text : `${text.slice(0, FIELD_CHARS)}…`);
}
