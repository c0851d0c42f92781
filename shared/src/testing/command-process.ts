import { Child } from './child-process.ts';

/** Starts the program in this file with these arguments, in exactly this environment. */
export const startCommandProcess = (
  file: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Child =>
  new Child(process.execPath, [file, ...words], { env: { PATH: '/usr/bin:/bin', ...env }, folder: '/' });
