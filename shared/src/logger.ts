import { type DestinationStream, type Logger as PinoLogger, pino, stdTimeFunctions } from 'pino';

/** What Hangar writes its own story with: static text first, data as fields. `error` means that a human must look. */
export interface Logger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
  /** The same with fields that every line carries. */
  child(fields: object): Logger;
}

/** Levels that can be asked for. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** JSON lines on `destination` (standard error unless told), with secrets by name cut out. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
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
  const logger: PinoLogger = pino(options, destination ?? pino.destination({ dest: 2, sync: true }));
  return logger;
}

/** Says nothing: for tests and commands that speak for themselves. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
