import type { Board } from '../board/board.ts';
import { CAPACITY_BOARD } from './capacity.ts';
import { RUNNER_BOARD } from './runner.ts';

/** Every board. */
export const BOARDS: readonly Board[] = [RUNNER_BOARD, CAPACITY_BOARD];
