import { Child } from './child-process.ts';

/** Starts the program that is in this file with these words, in this environment alone. */
export const startCommandProcess = (
  file: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child =>
  new Child(process.execPath, [file, ...words], { env: { PATH: '/usr/bin:/bin', ...env }, folder: '/' });
