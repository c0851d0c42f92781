import { type Browser, chromium } from 'playwright-core';
import { findChromium } from '../levels/chromium.ts';

/** Starts a Chromium. @throws with the cure where there is none */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined)
    throw new Error('there is no Chromium: run "sudo testbed/install-debian.sh chromium" once');
  // Root, as in CI, can't have the sandbox; all that is opened here are our own pages.
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}
