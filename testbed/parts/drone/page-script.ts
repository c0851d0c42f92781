/**
 * The script of the practice server's page. Draws with textContent only: nothing that a pipeline prints can become markup. Builds are
 * redrawn each second; open builds and logs stay open.
 */
export const PAGE_SCRIPT = `
const builds = document.querySelector('#builds');
const news = document.querySelector('#news');
/** Open logs by 'build/stage/step'; a stored log is not fetched again. */
const logs = new Map();
const SVG = 'http://www.w3.org/2000/svg';
const make = (tag, text, name) => {
  const node = document.createElement(tag);
  if (text !== undefined) node.textContent = text;
  if (name) node.className = name;
  return node;
};
const draw = (tag, attributes, text) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== undefined) node.textContent = text;
  return node;
};
/** From the server's own clock, which is finer than the seconds of the protocol. */
const took = ({ times, started, stopped }) => {
  if (!started) return '';
  const from = times.runningMs || started * 1000;
  const to = times.doneMs || (stopped ? stopped * 1000 : Date.now());
  const seconds = Math.max(0, to - from) / 1000;
  return seconds < 60 ? seconds.toFixed(seconds < 10 ? 2 : 1) + ' s' : Math.floor(seconds / 60) + ' min ' + Math.round(seconds % 60) + ' s';
};
const cell = (label, text, name) => {
  const node = make('td', text, name);
  node.dataset.label = label;
  return node;
};
const keyOf = (build, stage, step) => [build.id, stage.name, step.name].join('/');
const row = (build, stage, step) => {
  const key = keyOf(build, stage, step);
  const line = make('tr');
  const name = make('th', step.name);
  name.scope = 'row';
  const show = make('button', logs.has(key) ? 'hide log' : 'log');
  show.setAttribute('aria-expanded', logs.has(key));
  show.setAttribute('aria-label', (logs.has(key) ? 'hide log of ' : 'log of ') + step.name);
  show.dataset.key = key;
  show.onclick = () => {
    if (!logs.delete(key)) logs.set(key, { build, stage, step, text: '', source: 'none' });
    refresh();
  };
  const where = make('td');
  where.append(show);
  line.append(name, cell('status', step.status, 'state ' + step.status), cell('exit code', step.stopped && step.exit_code ? String(step.exit_code) : ''),
    cell('time', took(step), 'number'), cell('error', step.error || ''), where);
  return logs.has(key) ? [line, logRow(key)] : [line];
};
const logRow = (key) => {
  const line = make('tr', undefined, 'log');
  const place = make('td');
  place.colSpan = 6;
  const { text, source } = logs.get(key);
  const log = make('pre', text || (source === 'none' ? 'No output yet.' : ''));
  log.tabIndex = 0;
  place.append(log);
  line.append(place);
  return line;
};
const stagePart = (build, stage) => {
  const part = make('div', undefined, 'stage');
  const title = make('h3');
  title.append(make('span', stage.name + ' '), make('span', stage.status.replaceAll('_', ' '), 'state ' + stage.status.replace('waiting_on_dependencies', 'waiting')), make('span', ' ' + took(stage), 'dim'));
  part.append(title);
  if (stage.error) part.append(make('p', stage.error, 'error'));
  if (stage.steps.length > 0) {
    const table = make('table');
    const body = make('tbody');
    body.append(...stage.steps.flatMap((step) => row(build, stage, step)));
    table.append(body);
    part.append(table);
  }
  return part;
};
/** How many stages come before it, one after another. */
const depthOf = (stage, stages, seen = []) => seen.includes(stage.name) ? 0
  : Math.max(0, ...(stage.depends_on || []).map((name) => {
    const before = stages.find((one) => one.name === name);
    return before ? 1 + depthOf(before, stages, [...seen, stage.name]) : 0;
  }));
/** Stages as boxes, from left to right by what they wait for. */
const graph = (stages) => {
  const [width, height, gapX, gapY] = [150, 34, 46, 12];
  const columns = [];
  const places = new Map();
  for (const stage of stages) {
    const depth = depthOf(stage, stages);
    columns[depth] = (columns[depth] || 0) + 1;
    places.set(stage.name, { x: depth * (width + gapX) + 1, y: (columns[depth] - 1) * (height + gapY) + 1 });
  }
  const most = Math.max(...columns.map((count) => count || 0));
  const size = { w: columns.length * (width + gapX) - gapX + 2, h: most * (height + gapY) - gapY + 2 };
  const picture = draw('svg', { viewBox: '0 0 ' + size.w + ' ' + size.h, width: size.w, height: size.h, role: 'img', class: 'graph',
    'aria-label': 'Stages: ' + stages.map((one) => one.name + (one.depends_on && one.depends_on.length ? ' after ' + one.depends_on.join(', ') : '') + ', ' + one.status).join('; ') });
  for (const stage of stages) for (const name of stage.depends_on || []) {
    const [from, to] = [places.get(name), places.get(stage.name)];
    if (!from || !to) continue;
    const [x1, y1, x2, y2] = [from.x + width, from.y + height / 2, to.x, to.y + height / 2];
    picture.append(draw('path', { class: 'arrow', d: 'M' + x1 + ' ' + y1 + 'C' + (x1 + gapX / 2) + ' ' + y1 + ' ' + (x2 - gapX / 2) + ' ' + y2 + ' ' + x2 + ' ' + y2 }));
  }
  for (const stage of stages) {
    const { x, y } = places.get(stage.name);
    const name = stage.name.length > 18 ? stage.name.slice(0, 17) + '…' : stage.name;
    picture.append(draw('rect', { class: 'box ' + stage.status, x, y, width, height, rx: 6 }),
      draw('text', { x: x + width / 2, y: y + height / 2 + 5, 'text-anchor': 'middle' }, name));
  }
  const scroll = make('div', undefined, 'scroll');
  scroll.append(picture);
  return scroll;
};
const drawBuild = (build, open) => {
  const box = make('details');
  box.dataset.id = build.id;
  box.open = open;
  const head = make('summary');
  head.append(make('span', build.repo.slug + ' #' + build.number + ' (id ' + build.id + ') ' + build.event + ' '),
    make('strong', build.status, 'state ' + build.status), make('span', ' ' + took(build), 'dim'));
  box.append(head);
  if (build.stages.length > 1) box.append(graph(build.stages));
  box.append(...build.stages.map((stage) => stagePart(build, stage)));
  if (build.status === 'pending' || build.status === 'running') {
    const stop = make('button', 'cancel');
    stop.onclick = () => fetch('/api/builds/' + build.id, { method: 'DELETE' }).then(refresh);
    box.append(stop);
  }
  return box;
};
async function readLogs() {
  await Promise.all([...logs.values()].map(async (log) => {
    if (log.source === 'stored') return;
    const path = '/api/builds/' + log.build.id + '/steps/' + encodeURIComponent(log.step.name) + '/log?stage=' + encodeURIComponent(log.stage.name);
    const view = await (await fetch(path)).json();
    log.source = view.source || 'none';
    log.text = (view.lines || []).map((line) => line.out).join('');
  }));
}
async function refresh() {
  try {
    const list = await (await fetch('/api/builds?limit=50')).json();
    await readLogs();
    const known = new Map([...builds.children].map((box) => [box.dataset.id, box.open]));
    const scrolled = new Map([...builds.querySelectorAll('tr.log')].map((line) => [line.previousSibling.querySelector('button').dataset.key, line.querySelector('pre')])
      .map(([key, pre]) => [key, pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 4 ? Infinity : pre.scrollTop]));
    const focus = document.activeElement && document.activeElement.dataset.key;
    builds.replaceChildren(...list.map((build, index) => drawBuild(build, known.get(String(build.id)) ?? index === 0)));
    if (list.length === 0) builds.append(make('p', 'No build yet. POST one to /api/builds.'));
    for (const button of builds.querySelectorAll('button[data-key]')) {
      if (button.dataset.key === focus) button.focus({ preventScroll: true });
      const place = scrolled.get(button.dataset.key);
      const line = button.closest('tr').nextSibling;
      if (place !== undefined && line && line.className === 'log') line.querySelector('pre').scrollTop = place;
    }
    news.textContent = '';
  } catch (error) {
    news.textContent = 'The server does not answer: ' + error;
  }
}
const loop = () => refresh().finally(() => setTimeout(loop, 1000));
loop();
`;
