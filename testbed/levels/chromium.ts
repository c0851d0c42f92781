import { existsSync } from 'node:fs';
import { CHROMIUM_PATHS } from '../machine/needs.ts';

/** Where a Chromium is on this machine; undefined: nowhere. */
export const findChromium = (): string | undefined => CHROMIUM_PATHS.find((path) => existsSync(path));
