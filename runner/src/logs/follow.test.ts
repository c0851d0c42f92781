import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  type FollowControl,
  type FollowEnd,
  followLog,
  IDLE_AFTER_END_MS,
  IDLE_MS,
  type LogSink,
} from './follow.ts';
import { OUT_OF_REACH_MS, REFUSED_MS } from './follow-rules.ts';
import type { GateMark } from './marks.ts';
import { Masks } from './mask.ts';
import { TURN_BYTES } from './reading-turns.ts';
import { openStepLog } from './step-log.ts';
import { FakeLogSource } from './testing/fake-log-source.ts';
import { aLogMemory } from './testing/fake-overflow.ts';
import { GateMarkWriter } from './testing/gate-mark-writer.ts';

/** Room for a busy machine: properties run hundreds of cases. */
vi.setConfig({ testTimeout: 120_000 });

const NONCE = '9f3c2a71';
const gate = new GateMarkWriter(NONCE);

/** A container on a fake node whose log is followed into a real step log. */
class Following {
  readonly clock = new FakeClock();
  readonly source = new FakeLogSource();
  readonly marks: GateMark[] = [];
  readonly stopping = new AbortController();
  end: FollowEnd | undefined;
  finishEnded: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.finishEnded = resolve;
  });
  readonly #stored: string[] = [];
  readonly #stepLog = openStepLog(
    {
      clock: this.clock,
      ciServer: {
        sendLines: () => Promise.resolve(),
        uploadLog: async (_id, log) => {
          for await (const lines of log) this.#stored.push(...lines.map((line) => line.out));
          return 'stored';
        },
      },
      log: { warn: () => undefined },
      memory: aLogMemory(),
    },
    { stepId: 1, masks: new Masks([]), nonce: NONCE, limitBytes: 64 * 1024 * 1024 },
  );

  async start(more: Partial<FollowControl> = {}): Promise<this> {
    const control = {
      ended: this.#ended,
      signal: this.stopping.signal,
      onMark: (one: GateMark) => void this.marks.push(one),
      ...more,
    };
    void followLog(
      { clock: this.clock, source: this.source, random: () => 0.5 },
      { namespace: 'ci', pod: 'p', container: 'step-1' },
      this.#stepLog,
      control,
    ).then((end) => (this.end = end));
    await settle();
    return this;
  }

  write(text: string, full = true): void {
    this.source.write(this.#nowNs(), text, full);
  }

  writeTorn(text: string, bytes: number): void {
    this.source.writeTorn(this.#nowNs(), text, bytes);
  }

  async log(): Promise<string> {
    await settle();
    await this.#stepLog.finish(new AbortController().signal);
    return this.#stored.join('');
  }

  #nowNs(): bigint {
    return BigInt(this.clock.now()) * 1_000_000n;
  }
}

async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* chunks;
}

const aFollowing = (more?: Partial<FollowControl>): Promise<Following> => new Following().start(more);

