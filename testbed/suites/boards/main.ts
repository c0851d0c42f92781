import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Board, Panel } from '@hangar/dashboards/board';
import { BOARDS } from '@hangar/dashboards/boards';
import { systemClock } from '@hangar/shared/clock';
import { launchChromium } from '../../parts/launch-chromium.ts';
import { answersOf, type QueryAnswer } from './answers.ts';
import { type LoadedPrometheus, loadPrometheus } from './load.ts';
import { escaped, plotPanelSvg, statSvg, type TimeSpan, tableSvg } from './panel-svg.ts';

const HELP = `npx node --conditions=source testbed/suites/boards/main.ts --picture FOLDER [--seconds N]

Runs the runner, the autoscaler and a real Prometheus under load for so long (60 s), and draws each board with the answers
to its own queries: FOLDER/<board>.png. Needs prometheus and chromium (testbed/install-debian.sh).
`;

/** Grafana is no package that registries have: this shows about what it would, so that people can look at the boards. */

const WIDTH = 1560;
const COLUMNS = 24;

const STYLE = `
body { margin: 0; padding: 12px; width: ${WIDTH}px; background: #111217; color: #d8d9da; font: 12px "DejaVu Sans", sans-serif }
h1 { font-size: 18px; margin: 4px 0 2px } p { margin: 0 0 8px; color: #9fa7b3 } h2 { font-size: 14px; margin: 12px 0 6px }
.row { display: grid; grid-template-columns: repeat(${COLUMNS}, 1fr); gap: 8px }
.panel { background: #181b1f; border: 1px solid #2c3235; border-radius: 3px; padding: 8px; overflow: hidden }
.panel h3 { font-size: 12px; margin: 0 0 6px; font-weight: 500 } svg text { fill: #9fa7b3; font-size: 10px }
.legend span { margin-right: 12px; white-space: nowrap } .legend { font-size: 11px; line-height: 1.5 }
.legend i { display: inline-block; width: 14px; height: 4px; margin-right: 5px; vertical-align: middle }
.stat { font-size: 26px; text-align: center; padding: 8px } .none { color: #9fa7b3; text-align: center; padding: 16px }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: 4px 8px; border-bottom: 1px solid #2c3235 }
`;

function body(panel: Panel, answers: readonly QueryAnswer[], span: TimeSpan): string {
  switch (panel.kind) {
    case 'stat':
      return statSvg(panel, answers);
    case 'table':
      return tableSvg(panel, answers);
    case 'lines':
    case 'areas':
      return plotPanelSvg(panel, answers, span, Math.floor((WIDTH * panel.width) / COLUMNS) - 26);
  }
}

async function page(loaded: LoadedPrometheus, board: Board): Promise<string> {
  const rows: string[] = [];
  for (const { title, panels } of board.rows) {
    const drawn: string[] = [];
    for (const panel of panels) {
      const inside = body(panel, await answersOf(loaded, panel), loaded);
      drawn.push(
        `<div class="panel" style="grid-column: span ${panel.width}"><h3>${escaped(panel.title)}</h3>${inside}</div>`,
      );
    }
    rows.push(`<h2>${escaped(title)}</h2><div class="row">${drawn.join('')}</div>`);
  }
  return `<!doctype html><meta charset="utf-8"><style>${STYLE}</style><h1>${escaped(board.title)}</h1><p>${escaped(board.description)}</p>${rows.join('')}`;
}

/** Draws boards with what Prometheus has: `<uid>.html` and `<uid>.png` in the folder. @returns the pictures */
async function takePictures(
  loaded: LoadedPrometheus,
  boards: readonly Board[],
  folder: string,
): Promise<readonly string[]> {
  mkdirSync(folder, { recursive: true });
  const browser = await launchChromium();
  try {
    const pictures: string[] = [];
    for (const board of boards) {
      const html = await page(loaded, board);
      writeFileSync(join(folder, `${board.uid}.html`), html);
      const tab = await browser.newPage({ viewport: { width: WIDTH + 24, height: 900 } });
      await tab.setContent(html);
      const path = join(folder, `${board.uid}.png`);
      await tab.screenshot({ path, fullPage: true });
      pictures.push(path);
    }
    return pictures;
  } finally {
    await browser.close();
  }
}

const { values } = parseArgs({
  options: {
    picture: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    help: { type: 'boolean' },
  },
});

async function main(folder: string, seconds: number): Promise<void> {
  const loaded = await loadPrometheus(systemClock(), seconds * 1_000);
  try {
    for (const path of await takePictures(loaded, BOARDS, folder)) process.stdout.write(`${path}\n`);
  } finally {
    await loaded.close();
  }
}

const seconds = Number(values.seconds);
if (values.help === true || values.picture === undefined || !(seconds > 0)) {
  process.stdout.write(HELP);
  process.exitCode = values.help === true ? 0 : 2;
} else await main(values.picture, seconds);
