import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import type { LogSource } from '../ports/log-source.ts';
import { type EdgeObserver, observedLogs, observedServer, observedTries } from './edge-observer.ts';

interface Told {
  readonly calls: string[];
  readonly lags: number[];
}

function listener(): { reported: Told; observer: EdgeObserver } {
  const reported: Told = { calls: [], lags: [] };
  const observer: EdgeObserver = {
    droneCalled: (call, status) => void reported.calls.push(`${call} ${status}`),
    logRead: (lagMs) => void reported.lags.push(lagMs),
    held: () => undefined,
  };
  return { reported, observer };
}

const { signal } = new AbortController();

describe('observedServer', () => {
  class Server {
    readonly #secret = 'kept';
    answers: Partial<Record<keyof CiServer, unknown>> = {};
    ping(): Promise<unknown> {
      return this.answers.ping instanceof Error
        ? Promise.reject(this.answers.ping)
        : Promise.resolve(this.#secret);
    }
    accept(): Promise<unknown> {
      return Promise.resolve(this.answers.accept);
    }
    close(): Promise<string> {
      return Promise.resolve(this.#secret);
    }
  }
  const observed = (server: Server, observer: EdgeObserver) =>
    observedServer(server as unknown as CiServer & { close(): Promise<string> }, observer);

  it.each([
    ['an answer', 'ping', undefined, 'ping 200'],
    ['a refusal, by its status', 'ping', new CiServerError('ping', 401, 'no'), 'ping 401'],
    ['no answer at all', 'ping', new CiServerError('ping', 0, 'none'), 'ping 0'],
    ['a claim that was lost', 'accept', { kind: 'lost' }, 'accept 409'],
    ['a claim that was won', 'accept', { kind: 'accepted' }, 'accept 200'],
  ] as const)('tells %s', async (_sentence, call, answer, want) => {
    const { reported, observer } = listener();
    const server = new Server();
    server.answers = { [call]: answer };
    const watched = observed(server, observer);

    await (call === 'ping' ? watched.ping(signal) : watched.accept(1, 'm', signal)).catch(() => undefined);

    expect(reported.calls).toEqual([want]);
  });

  it('tells nothing of a call that was aborted, nor of what is no call; and passes on what it is given', async () => {
    const { reported, observer } = listener();
    const server = new Server();
    server.answers = { ping: new Error('stopped') };
    const watched = observed(server, observer);

    await expect(watched.ping(signal)).rejects.toThrow('stopped');
    expect(await watched.close()).toBe('kept');
    expect(reported.calls).toEqual([]);
  });
});

describe('observedLogs', () => {
  async function read(text: string, clock: FakeClock): Promise<{ text: string; lags: number[] }> {
    const { reported, observer } = listener();
    const pieces = async function* (): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(Buffer.from(text));
    };
    const source: LogSource = { open: () => Promise.resolve(pieces()) };
    const stream = await observedLogs(clock, source, observer).open({
      namespace: 'n',
      pod: 'p',
      container: 'c',
      signal,
    });
    const parts: Uint8Array[] = [];
    for await (const piece of stream) parts.push(piece);
    return { text: Buffer.concat(parts).toString('utf8'), lags: reported.lags };
  }
  const clock = new FakeClock(Date.parse('2026-01-14T09:30:05Z'));

  it.each([
    ['the age of its first line, to the millisecond', '2026-01-14T09:30:03.250987654Z hello\n', [1750]],
    ['the same with whole seconds', '2026-01-14T09:30:03Z hello\n', [2000]],
    ['no negative age when clocks differ', '2026-01-14T09:30:09Z hello\n', [0]],
    ['nothing for the rest of a cut line', 'lo\n2026-01-14T09:30:03Z x\n', []],
  ])('tells for each piece %s, and leaves it as it is', async (_sentence, text, lags) => {
    expect(await read(text, clock)).toEqual({ text, lags });
  });
});

describe('observedTries', () => {
  it('counts a try under the name of its call, and nothing that it does not know', () => {
    const { reported, observer } = listener();
    const told = observedTries(observer);
    for (const call of ['accept', 'detail', 'PUT stage', 'PUT step', 'log upload', 'card upload', 'odd'])
      told(call, 401);
    expect(reported.calls).toEqual(
      ['accept', 'detail', 'updateStage', 'updateStep', 'uploadLog', 'uploadCard'].map(
        (name) => `${name} 401`,
      ),
    );
  });
});
