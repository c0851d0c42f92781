import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { Connection, type Outage, reachable } from './outage.ts';

/** A port that answers at once, and has a stream that stays open. */
function portOf(of: Outage['of'], outage?: Outage) {
  const clock = new FakeClock();
  const connection = new Connection(clock, outage);
  const server = {
    read: () => Promise.resolve('answer'),
    async *watch() {
      yield await Promise.resolve('event');
      await new Promise(() => undefined);
    },
  };
  const ends: string[] = [];
  const port = reachable(clock, of, server, connection);
  const read = (): void =>
    void port.read().then(
      (answer) => ends.push(answer),
      () => ends.push('no answer'),
    );
  const watch = async (): Promise<void> => {
    try {
      for await (const event of port.watch()) ends.push(event);
    } catch {
      ends.push('broken');
    }
  };
  return { clock, connection, ends, read, watch };
}

describe('a connection that is interrupted for a second', () => {
  it('to the API server: calls and open streams fail, and work again afterwards', async () => {
    const { clock, connection, ends, read, watch } = portOf('cluster');
    void watch();
    await settle();
    connection.interruptFor(1_000);
    read();
    await settle();
    expect(ends.splice(0).sort()).toEqual(['broken', 'event', 'no answer']);
    await clock.step(1_000);
    read();
    void watch();
    await settle();
    expect(ends.sort()).toEqual(['answer', 'event']);
  });

  it('to the Drone server: calls are repeated until it is back, as by its client', async () => {
    const { clock, connection, ends, read } = portOf('drone');
    connection.interruptFor(1_000);
    read();
    await clock.step(999);
    expect(ends).toEqual([]);
    await clock.step(1);
    expect(ends).toEqual(['answer']);
  });

  it('is not interrupted before an outage begins', async () => {
    const { clock, ends, read } = portOf('cluster', { of: 'cluster', fromMs: 10, lastsMs: 1_000 });
    read();
    await clock.step(10);
    read();
    await settle();
    expect(ends).toEqual(['answer', 'no answer']);
  });
});
