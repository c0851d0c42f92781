import { errorText } from '@hangar/shared/error-text';
import type { Output, ProcessExit, Running } from './process-group.ts';

/** Exit code of a placeholder that was stopped. @see runner/gate/PROTOCOL.md */
const PLACEHOLDER_CODE = 213;

const STOPS: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGKILL']);

/** A placeholder: does nothing, exits at once with its own code on a stop signal. */
export function placeholder(): Running {
  const { promise, resolve } = Promise.withResolvers<ProcessExit>();
  return {
    ended: promise,
    signal: (name) => {
      if (STOPS.has(name))
        resolve(name === 'SIGKILL' ? { code: 137, signal: 9 } : { code: PLACEHOLDER_CODE });
    },
  };
}

/** A small piece of work of our own in place of a program; an error becomes its code 1 and a line on stderr. */
export function inProcess(work: () => void, output: Output): Running {
  const ended = Promise.resolve().then((): ProcessExit => {
    try {
      work();
      return { code: 0 };
    } catch (error) {
      output.stderr(Buffer.from(`${errorText(error)}\n`));
      return { code: 1 };
    }
  });
  return { ended, signal: () => undefined };
}
