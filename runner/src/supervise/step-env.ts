import { goQuote } from '../parse/go-quote.ts';

/** The facts about the stage that the file contains. */
export interface EnvFacts {
  /** An earlier stage of the build has failed. */
  readonly buildFailed: boolean;
  /** A step of this stage has failed, and its failure counts. */
  readonly failing: boolean;
  /** The Pod's annotations; only the old runner's `io.drone` ones are used. */
  readonly annotations: Readonly<Record<string, string>>;
  readonly nowMs: number;
}

const OLD_KEY = /^io\.drone(\.[A-Za-z0-9_.-]+)?$/;

/**
 * `/run/drone/env` of a step that has no gate to write it (PROTOCOL.md): the four status values as they are now, and the old
 * runner's keys, in the form in which Kubernetes writes annotations into files. One malformed key would make the whole file
 * unreadable for plugins.
 */
export function stepEnvFile({ buildFailed, failing, annotations, nowMs }: EnvFacts): string {
  const seconds = String(Math.floor(nowMs / 1000));
  const status = (isFailed: boolean): string => (isFailed ? 'failure' : 'success');
  const lines = {
    ...Object.fromEntries(Object.entries(annotations).filter(([key]) => OLD_KEY.test(key))),
    DRONE_BUILD_STATUS: status(buildFailed || failing),
    DRONE_BUILD_FINISHED: seconds,
    DRONE_STAGE_STATUS: status(failing),
    DRONE_STAGE_FINISHED: seconds,
  };
  const sorted = Object.entries(lines).sort(([one], [other]) => (one < other ? -1 : 1));
  return sorted.map(([key, value]) => `${key}=${goQuote(value)}\n`).join('');
}
