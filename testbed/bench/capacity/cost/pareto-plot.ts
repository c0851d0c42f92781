import { type Html, html } from '@hangar/shared/program/html';
import type { TraceRuns } from './verdicts.ts';

const PANEL = { width: 250, height: 190, left: 44, top: 24, bottom: 30, right: 24, columns: 4 } as const;
/** Okabe and Ito's colours, which are distinguishable with any colour vision. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#999999', '#f0e442'];
const OURS = '#000000';
/** Lines of text above and below the panels. */
const EDGE = { above: 46, below: 34 } as const;

/** A policy on a trace: node-minutes as a multiple of the bound's, and the mean wait in seconds. */
interface Point {
  readonly policy: string;
  readonly side: TraceRuns['side'];
  /** Set for ours. */
  readonly price?: number | undefined;
  readonly nodes: number;
  readonly waitSeconds: number;
}

/** Beyond these a point is drawn at the border. */
const MOST = { nodes: 4, waitSeconds: 240 } as const;

function pointsOf(runs: readonly TraceRuns[]): readonly Point[] {
  const sum = ({ runs: seeds }: TraceRuns, key: 'nodeMinutes' | 'waitMinutes'): number =>
    seeds.reduce((total, { counted }) => total + counted[key], 0);
  const bound = runs.find(({ side }) => side === 'bound');
  const least = bound === undefined ? 1 : Math.max(1, sum(bound, 'nodeMinutes'));
  return runs.map((one) => ({
    policy: one.policy,
    side: one.side,
    price: one.price,
    nodes: sum(one, 'nodeMinutes') / least,
    waitSeconds:
      (60 * sum(one, 'waitMinutes')) /
      Math.max(
        1,
        one.runs.reduce((jobs, run) => jobs + run.jobs, 0),
      ),
  }));
}

/** Points that no other point beats in both, by nodes. */
export function paretoFront<P extends Pick<Point, 'nodes' | 'waitSeconds'>>(
  points: readonly P[],
): readonly P[] {
  const front: P[] = [];
  for (const point of points.toSorted((a, b) => a.nodes - b.nodes || a.waitSeconds - b.waitSeconds))
    if (point.waitSeconds < (front.at(-1)?.waitSeconds ?? Infinity)) front.push(point);
  return front;
}

const place = ({ nodes, waitSeconds }: Point): { readonly x: number; readonly y: number } => {
  const width = PANEL.width - PANEL.left - PANEL.right;
  const height = PANEL.height - PANEL.top - PANEL.bottom;
  const x = PANEL.left + (width * Math.log(Math.min(MOST.nodes, Math.max(1, nodes)))) / Math.log(MOST.nodes);
  const y = PANEL.top + height * (1 - Math.sqrt(Math.min(1, waitSeconds / MOST.waitSeconds)));
  return { x, y };
};

const lineThrough = (points: readonly Point[]): string =>
  points
    .map(place)
    .map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`)
    .join(' ');

/** A point; the bound is a ring, and ours has its price beside it. */
function mark(point: Point, colour: string): Html {
  const { policy, side, price, nodes, waitSeconds } = point;
  const { x, y } = place(point);
  const circle = html`<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="${side === 'other' ? 3 : 4}" ${side === 'bound' ? html`fill="none" stroke="${OURS}"` : html`fill="${colour}"`}><title>${policy}: ${nodes.toFixed(2)} × the bound's nodes, ${waitSeconds.toFixed(1)} s</title></circle>`;
  if (price === undefined) return circle;
  return html`${circle}<text x="${(x + 6).toFixed(1)}" y="${(y - 6).toFixed(1)}" font-size="9">${price}</text>`;
}

function panel(trace: string, points: readonly Point[], colours: ReadonlyMap<string, string>): Html {
  const { width, height, left, top, bottom, right } = PANEL;
  const marks = points.map((point) => mark(point, colours.get(point.policy) ?? OURS));
  const front = lineThrough(paretoFront(points.filter(({ side }) => side === 'other')));
  const ours = lineThrough(points.filter(({ side }) => side === 'ours'));
  return html`<text x="${left}" y="${top - 8}">${trace}</text>
<path d="M${left} ${top}V${height - bottom}H${width - right}" fill="none" stroke="#666666"/>
<polyline points="${front}" fill="none" stroke="#bbbbbb"/>
<polyline points="${ours}" fill="none" stroke="${OURS}"/>
${marks}
<text x="${left - 4}" y="${top + 8}" text-anchor="end">240 s</text><text x="${left - 4}" y="${height - bottom}" text-anchor="end">0</text>
<text x="${left}" y="${height - bottom + 14}">1 ×</text><text x="${width - right}" y="${height - bottom + 14}" text-anchor="end">4 × nodes</text>
`;
}

/** Width of a letter of the legend, on average, and of a mark with the space around it. */
const LEGEND = { letter: 5.6, mark: 34 } as const;

/** The marks of the policies with their names, from left to right. */
function legend(entries: readonly (readonly [name: string, circle: Html])[], y: number): readonly Html[] {
  let x: number = PANEL.left;
  return entries.map(([name, circle]) => {
    const entry = html`<circle cx="${x}" cy="${y - 4}" ${circle}/><text x="${x + 8}" y="${y}">${name}</text>`;
    x += Math.round(name.length * LEGEND.letter) + LEGEND.mark;
    return entry;
  });
}

const CAPTION = [
  'Mean wait of a build (square root) over node-minutes (logarithm), as a multiple of those of a policy that knows the future. Left and down is better.',
  'Hangar: with its prices of a waiting minute. Grey line: the best of the others. Points beyond the end of an axis are drawn at that end.',
];

/**
 * Mean wait over node-minutes for each policy, a panel for each trace, with a line through Hangar's prices, and one through those of the others
 * that no other beats in both.
 *
 * @returns an SVG picture
 */
export function paretoSvg(all: readonly TraceRuns[]): string {
  const traces = [...Map.groupBy(all, ({ trace }) => trace)];
  const others = [...new Set(all.filter(({ side }) => side === 'other').map(({ policy }) => policy))];
  const colours = new Map(others.map((name, nth) => [name, COLOURS[nth % COLOURS.length] ?? OURS]));
  const { width, height, columns } = PANEL;
  const rows = Math.ceil(traces.length / columns);
  const total = { width: width * columns, height: EDGE.above + height * rows + EDGE.below };
  const panels = traces.map(
    ([trace, runs], nth) =>
      html`<g transform="translate(${(nth % columns) * width} ${EDGE.above + Math.floor(nth / columns) * height})">${panel(trace, pointsOf(runs), colours)}</g>
`,
  );
  const entries = [
    ['Hangar', html`r="4" fill="${OURS}"`] as const,
    ...[...colours].map(([name, colour]) => [name, html`r="3" fill="${colour}"`] as const),
    ['knows the future', html`r="4" fill="none" stroke="${OURS}"`] as const,
  ];
  const caption = CAPTION.map(
    (text, nth) => html`<text x="${PANEL.left}" y="${16 + nth * 16}">${text}</text>`,
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${total.width} ${total.height}" role="img" font-family="sans-serif" font-size="11">
<title>Mean wait of a build over node-minutes, by policy and trace</title>
<rect width="${total.width}" height="${total.height}" fill="#ffffff"/>
${caption}${panels}${legend(entries, total.height - 12)}</svg>
`.toString();
}
