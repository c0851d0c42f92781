import type { Clock } from '@hangar/shared/clock';
import { visibleText } from '@hangar/shared/program/visible';
import type { Sent } from './drive.ts';
import { buildState, type ProgressStyle, progressLine } from './show.ts';

/** Where progress goes. */
export interface ProgressTerminal {
  readonly write: (text: string) => void;
  /** Whether lines can be redrawn. */
  readonly live: boolean;
  readonly isColoured: boolean;
  /** In characters and lines; read at each redraw, since windows change. */
  readonly size: () => { readonly columns: number; readonly rows: number };
}

const REDRAW_MS = 100;
/** States that are no news where each change is a line. */
const TOO_COMMON: ReadonlySet<string> = new Set(['pending', 'running']);
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_BELOW = '\u001b[J';

/** Shows how builds stand until `over` is aborted: redrawn lines on a terminal, else a line for each wait and end. */
export async function showProgress(
  clock: Clock,
  terminal: ProgressTerminal,
  look: () => readonly Sent[],
  over: AbortSignal,
): Promise<void> {
  const isLive = terminal.live && terminal.size().rows > look().length + 4;
  const draw = isLive ? redrawing(clock, terminal) : telling(clock, terminal);
  if (isLive) terminal.write(HIDE_CURSOR);
  try {
    while (!over.aborted) {
      draw(look());
      await clock.sleep(REDRAW_MS, over);
    }
    draw(look());
  } finally {
    if (isLive) terminal.write(SHOW_CURSOR);
  }
}

function screenOf({ size, isColoured }: ProgressTerminal): ProgressStyle {
  return { width: size().columns - 1, isColoured };
}

function redrawing(clock: Clock, terminal: ProgressTerminal): (sent: readonly Sent[]) => void {
  let drawn = 0;
  return (sent) => {
    const screen = screenOf(terminal);
    const lines = sent.map((one) => `${visibleText(progressLine(one, clock.now(), screen))}\u001b[K\n`);
    const back = drawn === 0 ? '' : `\u001b[${drawn}A\r`;
    terminal.write(`${back}${lines.join('')}${CLEAR_BELOW}`);
    drawn = lines.length;
  };
}

function telling(clock: Clock, terminal: ProgressTerminal): (sent: readonly Sent[]) => void {
  const reported = new Map<number, string>();
  return (sent) => {
    for (const one of sent) {
      const state = buildState(one);
      if (TOO_COMMON.has(state) || reported.get(one.build.id) === state) continue;
      reported.set(one.build.id, state);
      terminal.write(`${visibleText(progressLine(one, clock.now(), screenOf(terminal)))}\n`);
    }
  };
}
