/** The error for an invalid line. */
export class DotenvError extends Error {
  override readonly name = 'DotenvError';
}

/**
 * Parses an environment file in the dialect of godotenv 1.3 (previous-runner §1.6.1): `KEY=VALUE` or `KEY: VALUE`, quotes, comments,
 * and `$NAME` from earlier lines of the same file.
 *
 * @throws {DotenvError} with the number of a line without separator, never its text
 */
export function parseDotenv(text: string): Readonly<Record<string, string>> {
  const values = new Map<string, string>();
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    const [key, value] = parseLine(line, index + 1);
    values.set(key, valueOf(value, values));
  }
  return Object.fromEntries(values);
}

function parseLine(line: string, number: number): readonly [string, string] {
  const equals = line.indexOf('=');
  const colon = line.indexOf(':');
  const at = colon >= 0 && (equals < 0 || colon < equals) ? colon : equals;
  if (at < 0) throw new DotenvError(`line ${number} has neither = nor :. Write NAME=value`);
  const key = line
    .slice(0, at)
    .trim()
    .replace(/^export\s+/, '');
  if (key === '')
    throw new DotenvError(`line ${number} has no name before its ${line[at]}. Write NAME=value`);
  return [key, line.slice(at + 1).trim()];
}

function valueOf(text: string, earlier: ReadonlyMap<string, string>): string {
  const single = /^'([^']*)'\s*(?:#.*)?$/.exec(text);
  if (single) return single[1] ?? '';
  const double = /^"((?:[^"\\]|\\.)*)"\s*(?:#.*)?$/.exec(text);
  if (double) return expand(unescape(double[1] ?? ''), earlier);
  // Quotes within quotes, such as JSON that was not escaped: the first and the last one count.
  const [, quote, inner = ''] = /^(['"])(.+)\1$/.exec(text) ?? [];
  if (quote !== undefined) return quote === "'" ? inner : expand(unescape(inner), earlier);
  return expand(text.replace(/(?:^|\s+)#.*$/, '').trim(), earlier);
}

/**
 * `
 * ` and `\r` become control characters, other backslashes are removed, except before a dollar.
 */
function unescape(text: string): string {
  return text.replace(/\\([^$])/g, (_, char: string) => (char === 'n' ? '\n' : char === 'r' ? '\r' : char));
}

function expand(text: string, earlier: ReadonlyMap<string, string>): string {
  return text.replace(
    /(\\)\$|\$(?:\{([A-Z0-9_]+)\}|([A-Z0-9_]+))/g,
    (match, escaped: string | undefined, braced: string | undefined, bare: string | undefined) =>
      escaped ? match.slice(1) : (earlier.get(braced ?? bare ?? '') ?? ''),
  );
}

/** Adds a file's variables to the environment; variables that are set already take precedence (previous-runner §1.1). */
export function withDotenv(
  env: Readonly<Record<string, string | undefined>>,
  file: Readonly<Record<string, string>>,
): Readonly<Record<string, string | undefined>> {
  return { ...file, ...Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)) };
}
