import { setImmediate as turn } from 'node:timers/promises';
import { LogMemory } from '@hangar/runner/log-memory';
import { Masks } from '@hangar/runner/mask';
import { openStepLog } from '@hangar/runner/step-log';
import { TimestampedParser } from '@hangar/runner/timestamped';
import { systemClock } from '@hangar/shared/clock';
import fc from 'fast-check';
import type { Adversary, Area } from '../area.ts';

const NONCE = '9f3c2a71';
const SECRET = 'hunter2-hunter2';
const STAMP = '2026-01-14T09:30:06.123456789Z ';
const CARD = '\u001b]1338;';
const CARD_END = '\u001b]0m';
const MARK = `\u001ehangar ${NONCE} `;
const CHUNK_BYTES = 64 * 1024;
const MEMORY_BYTES = 64 * 1024 * 1024;

const masks = new Masks([SECRET, 'two\nlines']);
const never = new AbortController().signal;
const full = (): Promise<never> => Promise.reject(new Error('there is no disk'));
const memory = new LogMemory(MEMORY_BYTES, {
  overflow: { write: full, read: full, free: () => undefined },
  log: { warn: () => undefined },
});
const ciServer = {
  sendLines: () => Promise.resolve(),
  uploadLog: () => Promise.resolve('stored' as const),
};
const parts = { clock: systemClock(), ciServer, log: { warn: () => undefined }, memory };

/** Passes the log of one container through the runner, as it comes from the node. */
async function feed(text: string): Promise<void> {
  const bytes = Buffer.from(text);
  const stepLog = openStepLog(parts, { stepId: 1, masks, nonce: NONCE, live: 'on-demand' });
  const parser = new TimestampedParser();
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    for (const record of parser.push(bytes.subarray(at, at + CHUNK_BYTES))) stepLog.append(record);
    await turn();
  }
  const tail = parser.tail();
  if (tail) stepLog.append(tail);
  await stepLog.finish(never);
}

/** Repeats a text to about `chars` characters. */
const filled = (chars: number, text: string): string =>
  text.repeat(Math.max(1, Math.floor(chars / text.length)));
const base64 = (text: string): string => Buffer.from(text).toString('base64');
const lines = (name: string, line: string): Adversary<string> => ({
  name,
  make: (chars) => filled(chars, `${STAMP}${line}\n`),
});
const oneLine = (name: string, piece: string): Adversary<string> => ({
  name,
  make: (chars) => `${STAMP}${filled(chars, piece)}\n`,
});

const ADVERSARIES: readonly Adversary<string>[] = [
  lines('many unreadable cards', `${CARD}${base64('no JSON')}${CARD_END}`),
  lines('many readable cards', `${CARD}${base64('{"schema":"https://a.test/b","data":{}}')}${CARD_END}`),
  lines('empty cards', `${CARD}${CARD_END}`),
  oneLine('empty cards in one line', `${CARD}${CARD_END}`),
  oneLine('starts of cards that never end', CARD),
  oneLine('one card as long as the log', 'aGVs'),
  { name: 'one unfinished card', make: (chars) => `${STAMP}${CARD}${filled(chars, 'aGVs')}` },
  lines('forged marks', `${MARK}end code=0 at=1 sig=AAAA`),
  oneLine('starts of marks in one line', MARK),
  lines('starts of secrets', SECRET.slice(0, -1)),
  oneLine('starts of secrets in one line', SECRET.slice(0, -1)),
  oneLine('secrets in one line', SECRET),
  lines('starts of a secret of two lines', 'two'),
  // Each line that a node sends has a stamp.
  lines('empty lines', ''),
  { name: 'one line without an end', make: (chars) => filled(chars, 'a') },
  { name: 'stamps without text', make: (chars) => filled(chars, STAMP) },
  oneLine('characters of four bytes', '\u{1f980}'),
  oneLine('carriage returns', 'a\r'),
];

const piece = fc.oneof(
  fc.constantFrom(
    ...[
      CARD,
      CARD_END,
      MARK,
      SECRET,
      SECRET.slice(0, 5),
      'two\n',
      'lines',
      '\n',
      '\r',
      STAMP,
      '\u001e',
      '\u001b',
    ],
    ...['start at=1 key=AAAA\n', 'end code=0 at=1 sig=A\n', base64('{"schema":"s","data":1}'), '{}', '\0'],
  ),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const generated = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

/** Logs of steps: stamps, marks, cards and masks. */
export const LOGS: Area<string> = {
  name: 'logs and cards',
  adversaries: ADVERSARIES,
  generated,
  feed,
  largestChars: 1_000_000,
};
