import { lineOf, type StyledText } from '@hangar/shared/program/style';
import type { Sent } from './drive.ts';
import { evidenceSteps } from './judge.ts';
import { durationText, lookOf } from './status-style.ts';

const NAME_WIDTH = 16;
const STATUS_WIDTH = 8;
const TIME_WIDTH = 6;

/** How a screen is drawn: its width in characters, and whether it shows colours. */
export interface ProgressStyle {
  readonly width: number;
  readonly isColoured: boolean;
}

/** What a build shows as: the server's word, but `waiting` while the runner has no room for it. */
export function buildState(sent: Sent): string {
  return sent.waitsNow && sent.build.status === 'pending' ? 'waiting' : sent.build.status;
}

/** One line of progress for one build. */
export function progressLine(sent: Sent, nowMs: number, screen: ProgressStyle): string {
  const state = buildState(sent);
  const { symbol, style } = lookOf(state);
  const spent = durationText((sent.endedMs ?? nowMs) - sent.sentMs);
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
function whatHappens(sent: Sent, state: string): StyledText[] {
  if (state === 'waiting') return [{ text: sent.waited, style: 'dim' }];
  const steps = evidenceSteps(sent.build);
  if (steps.length > 0)
    return steps.flatMap(({ name, status }): StyledText[] => {
      const { symbol, style } = lookOf(status);
      return [
        { text: `${symbol} `, style },
        { text: `${name}  `, style: status === 'running' ? undefined : 'dim' },
      ];
    });
  const error = sent.build.stages.map((stage) => stage.error).find((text) => text !== '');
  return [{ text: error ?? sent.one.shows, style: 'dim' }];
}
