import { html, trustedHtml } from '@hangar/shared/program/html';
import type { Line } from './screen.ts';

/** What a terminal shows from a time on. */
export interface Frame {
  readonly atMs: number;
  readonly lines: readonly Line[];
}

const [CHAR_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN] = [8.4, 19, 14, 16];
/** How long the last frame stays before the film begins again. */
const END_MS = 8_000;

const STYLE = `text{font:${FONT_SIZE}px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#d5dbe3;white-space:pre}
.s2{fill:#8b97a5}.s1{font-weight:700}.s31{fill:#ff8f86}.s32{fill:#6ad894}.s33{fill:#ffc073}.s36{fill:#6fb0ff}`;

const round = (value: number): number => Math.round(value * 10) / 10;

const textOf = (line: Line, y: number): string =>
  html`<text y="${y}">${line.map(
    ({ column, text, look }) =>
      html`<tspan x="${round(column * CHAR_WIDTH)}" class="${classOf(look)}">${text}</tspan>`,
  )}</text>`.toString();

const classOf = (look: string): string =>
  look
    .split(';')
    .map((one) => `s${one}`)
    .join(' ');

/**
 * Frames as one animated SVG: they stand side by side, and the film moves by a frame at a time. Lines that occur in many frames are
 * written once. With reduced motion only the last frame shows. Pure.
 */
export function filmOf(
  frames: readonly Frame[],
  size: { readonly columns: number; readonly rows: number },
  title: string,
): string {
  const [width, height] = [
    Math.ceil(size.columns * CHAR_WIDTH) + 2 * MARGIN,
    size.rows * LINE_HEIGHT + 2 * MARGIN,
  ];
  const lines = new Map<string, number>();
  const pictures = frames.map(({ lines: shown }, nth) => {
    const uses = shown.map((line, row) => {
      const text = textOf(line, FONT_SIZE);
      const id = lines.get(text) ?? lines.size;
      lines.set(text, id);
      return `<use href="#l${id}" y="${row * LINE_HEIGHT}"/>`;
    });
    return `<g transform="translate(${nth * width + MARGIN} ${MARGIN})">${uses.join('')}</g>`;
  });
  const symbols = [...lines].map(([text, id]) => text.replace('<text ', `<text id="l${id}" `));
  const { keyframes, seconds } = timesOf(frames, width);
  const last = (frames.length - 1) * width;
  const style = `${STYLE}
@keyframes film{${keyframes}}
.film{animation:film ${seconds}s steps(1,end) infinite}
@media (prefers-reduced-motion:reduce){.film{animation:none;transform:translateX(-${last}px)}}`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img"><title>${title}</title><style>${trustedHtml(style)}</style><rect width="100%" height="100%" rx="8" fill="#151b23"/><defs>${trustedHtml(symbols.join(''))}</defs><g class="film">${trustedHtml(pictures.join(''))}</g></svg>
`.toString();
}

function timesOf(frames: readonly Frame[], width: number): { keyframes: string; seconds: number } {
  const first = frames[0]?.atMs ?? 0;
  const wholeMs = (frames.at(-1)?.atMs ?? 0) - first + END_MS;
  const keyframes = frames.map(
    ({ atMs }, nth) =>
      `${round(((atMs - first) / wholeMs) * 1000) / 10}%{transform:translateX(-${nth * width}px)}`,
  );
  return {
    keyframes: `${keyframes.join('')}100%{transform:translateX(-${(frames.length - 1) * width}px)}`,
    seconds: round(wholeMs / 1000),
  };
}

/** Frames without those that show the same as the one before, or that follow it within a moment. Pure. */
export function thinned(frames: readonly Frame[], leastMs: number): readonly Frame[] {
  const kept: Frame[] = [];
  for (const [nth, frame] of frames.entries()) {
    const before = kept.at(-1);
    const isLast = nth === frames.length - 1;
    if (before !== undefined && JSON.stringify(before.lines) === JSON.stringify(frame.lines)) continue;
    if (isLast || before === undefined || frame.atMs - before.atMs >= leastMs) kept.push(frame);
  }
  return kept;
}
