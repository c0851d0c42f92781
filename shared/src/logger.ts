import { type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

/** Hangar's own log: static message first, data as fields. `error` means that a person must act. */
export interface Logger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
  /** A logger that adds these fields to every line. */
  child(fields: object): Logger;
}

/** The log levels that can be configured. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Takes the lines of a log, each a JSON object. */
export interface LogDestination {
  write(line: string): void;
}

/** Standard error, written at once: the last lines of a process that is killed are there. */
export const standardError = (): LogDestination => pino.destination({ dest: 2, sync: true });

/** Writes JSON lines to `destination` (default: standard error); fields with secret names are redacted. */
export function createLogger(level: LogLevel, destination?: LogDestination): Logger {
  const options = {
    level,
    timestamp: stdTimeFunctions.isoTime,
    base: null,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: ['token', 'password', 'secret', '*.token', '*.password', '*.secret', 'headers.authorization'],
      censor: '[hidden]',
    },
  };
  const logger: PinoLogger = pino(options, destination ?? standardError());
  return logger;
}

/** Discards everything: for tests and for commands that write their own output. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
