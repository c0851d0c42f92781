import { existsSync } from 'node:fs';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** Where a Chromium is on this machine; undefined: nowhere. */
export const findChromium = (): string | undefined => PLACES.find((path) => existsSync(path));
