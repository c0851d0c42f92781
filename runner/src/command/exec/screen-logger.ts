import type { Logger } from '@hangar/shared/logger';

/** The runner's own story for people: only what they may have to act on, in plain words; all of it with `verbose`. */
export function screenLogger(say: (text: string) => void, verbose: boolean): Logger {
  const words = (fields: object, text: string): string => {
    const reason =
      'err' in fields && fields.err instanceof Error
        ? fields.err.message
        : 'reason' in fields && typeof fields.reason === 'string'
          ? fields.reason
          : '';
    return reason === '' ? text : `${text}: ${reason}`;
  };
  const serious = (fields: object, text: string): void => say(words(fields, text));
  const detail = (fields: object, text: string): void => {
    if (verbose) say(words(fields, text));
  };
  const logger: Logger = { debug: detail, info: detail, warn: serious, error: serious, child: () => logger };
  return logger;
}
