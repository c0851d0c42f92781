import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { LogLine } from '../pipeline/drone.ts';
import { CiServerError, type StoredLog } from '../ports/ci-server.ts';
import { Masks } from './mask.ts';
import type { NodeLogPiece } from './piece.ts';
import { openStepLog, type StepLog, type StepLogOptions } from './step-log.ts';
import { aLogMemory } from './testing/fake-overflow.ts';
import { GateMarkWriter } from './testing/gate-mark-writer.ts';
import { PIECE_BYTES } from './timestamped.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const NONCE = '9f3c2a71';
const never = new AbortController().signal;
const NS_PER_MS = 1_000_000n;

interface Setup {
  readonly clock: FakeClock;
  readonly stepLog: StepLog;
  readonly uploads: (readonly LogLine[])[];
  readonly live: LogLine[];
  readonly warnings: object[];
  readonly record: (text: string, more?: Partial<NodeLogPiece>) => NodeLogPiece;
}

function setUp(
  options: Partial<StepLogOptions> = {},
  upload: () => Promise<'stored' | 'exists'> = () => Promise.resolve('stored'),
): Setup {
  const clock = new FakeClock();
  const uploads: (readonly LogLine[])[] = [];
  const live: LogLine[] = [];
  const warnings: object[] = [];
  const ciServer = {
    sendLines: (_id: number, lines: readonly LogLine[]) => {
      live.push(...lines);
      return Promise.resolve();
    },
    uploadLog: async (_id: number, log: StoredLog) => {
      uploads.push(await linesOf(log));
      return upload();
    },
  };
  const log = { warn: (fields: object) => void warnings.push(fields) };
  const stepLog = openStepLog(
    { clock, ciServer, log, memory: aLogMemory() },
    { stepId: 7, masks: new Masks([]), nonce: NONCE, ...options },
  );
  const record = (text: string, more: Partial<NodeLogPiece> = {}): NodeLogPiece => ({
    text,
    ends: true,
    part: 0,
    stampNs: BigInt(clock.now()) * NS_PER_MS,
    ...more,
  });
  return { clock, stepLog, uploads, live, warnings, record };
}

async function linesOf(log: StoredLog): Promise<readonly LogLine[]> {
  const all: LogLine[] = [];
  for await (const lines of log) all.push(...lines);
  return all;
}

const outs = (lines: readonly LogLine[] = []): string[] => lines.map((line) => line.out);