describe('followLog (previous-runner §5.6)', () => {
  it('is complete the moment both last marks were read, whatever the status is', async () => {
    const following = await aFollowing();
    for (const text of [gate.start(1), 'hello', gate.end(0, 2)]) following.write(text);
    await settle();
    expect(following.end).toBeUndefined();
    following.write(gate.close(3));
    await settle();

    expect(following.end).toEqual({ kind: 'complete' });
    expect(following.marks.map((one) => one.kind)).toEqual(['start', 'end', 'close']);
    expect(await following.log()).toBe('hello\n');
    expect(following.source.running).toBe(0);
    expect(following.clock.pending).toBe(0);
  });

  it('continues after a broken stream, with nothing lost or doubled (known issue 20)', async () => {
    const following = await aFollowing();
    following.write('one');
    following.write('one');
    following.writeTorn('two', 32);
    await settle();
    following.source.break('broken');
    await following.clock.step(1000);
    following.write('three');
    await settle();
    following.source.break('clean');
    await following.clock.step(1000);
    following.write('four');

    expect(await following.log()).toBe('one\none\ntwo\nthree\nfour\n');
    expect(following.source.requests).toEqual(['-', '2026-01-14T09:29:59Z', '2026-01-14T09:30:00Z']);
  });

  it('reads until a stream opened after the end contains nothing new', async () => {
    const following = await aFollowing();
    following.write('one');
    following.finishEnded();
    await settle();
    following.write('two');
    following.source.terminate();
    await following.clock.step(1000);
    expect(following.end).toEqual({ kind: 'complete' });
    expect(await following.log()).toBe('one\ntwo\n');
  });

  it('does not take an early end of the stream for the end of the log (known issue 11)', async () => {
    const following = await aFollowing();
    following.write('one');
    await settle();
    following.source.break('clean');
    await following.clock.step(60_000);
    expect(following.end).toBeUndefined();
    following.write('two');
    following.finishEnded();
    following.source.terminate();
    await following.clock.step(6000);
    expect(following.end).toEqual({ kind: 'complete' });
    expect(await following.log()).toBe('one\ntwo\n');
  });

  it('keeps a last line that has no newline', async () => {
    const following = await aFollowing();
    following.write('one');
    following.write('half', false);
    await settle();
    following.finishEnded();
    following.source.terminate();
    await following.clock.step(1000);
    expect(await following.log()).toBe('one\nhalf\n');
  });

  it('waits for a container that is not ready, longer each time (known issue 21)', async () => {
    const following = new Following();
    following.source.refusal = 'not-ready';
    await following.start();
    await following.clock.step(20_000);
    const tries = following.source.requests.length;
    expect(tries).toBeGreaterThan(7);
    expect(tries).toBeLessThan(14);
    following.source.refusal = undefined;
    following.write('hello');
    await following.clock.step(5000);
    expect(await following.log()).toBe('hello\n');
  });

  it('is complete and empty if a container ended without ever running', async () => {
    const following = new Following();
    following.source.refusal = 'not-ready';
    await following.start();
    following.finishEnded();
    await following.clock.step(2000);
    expect(following.end).toEqual({ kind: 'complete' });
    expect(await following.log()).toBe('');
  });

  it('notes that the rest is missing if the Pod is gone', async () => {
    const following = await aFollowing();
    following.write('one');
    await settle();
    following.source.refusal = 'gone';
    following.source.break('broken');
    following.finishEnded();
    await following.clock.step(2000);
    expect(following.end).toEqual({ kind: 'cut-off', reason: 'the Pod no longer exists' });
    expect(await following.log()).toBe(
      'one\n... the rest of this log could not be read: the Pod no longer exists ...\n',
    );
  });

  it('retries while a container runs and the API server is unavailable', async () => {
    const following = await aFollowing();
    following.source.refusal = 'unavailable';
    following.source.break('broken');
    await following.clock.step(600_000);
    expect(following.end).toBeUndefined();
    following.source.refusal = undefined;
    following.write('back');
    await following.clock.step(5000);
    expect(await following.log()).toBe('back\n');
  });

  it('reads an ended container’s log after an outage of the API server of any length, and notes the outage', async () => {
    const following = await aFollowing();
    following.write('one');
    await settle();
    following.source.refusal = 'unavailable';
    following.source.break('broken');
    following.write('two');
    following.source.terminate();
    following.finishEnded();
    await following.clock.step(10 * OUT_OF_REACH_MS);
    expect(following.end).toBeUndefined();
    following.source.refusal = undefined;
    await following.clock.step(10_000);

    expect(following.end).toEqual({ kind: 'complete' });
    expect(await following.log()).toBe(
      'one\n... this log cannot be read now; the runner retries while the Pod exists: refused: unavailable ...\ntwo\n',
    );
    expect(following.clock.pending).toBe(0);
  });

  it('notes nothing if the API server was unavailable for half a minute', async () => {
    const following = await aFollowing();
    following.source.refusal = 'unavailable';
    following.source.break('broken');
    following.write('one');
    following.source.terminate();
    following.finishEnded();
    await following.clock.step(OUT_OF_REACH_MS - 1);
    following.source.refusal = undefined;
    await following.clock.step(10_000);

    expect([following.end, await following.log()]).toEqual([{ kind: 'complete' }, 'one\n']);
  });

  it('gives up if the Pod was deleted while its log was out of reach', async () => {
    const following = await aFollowing();
    following.source.refusal = 'unavailable';
    following.source.break('broken');
    following.finishEnded();
    await following.clock.step(600_000);
    following.source.refusal = 'gone';
    await following.clock.step(10_000);
    expect(following.end).toEqual({ kind: 'cut-off', reason: 'the Pod no longer exists' });
    expect(following.clock.pending).toBe(0);
  });

  it('gives up on an ended container’s log if the permission to read it stays missing', async () => {
    const following = await aFollowing();
    following.source.refusal = 'forbidden';
    following.source.break('broken');
    following.finishEnded();
    await following.clock.step(REFUSED_MS - 1);
    expect(following.end).toBeUndefined();
    await following.clock.step(10_000);
    expect(following.end).toEqual({ kind: 'cut-off', reason: 'refused: forbidden' });
    expect(await following.log()).toContain('could not be read: refused: forbidden');
  });

  const memory = aLogMemory();
  it.each<[string, Pick<LogSink, 'room'>]>([
    ['by itself', {}],
    ['by the memory of all logs', { room: (bytes) => memory.room(bytes) }],
  ])('does not block other work while it reads a large chunk, %s', async (_by, room) => {
    const bytesByTurn: number[] = [];
    const turns = { count: 0, isOver: false };
    const nextTurn = (): void => {
      turns.count++;
      if (!turns.isOver) setImmediate(nextTurn);
    };
    nextTurn();
    const stopping = new AbortController();
    let read = 0;
    const chunk = Buffer.from(`2026-01-14T09:30:00.000000001Z ${'x'.repeat(69)}\n`.repeat(20_000));
    const append = ({ text }: { text: string }): [] => {
      bytesByTurn[turns.count] = (bytesByTurn[turns.count] ?? 0) + text.length;
      read += text.length;
      if (read === 20_000 * 69) stopping.abort();
      return [];
    };
    await followLog(
      { clock: new FakeClock(), source: { open: () => Promise.resolve(chunksOf(chunk)) }, random: () => 0.5 },
      { namespace: 'ci', pod: 'p', container: 'step-1' },
      { append, note: () => undefined, ...room },
      { ended: Promise.resolve(), signal: stopping.signal, onMark: () => undefined },
    );
    turns.isOver = true;

    expect(read).toBe(20_000 * 69);
    expect(Math.max(...bytesByTurn.filter((bytes) => bytes > 0))).toBeLessThanOrEqual(TURN_BYTES);
  });

  it('reopens a silent stream after two minutes, in case its connection is lost', async () => {
    const following = await aFollowing();
    following.write('one');
    await settle();
    following.source.lose();
    following.write('two');
    await following.clock.step(IDLE_MS - 1);
    expect(following.source.requests).toHaveLength(1);
    await following.clock.step(101);
    expect(await following.log()).toBe('one\ntwo\n');
  });

  it('waits only seconds for a silent stream once the container has ended', async () => {
    const following = await aFollowing();
    following.source.lose();
    following.write('one');
    await following.clock.step(10_000);
    following.finishEnded();
    following.source.terminate();
    await following.clock.step(IDLE_AFTER_END_MS + 1000);
    expect(following.end).toEqual({ kind: 'complete' });
    expect(await following.log()).toBe('one\n');
  });

  it('gives up on a request without an answer', async () => {
    const following = new Following();
    following.source.refusal = 'silent';
    await following.start();
    await following.clock.step(29_000);
    following.source.refusal = undefined;
    following.write('hello');
    await following.clock.step(2000);
    expect(await following.log()).toBe('hello\n');
  });

  it.each(['open', 'silent', 'not-ready'] as const)('stops at once when aborted (%s)', async (how) => {
    const following = new Following();
    following.source.refusal = how === 'open' ? undefined : how;
    await following.start();
    await following.clock.step(100);
    following.stopping.abort();
    await settle();
    expect(following.end).toEqual({ kind: 'stopped' });
    expect(following.clock.pending).toBe(0);
    expect(following.source.running).toBe(0);
  });

  it('notes where lines were rotated away while no stream was open', async () => {
    const following = await aFollowing();
    following.write('one');
    await settle();
    following.source.break('broken');
    following.source.rotate();
    await following.clock.step(1);
    following.write('two');
    await following.clock.step(1000);
    expect(await following.log()).toBe(
      'one\n... the node rotated this log before the rest could be read: lines may be missing here ...\ntwo\n',
    );
  });

  it('notes that the beginning is missing if the log must begin with a mark', async () => {
    const lost = new Following();
    lost.write('in the middle');
    await lost.start({ expectsStart: true });
    expect(await lost.log()).toMatch(
      /^\.\.\. the node rotated this log before its beginning could be read .*\nin the middle\n$/,
    );

    const whole = new Following();
    whole.write(gate.start(1));
    whole.write('first');
    await whole.start({ expectsStart: true });
    expect(await whole.log()).toBe('first\n');
  });

  it.each([
    'unable to retrieve container logs for containerd://0123',
    'failed to try resolving symlinks in path "/var/log/pods/p/step-1/0.log": lstat: no such file or directory',
    'rpc error: code = DeadlineExceeded desc = context deadline exceeded',
  ])('reads again when the node reports in place of the log of an ended container: %s', async (message) => {
    const following = new Following();
    following.write('one');
    following.source.terminate();
    following.source.undelivered = message;
    await following.start();
    following.finishEnded();
    await following.clock.step(20_000);
    expect(following.end).toBeUndefined();
    following.source.undelivered = '';
    await following.clock.step(6_000);
    expect(following.end).toEqual({ kind: 'complete' });
    expect(await following.log()).toBe('one\n');
  });

  it('reads on when the node reports in place of the rest of a log', async () => {
    const following = new Following();
    following.write('one');
    await following.start();
    following.source.undelivered = 'failed to read log file "/var/log/x": input/output error';
    following.write('two');
    following.source.terminate();
    following.finishEnded();
    await following.clock.step(20_000);
    following.source.undelivered = '';
    await following.clock.step(6_000);
    expect(await following.log()).toBe('one\ntwo\n');
  });

  it('gives up on a log that the node reports unreadable for five minutes, with the report', async () => {
    const following = new Following();
    following.source.undelivered = 'unable to retrieve container logs for containerd://0123';
    await following.start();
    following.finishEnded();
    await following.clock.step(REFUSED_MS - 1);
    expect(following.end).toBeUndefined();
    await following.clock.step(6_000);
    expect(following.end).toMatchObject({ kind: 'cut-off' });
    expect(await following.log()).toMatch(
      /could not be read: the node reports: unable to retrieve container logs for containerd:\/\/0123 \.\.\.\n$/,
    );
  });

  it('reads a log that is refused once after a long outage', async () => {
    const following = new Following();
    following.write('one');
    following.source.terminate();
    following.source.refusal = 'unavailable';
    await following.start();
    following.finishEnded();
    await following.clock.step(2 * REFUSED_MS);
    following.source.refusal = 'forbidden';
    await following.clock.step(6_000);
    expect(following.end).toBeUndefined();
    following.source.refusal = undefined;
    await following.clock.step(6_000);
    expect(await following.log()).toMatch(/\none\n$/);
  });

  it('writes a message of the node once, and continues', async () => {
    const following = new Following();
    following.source.message = 'failed to create fsnotify watcher: too many open files';
    await following.start();
    following.write('one');
    await following.clock.step(30_000);
    expect(await following.log()).toBe('failed to create fsnotify watcher: too many open files\none\n');
    expect(following.source.requests.length).toBeGreaterThan(3);
    expect(following.source.requests.length).toBeLessThan(20);
  });

  it('reports each mark once, though streams repeat lines', async () => {
    const following = await aFollowing();
    following.write(gate.start(1));
    following.write('x');
    for (let time = 0; time < 3; time++) {
      await settle();
      following.source.break('broken');
      await following.clock.step(1000);
    }
    expect(following.marks).toEqual([{ kind: 'start', atMs: 1 }]);
  });

  it('reads a line of 10 MB, binary text and split characters over breaks, with nothing lost or doubled', async () => {
    const following = await aFollowing();
    const long = 'long line 😀 '.repeat(800_000);
    const binary = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => (byte === 10 ? 0 : byte)));
    const texts = [long, binary.toString('latin1'), '\r\t\u001b[31m', '', '😀'.repeat(1_000)];
    for (const [index, text] of texts.entries()) {
      following.write(text);
      await following.clock.step(1_000);
      following.writeTorn(`😀 torn ${index}`, 33);
      await settle();
      following.source.break('broken');
      await following.clock.step(6_000);
    }
    following.source.terminate();
    following.finishEnded();
    for (let turn = 0; turn < 1_000 && !following.end; turn++) await following.clock.step(1_000);

    expect(following.end).toEqual({ kind: 'complete' });
    const want = texts.map((text, index) => `${text}\n😀 torn ${index}\n`).join('');
    expect((await following.log()) === want).toBe(true);
  });

  it('reads any log unchanged over any breaks', async () => {
    const event = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          kind: fc.constant('write' as const),
          text: fc.stringMatching(/^[a-c ]{1,6}$/),
          full: fc.boolean(),
        }),
      },
      fc.record({ kind: fc.constant('torn' as const), bytes: fc.nat(50) }),
      fc.record({ kind: fc.constantFrom('broken' as const, 'clean' as const) }),
      fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(8000) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 25 }), async (events) => {
        const following = await aFollowing();
        let want = '';
        for (const one of events) {
          if (one.kind === 'write') {
            following.write(one.text, one.full);
            want += one.text + (one.full ? '\n' : '');
          } else if (one.kind === 'torn') {
            following.writeTorn('torn line', one.bytes);
            want += 'torn line\n';
            await settle();
            following.source.break('broken');
          } else if (one.kind === 'wait') await following.clock.step(one.ms);
          else following.source.break(one.kind);
          await settle();
        }
        following.write('end');
        want += 'end\n';
        following.source.terminate();
        following.finishEnded();
        await following.clock.step(60_000);
        expect(following.end).toEqual({ kind: 'complete' });
        expect(await following.log()).toBe(want);
      }),
      { numRuns: 40 },
    );
  });
});
