import { type Html, html, trustedHtml } from '@hangar/shared/program/html';
import type { StageView } from './stage-views.ts';

/** What the page shows. */
export interface Dashboard {
  readonly machine: string;
  readonly version: string;
  readonly capacity: number;
  readonly nowMs: number;
  /** Why the replica takes no new work; none = it does. */
  readonly notReady: readonly string[];
  readonly stages: readonly StageView[];
}

const STYLE = `
:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
h1{font-size:1.4rem;margin:0 0 .2rem}
p{margin:.3rem 0 1rem;opacity:.8}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .8rem .4rem 0;border-bottom:1px solid #8884;vertical-align:top}
.state{font-weight:600;white-space:nowrap}
.waiting{color:#b26a00}.running{color:#1a7f37}.starting,.preparing{color:#3568c9}
.warn{border-left:4px solid #c62828;padding-left:.8rem;opacity:1}
`;

const TITLES = ['State', 'Pipeline', 'Build', 'For', 'Requests', 'Reason or Pod'];

/** The page at `/`: one HTML document without any resource from elsewhere; whatever comes from a pipeline is escaped. Pure. */
export function renderDashboard({ machine, version, capacity, nowMs, notReady, stages }: Dashboard): string {
  const body =
    stages.length === 0
      ? html`<p>This runner is idle.</p>`
      : html`<table><thead><tr>${TITLES.map((title) => html`<th>${title}</th>`)}</tr></thead><tbody>${stages.map((stage) => row(stage, nowMs))}</tbody></table>`;
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="10"><meta name="viewport" content="width=device-width">
<title>Hangar runner ${machine}</title><style>${trustedHtml(STYLE)}</style></head>
<body><h1>Hangar runner</h1><p>${machine} · version ${version} · ${stages.length} of ${capacity} pipelines</p>${notReady.map((reason) => html`<p class="warn">Not ready: ${reason}</p>`)}
${body}</body></html>
`.toString();
}

function row(stage: StageView, nowMs: number): Html {
  const asks =
    stage.cpuMillicores || stage.memoryBytes
      ? `${stage.cpuMillicores / 1000} CPU, ${Math.ceil(stage.memoryBytes / 2 ** 20)} MiB`
      : '';
  const cells = [
    `${stage.repo || 'a repository'}: ${stage.stage}`,
    `#${stage.build} ${stage.event}`,
    duration(nowMs - Date.parse(stage.since)),
    asks,
    [stage.reason, stage.pod, stage.adopted ? '(taken over)' : ''].filter(Boolean).join(' '),
  ];
  return html`<tr><td class="state ${stage.state}">${stage.state}</td>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
