import type { Sent } from './drive.ts';
import { stepsOf } from './judge.ts';
import { lineOf, lookOf, type Piece, secondsText } from './words.ts';

const NAME_WIDTH = 16;
const STATUS_WIDTH = 8;
const TIME_WIDTH = 6;

/** How a screen is drawn: its width in characters, and whether it knows colors. */
export interface Screen {
  readonly width: number;
  readonly colored: boolean;
}

/** What a build shows as: the server's word, but `waiting` while the runner has no room for it. */
export function stateOf(sent: Sent): string {
  return sent.waitsNow && sent.build.status === 'pending' ? 'waiting' : sent.build.status;
}

/** One line of progress for one build. */
export function progressLine(sent: Sent, nowMs: number, screen: Screen): string {
  const state = stateOf(sent);
  const { symbol, tone } = lookOf(state);
  const spent = secondsText((sent.endedMs ?? nowMs) - sent.sentMs);
  return lineOf(
    [
      { text: `${symbol} `, tone },
      { text: sent.one.name.padEnd(NAME_WIDTH), tone: 'plain' },
      { text: state.padEnd(STATUS_WIDTH), tone },
      { text: `${spent.padStart(TIME_WIDTH)}  `, tone: 'dim' },
      ...whatHappens(sent, state),
    ],
    screen.width,
    screen.colored,
  );
}

/** Its steps; before there are any, why there are none. */
function whatHappens(sent: Sent, state: string): Piece[] {
  if (state === 'waiting') return [{ text: sent.waited, tone: 'dim' }];
  const steps = stepsOf(sent.build);
  if (steps.length > 0)
    return steps.flatMap(({ name, status }): Piece[] => {
      const { symbol, tone } = lookOf(status);
      return [
        { text: `${symbol} `, tone },
        { text: `${name}  `, tone: status === 'running' ? 'plain' : 'dim' },
      ];
    });
  const error = sent.build.stages.map((stage) => stage.error).find((text) => text !== '');
  return [{ text: error ?? sent.one.shows, tone: 'dim' }];
}
