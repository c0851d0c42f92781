import { html, trustedHtml } from '@hangar/shared/program/html';
import type { RpcReply } from './rpc.ts';

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem; }
h1 { font-size: 1.2rem; }
details { border: 1px solid #8886; border-radius: 6px; margin: .5rem 0; padding: .4rem .8rem; }
summary { cursor: pointer; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: .15rem .6rem .15rem 0; text-align: left; vertical-align: top; }
pre { background: #0001; max-height: 24rem; overflow: auto; padding: .6rem; white-space: pre-wrap; }
button { font: inherit; }
.success { color: #2a8a3e; } .failure, .error, .killed { color: #c33; } .running, .pending { color: #b80; }
`;

/** Draws with textContent only: nothing that a pipeline prints can become markup. */
const SCRIPT = `
const builds = document.querySelector('#builds');
const log = document.querySelector('#log');
const title = document.querySelector('#title');
let shown;
const make = (tag, text, name) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  return node;
};
const took = (from, to) => from ? ((to || Math.floor(Date.now() / 1000)) - from) + ' s' : '';
const row = (build, stage, step) => {
  const line = make('tr');
  const show = make('button', 'log');
  show.onclick = () => { shown = { build: build.id, stage: stage.name, step: step.name }; refresh(); };
  const cell = make('td');
  cell.append(show);
  line.append(make('td', stage.name), make('td', step.name), make('td', step.status, step.status),
    make('td', step.stopped ? 'exit ' + step.exit_code : ''), make('td', took(step.started, step.stopped)),
    make('td', step.error || ''), cell);
  return line;
};
const stageRow = (stage) => {
  const line = make('tr');
  line.append(make('th', stage.name), make('th', ''), make('th', stage.status, stage.status), make('th', ''),
    make('th', took(stage.started, stage.stopped)), make('th', stage.error || ''), make('th', stage.machine || ''));
  return line;
};
const draw = (build, open) => {
  const box = make('details');
  box.dataset.id = build.id;
  box.open = open;
  const head = make('summary');
  head.append(make('span', build.repo.slug + ' #' + build.number + ' (id ' + build.id + ') ' + build.event + ': '),
    make('strong', build.status, build.status), make('span', ' ' + took(build.started, build.finished)));
  const table = make('table');
  for (const stage of build.stages) {
    table.append(stageRow(stage));
    for (const step of stage.steps) table.append(row(build, stage, step));
  }
  box.append(head, table);
  if (build.status === 'pending' || build.status === 'running') {
    const stop = make('button', 'cancel');
    stop.onclick = () => fetch('/api/builds/' + build.id, { method: 'DELETE' }).then(refresh);
    box.append(stop);
  }
  return box;
};
async function drawLog() {
  if (!shown || shown.stored) return;
  const path = '/api/builds/' + shown.build + '/steps/' + encodeURIComponent(shown.step) + '/log?stage=' + encodeURIComponent(shown.stage);
  const view = await (await fetch(path)).json();
  title.textContent = 'Log of ' + shown.stage + ' / ' + shown.step + ' (' + (view.source || view.message) + ')';
  shown.stored = view.source === 'stored';
  const end = log.scrollTop + log.clientHeight >= log.scrollHeight - 4;
  log.textContent = (view.lines || []).map((line) => line.out).join('');
  if (end) log.scrollTop = log.scrollHeight;
}
async function refresh() {
  try {
    const list = await (await fetch('/api/builds?limit=50')).json();
    const known = new Map([...builds.children].map((box) => [box.dataset.id, box.open]));
    builds.replaceChildren(...list.map((build, index) => draw(build, known.get(String(build.id)) ?? index === 0)));
    if (list.length === 0) builds.append(make('p', 'No build yet. POST one to /api/builds.'));
    await drawLog();
  } catch (error) {
    title.textContent = 'The server does not answer: ' + error;
  }
}
const loop = () => refresh().finally(() => setTimeout(loop, 1000));
loop();
`;

const HTML = html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Drone (practice)</title>
<meta name="viewport" content="width=device-width"><style>${trustedHtml(STYLE)}</style></head>
<body><h1>Drone practice server: builds</h1><div id="builds"></div><h1 id="title"></h1><pre id="log"></pre>
<script>${trustedHtml(SCRIPT)}</script></body></html>
`;

/** The page of builds; like the real UI it answers 200 on every path that nothing else has (drone-rpc §1.1). */
export const UI_PAGE: RpcReply = {
  status: 200,
  body: Buffer.from(HTML.toString()),
  headers: {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy':
      "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
  },
};
