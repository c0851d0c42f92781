import { extname } from 'node:path';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** In a clone a thread loads our packages from their sources, as its parent does; hooks of the parent don't reach it. */
const FROM_SOURCES = ['--conditions=source'];

/**
 * Starts a thread.
 *
 * @param program a file of this repository: `.ts` in a clone, `.js` in a bundle
 */
export function startThread(program: URL, options: WorkerOptions): Worker {
  const isSource = extname(program.pathname) === '.ts';
  return new Worker(program, isSource ? { ...options, execArgv: FROM_SOURCES } : options);
}
