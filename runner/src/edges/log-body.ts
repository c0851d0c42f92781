import type { StoredLog } from '../ports/ci-server.ts';
import { linesToWire } from './drone-wire.ts';

/**
 * A log as the JSON array for the server, piece by piece, because the whole array would be many times the size of the text.
 */
export async function* logBody(log: StoredLog): AsyncGenerator<string> {
  let before = '[';
  for await (const lines of log) {
    if (lines.length === 0) continue;
    yield before + JSON.stringify(linesToWire(lines)).slice(1, -1);
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}