describe('openStepLog', () => {
  it('numbers lines without gaps, gives times in whole seconds, sends lines live and stores them', async () => {
    const { clock, stepLog, uploads, live, record } = setUp();
    stepLog.append(record('a'));
    await clock.step(1700);
    stepLog.append(record('b'));

    const end = await stepLog.finish(never);

    const want = [
      { pos: 0, out: 'a\n', time: 0 },
      { pos: 1, out: 'b\n', time: 1 },
    ];
    expect(end).toEqual({ uploaded: 'stored' });
    expect(uploads).toEqual([want]);
    expect(live).toEqual(want);
  });

  it('stores an empty log as an empty array, with no empty line at its end (known issue 64)', async () => {
    const { stepLog, uploads } = setUp();
    await stepLog.finish(never);
    expect(uploads).toEqual([[]]);
  });

  it('returns the marks and removes them from the log', async () => {
    const { stepLog, uploads, record } = setUp();
    const gate = new GateMarkWriter(NONCE);
    expect(stepLog.append(record(gate.start(5)))).toEqual([{ kind: 'start', atMs: 5 }]);
    stepLog.append(record(`half${gate.end(2, 6)}`));
    await stepLog.finish(never);
    expect(outs(uploads[0])).toEqual(['half\n']);
  });

  it('finds no marks if no gate runs', async () => {
    const { stepLog, uploads, record } = setUp({ nonce: undefined });
    const text = new GateMarkWriter(NONCE).start(5);
    expect(stepLog.append(record(text))).toEqual([]);
    await stepLog.finish(never);
    expect(outs(uploads[0])).toEqual([`${text}\n`]);
  });

  it('masks lines, notes, head and card', async () => {
    const { stepLog, uploads, record } = setUp({ masks: new Masks(['hunter22']), head: ['head hunter22'] });
    stepLog.append(record('x hunter22'));
    stepLog.note('note hunter22');
    const card = Buffer.from(JSON.stringify({ schema: 's', data: 'hunter22' })).toString('base64');
    stepLog.append(record(`\u001b]1338;${card}\u001b]0m`));

    const end = await stepLog.finish(never);

    expect(outs(uploads[0])).toEqual(['head ******\n', 'x ******\n', 'note ******\n']);
    expect(end.card).toEqual({ schema: 's', data: '******' });
  });

  it('does not remove cards if the option is off', async () => {
    const { stepLog, uploads, record } = setUp({ cards: false });
    stepLog.append(record('\u001b]1338;e30=\u001b]0m'));
    expect(await stepLog.finish(never)).toEqual({ uploaded: 'stored' });
    expect(outs(uploads[0])).toEqual(['\u001b]1338;e30=\u001b]0m\n']);
  });

  it('returns an unterminated card at the end (known issue 22)', async () => {
    const { stepLog, uploads, record } = setUp({ masks: new Masks(['AAAA']) });
    stepLog.append(record('\u001b]1338;AAAA'));
    stepLog.append(record('BBBB'));
    await stepLog.finish(never);
    expect(outs(uploads[0])).toEqual(['\u001b]1338;******\n', 'BBBB\n']);
  });

  it('writes notes between lines, not within one', async () => {
    const { stepLog, uploads, record } = setUp({ masks: new Masks(['secret']) });
    stepLog.append(record('a sec', { ends: false }));
    stepLog.note('one\ntwo');
    stepLog.append(record('ret b', { part: 1 }));
    await stepLog.finish(never);
    expect(outs(uploads[0])).toEqual(['a ****** b\n', 'one\n', 'two\n']);
  });

  it('ends a line whose rest was rotated away', async () => {
    const { stepLog, uploads, record } = setUp();
    stepLog.append(record('begun', { ends: false }));
    stepLog.append(record('next'));
    stepLog.append(record('last', { ends: false }));
    await stepLog.finish(never);
    expect(outs(uploads[0])).toEqual(['begun\n', 'next\n', 'last\n']);
  });

  it('cuts a line that is too long into several, only the last with a newline (known issue 2)', async () => {
    const { stepLog, uploads, record } = setUp();
    const piece = 'x'.repeat(PIECE_BYTES);
    for (const part of [0, 1, 2]) stepLog.append(record(piece, { part, ends: false }));
    stepLog.append(record('', { part: 3 }));
    await stepLog.finish(never);
    expect(outs(uploads[0]).map((out) => out.length)).toEqual([PIECE_BYTES, PIECE_BYTES, PIECE_BYTES + 1]);
    expect(outs(uploads[0]).join('')).toBe(`${piece.repeat(3)}\n`);
  });

  it('continues live above the limit, and stores beginning and end', async () => {
    const { clock, stepLog, uploads, live, record } = setUp({ limitBytes: 100 });
    for (let index = 0; index < 30; index++) stepLog.append(record('123456789'));
    await clock.step(1000);
    expect(live).toHaveLength(30);
    await stepLog.finish(never);
    expect(uploads[0]?.map((line) => line.pos)).toEqual([0, 1, 2, 22, 23, 24, 25, 26, 27, 28, 29]);
  });

  it('holds live lines until goLive(), and stores them in any case', async () => {
    const { clock, stepLog, uploads, live, record } = setUp({ live: 'on-demand' });
    stepLog.append(record('a'));
    await clock.step(3000);
    expect(live).toEqual([]);
    stepLog.goLive();
    await clock.step(1000);
    expect(outs(live)).toEqual(['a\n']);
    await stepLog.finish(never);
    expect(outs(uploads[0])).toEqual(['a\n']);
  });

  it('does not show an adopted log live again, but stores all of it', async () => {
    const openedAtMs = 1_768_383_000_000 - 60_000;
    const { clock, stepLog, uploads, live, record } = setUp({
      openedAtMs,
      shownUntilMs: openedAtMs + 50_000,
      head: ['head'],
    });
    stepLog.append(record('old', { stampNs: BigInt(openedAtMs + 49_999) * NS_PER_MS }));
    stepLog.append(record('unseen', { stampNs: BigInt(openedAtMs + 50_000) * NS_PER_MS }));
    await clock.step(1000);
    expect(live).toEqual([{ pos: 2, out: 'unseen\n', time: 50 }]);
    await stepLog.finish(never);
    expect(uploads[0]?.map((line) => [line.out, line.time])).toEqual([
      ['head\n', 0],
      ['old\n', 49],
      ['unseen\n', 50],
    ]);
  });

  it('shows no line twice after a takeover, and counts times from the first line', async () => {
    const takenOverMs = 1_768_383_000_000;
    const { clock, stepLog, uploads, live, record } = setUp({ shownUntilMs: takenOverMs });
    const at = (ms: number): bigint => BigInt(takenOverMs + ms) * NS_PER_MS;
    for (const ms of [-60_000, -30_000, -1]) stepLog.append(record(`${ms}`, { stampNs: at(ms) }));
    await clock.step(2_000);
    stepLog.append(record('1500', { stampNs: at(1_500) }));
    await clock.step(1_000);

    expect(live).toEqual([{ pos: 3, out: '1500\n', time: 61 }]);
    await stepLog.finish(never);
    expect(uploads[0]?.map(({ out, time }) => [out, time])).toEqual([
      ['-60000\n', 0],
      ['-30000\n', 30],
      ['-1\n', 59],
      ['1500\n', 61],
    ]);
  });

  it('shows a note by the time of its event: notes of the former owner are not shown again', async () => {
    const openedAtMs = 1_768_383_000_000 - 60_000;
    const { clock, stepLog, uploads, live, record } = setUp({
      openedAtMs,
      shownUntilMs: openedAtMs + 50_000,
    });
    stepLog.note('pulling image a:1', openedAtMs + 1_000);
    stepLog.note('pulled image a:1 in 58.0 s', openedAtMs + 59_000);
    stepLog.append(record('built', { stampNs: BigInt(openedAtMs + 60_000) * NS_PER_MS }));
    await clock.step(1000);
    expect(outs(live)).toEqual(['pulled image a:1 in 58.0 s\n', 'built\n']);
    await stepLog.finish(never);
    expect(uploads[0]?.map((line) => [line.pos, line.time])).toEqual([
      [0, 1],
      [1, 59],
      [2, 60],
    ]);
  });

  it('limits the times of a node whose clock is wrong', async () => {
    const { clock, stepLog, uploads, record } = setUp();
    await clock.step(3000);
    stepLog.append(record('early', { stampNs: 5n }));
    stepLog.append(record('late', { stampNs: 10n ** 20n }));
    await stepLog.finish(never);
    expect(uploads[0]?.map((line) => line.time)).toEqual([0, 3]);
  });

  it('logs a permanent refusal by the server, and does not fail the step (known issue 19)', async () => {
    const refused = new CiServerError('log upload', 413, 'too large');
    const { stepLog, uploads, warnings } = setUp({}, () => Promise.reject(refused));
    expect(await stepLog.finish(never)).toEqual({ uploaded: 'failed', refusal: 'too large' });
    expect(uploads).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  it.each([
    ['a proxy', 413, 'request entity too large'],
    ['a database', 500, "log upload: Data too long for column 'log_data'"],
  ])('uploads a shorter log, with its end, when %s refuses it as too large', async (_, status, text) => {
    let refusals = 2;
    const upload = (): Promise<'stored'> =>
      refusals-- > 0
        ? Promise.reject(new CiServerError('log upload', status, text))
        : Promise.resolve('stored');
    const { stepLog, uploads, warnings, record } = setUp({}, upload);
    for (let line = 0; line < 1600; line++) stepLog.append(record(`line ${1000 + line}`));

    expect(await stepLog.finish(never)).toEqual({ uploaded: 'stored' });
    expect(uploads.map((lines) => lines.length)).toEqual([1600, 401, 101]);
    expect(uploads[2]?.[0]?.out).toContain('... 1500 lines ');
    expect(uploads[2]?.slice(1).map(({ pos }) => pos)).toEqual(
      Array.from({ length: 100 }, (_line, nth) => 1500 + nth),
    );
    expect(warnings).toEqual([]);
  });

  it('gives up on a log that is refused at any length', async () => {
    const tooLarge = new CiServerError('log upload', 413, 'too large');
    const { stepLog, uploads, warnings, record } = setUp({}, () => Promise.reject(tooLarge));
    for (let line = 0; line < 20; line++) stepLog.append(record(`line ${line}`));

    expect(await stepLog.finish(never)).toEqual({ uploaded: 'failed', refusal: 'too large' });
    expect([uploads.length, warnings.length]).toEqual([3, 1]);
  });

  it('waits until the server has stored it, however long that takes', async () => {
    const taken = Promise.withResolvers<'stored'>();
    const { clock, stepLog } = setUp({}, () => taken.promise);
    let end: unknown;
    void stepLog.finish(never).then((one) => (end = one));
    await clock.step(48 * 3_600_000);
    expect(end).toBeUndefined();
    taken.resolve('stored');
    await settle();
    expect(end).toEqual({ uploaded: 'stored' });
  });

  it('treats a log that the server already has as stored', async () => {
    const { stepLog } = setUp({}, () => Promise.resolve('exists'));
    expect(await stepLog.finish(never)).toEqual({ uploaded: 'exists' });
  });

  it('gives up at once when aborted during a try, and starts no other one', async () => {
    const stop = new AbortController();
    const { clock, stepLog, uploads } = setUp({}, () => {
      stop.abort();
      return Promise.reject(new Error('aborted'));
    });
    expect(await stepLog.finish(stop.signal)).toEqual({ uploaded: 'failed' });
    expect([uploads.length, clock.pending]).toEqual([1, 0]);
    const late = setUp();
    expect(await late.stepLog.finish(AbortSignal.abort())).toEqual({ uploaded: 'failed' });
    expect(late.uploads).toHaveLength(0);
  });

  it('ends once, and drops later lines', async () => {
    const { stepLog, uploads, record } = setUp();
    const [first, second] = [stepLog.finish(never), stepLog.finish(never)];
    expect(stepLog.append(record('late'))).toEqual([]);
    stepLog.note('late');
    expect(await first).toBe(await second);
    expect(uploads).toEqual([[]]);
  });

  it('shows no secret and changes nothing else, for any pieces', async () => {
    const secret = 's3cr3t!';
    const piece = fc.record({
      text: fc.constantFrom('a', 's3cr', '3t!', secret, '\u001b', ']1338;', '\u001ehangar ', ' ', ''),
      ends: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 30 }), async (pieces) => {
        const { stepLog, uploads, record } = setUp({ masks: new Masks([secret]) });
        let part = 0;
        let text = '';
        for (const { text: own, ends } of [...pieces, { text: '.', ends: true }]) {
          stepLog.append(record(own, { ends, part }));
          part = ends ? 0 : part + 1;
          text += own + (ends ? '\n' : '');
        }
        await stepLog.finish(never);
        expect(outs(uploads[0]).join('')).toBe(text.replaceAll(secret, '******'));
      }),
      { numRuns: 300 },
    );
  });
});
