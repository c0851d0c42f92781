import { lineOf, type Piece } from '@hangar/shared/program/style';
import type { Sent } from './drive.ts';
import { stepsOf } from './judge.ts';
import { lookOf, secondsText } from './words.ts';

const NAME_WIDTH = 16;
const STATUS_WIDTH = 8;
const TIME_WIDTH = 6;

/** How a screen is drawn: its width in characters, and whether it shows colours. */
export interface Screen {
  readonly width: number;
  readonly isColoured: boolean;
}

/** What a build shows as: the server's word, but `waiting` while the runner has no room for it. */
export function stateOf(sent: Sent): string {
  return sent.waitsNow && sent.build.status === 'pending' ? 'waiting' : sent.build.status;
}

/** One line of progress for one build. */
export function progressLine(sent: Sent, nowMs: number, screen: Screen): string {
  const state = stateOf(sent);
  const { symbol, style } = lookOf(state);
  const spent = secondsText((sent.endedMs ?? nowMs) - sent.sentMs);
  return lineOf(
    [
      { text: `${symbol} `, style },
      { text: sent.one.name.padEnd(NAME_WIDTH), style: undefined },
      { text: state.padEnd(STATUS_WIDTH), style },
      { text: `${spent.padStart(TIME_WIDTH)}  `, style: 'dim' },
      ...whatHappens(sent, state),
    ],
    screen.width,
    screen.isColoured,
  );
}

/** Its steps; before there are any, why there are none. */
function whatHappens(sent: Sent, state: string): Piece[] {
  if (state === 'waiting') return [{ text: sent.waited, style: 'dim' }];
  const steps = stepsOf(sent.build);
  if (steps.length > 0)
    return steps.flatMap(({ name, status }): Piece[] => {
      const { symbol, style } = lookOf(status);
      return [
        { text: `${symbol} `, style },
        { text: `${name}  `, style: status === 'running' ? undefined : 'dim' },
      ];
    });
  const error = sent.build.stages.map((stage) => stage.error).find((text) => text !== '');
  return [{ text: error ?? sent.one.shows, style: 'dim' }];
}
