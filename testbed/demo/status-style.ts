import type { Style } from '@hangar/shared/program/style';

interface Look {
  readonly symbol: string;
  readonly style: Style | undefined;
}

const LOOKS: ReadonlyMap<string, Look> = new Map([
  ['pending', { symbol: '·', style: 'dim' }],
  ['waiting_on_dependencies', { symbol: '·', style: 'dim' }],
  ['waiting', { symbol: '…', style: 'yellow' }],
  ['running', { symbol: '●', style: 'yellow' }],
  ['success', { symbol: '✓', style: 'green' }],
  ['failure', { symbol: '✗', style: 'red' }],
  ['error', { symbol: '!', style: 'red' }],
  ['killed', { symbol: '■', style: 'red' }],
  ['skipped', { symbol: '–', style: 'dim' }],
]);

/** How a status looks. */
export function lookOf(status: string): Look {
  return LOOKS.get(status) ?? { symbol: '?', style: undefined };
}

/** What the symbols mean, for people who see them for the first time. */
export const LEGEND =
  '✓ success  ✗ failure  ! error  ■ killed  – skipped  ● running  … waits for capacity  · not started';

/** Milliseconds as seconds with one digit behind the point. */
export function durationText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
