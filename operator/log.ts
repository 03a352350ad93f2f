import pino from 'pino';

/** Structured log: constant message, facts as fields. A child adds fields to every line. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: Record<string, unknown>): Logger;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Fields on every line, such as the program's name and version. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** Where lines go; standard output when absent. */
  readonly write?: (line: string) => void;
}

/** Credentials and the contents of Secrets and ConfigMaps never reach a log, whatever object somebody logs whole. */
const secretNames = ['authorization', 'Authorization', 'token', 'password', 'data', 'stringData', 'binaryData'];
const redactedPaths = secretNames.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `*.*.*.${name}`]);

/** JSON lines with `level` as a word, `time` in ISO 8601 and errors under `err`. */
export function createLogger(options: LoggerOptions): Logger {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: options.fields ?? {},
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: redactedPaths, censor: '[redacted]' },
  };
  const { write } = options;
  return write ? pino(settings, { write }) : pino(settings);
}

/** An error as fields, its own ones included (a `Failure` has kind, code and refusal); the stack where it leads to a mistake of ours. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message, stack, cause } = error;
  const own: Record<string, unknown> = Object.fromEntries(Object.entries(error));
  const isFailure = 'kind' in own && own['kind'] !== 'Bug';
  return {
    name,
    message,
    ...own,
    ...(!isFailure && { stack }),
    ...(cause instanceof Error && { cause: `${cause.name}: ${cause.message}` }),
  };
}

/** Says nothing. For tests, and for parts whose caller has no log. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
};
