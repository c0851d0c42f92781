import type { Board } from '@hangar/dashboards/board';
import { type Html, html, trustedHtml } from '@hangar/shared/program/html';
import { PAGE_STYLE } from '@hangar/shared/program/page-style';
import { answersOf, type BoardSource } from '../suites/boards/answers.ts';
import { panelHtml } from './board-panels.ts';

const STYLE = `${PAGE_STYLE}
body{max-width:1280px}
.row{display:grid;grid-template-columns:repeat(24,1fr);gap:8px;margin:0 0 14px}
.panel{margin:0;padding:.5rem .7rem;min-width:0}
h1{margin:0 0 .6rem}h2{font-size:1rem;margin:.2rem 0 .4rem}
h3{font-size:.82rem;margin:0 0 .2rem;line-height:1.3}
.stat{white-space:nowrap;font-size:1.3rem;font-weight:600;margin:.2rem 0}
svg{display:block;width:100%}svg text{fill:var(--dim);font-size:12px}.grid{stroke:var(--line)}
ul{list-style:none;display:flex;flex-wrap:wrap;gap:0 .9rem;padding:0;margin:.2rem 0 0;font-size:.78rem;color:var(--dim)}
li span{display:inline-block;width:.8rem;height:.25rem;margin-right:.3rem;vertical-align:middle}
table{font-size:.82rem}th,td{padding:.2rem .6rem .2rem 0}
@media(max-width:700px){.row{display:block}.panel{margin:0 0 8px}}`;

/**
 * The first rows of a board, drawn from the same data as Grafana's JSON, with the answers of a real Prometheus. It is no picture of
 * Grafana: that program is not part of the test machines.
 */
export async function boardPage(source: BoardSource, board: Board, rows: number): Promise<string> {
  const parts: Html[] = [];
  for (const row of board.rows.slice(0, rows)) {
    const panels: Html[] = [];
    for (const panel of row.panels) panels.push(panelHtml(panel, await answersOf(source, panel), source));
    parts.push(html`<h2>${row.title}</h2><div class="row">${panels}</div>`);
  }
  return html`<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>${board.title}</title><style>${trustedHtml(STYLE)}</style></head><body><h1>${board.title}</h1>${parts}</body></html>`.toString();
}
