import { describe, expect, it } from 'vitest';
import { createDroneClient, type DroneClient } from './drone-http.ts';
import { stageFromWire, stepFromWire } from './drone-wire.ts';
import { ServerOutage } from './server-outage.ts';
import { InstantClock, type Play, ScriptedServer, type Seen } from './testing/scripted-server.ts';

const signal = new AbortController().signal;
const json = (value: unknown): Play => ({ status: 200, body: `${JSON.stringify(value)}\n` });
const empty: Play = { status: 200 };
const NO_ROWS: Play = { status: 500, body: 'sql: no rows in result set\n' };
const running = stageFromWire({ id: 63, build_id: 41, version: 2, status: 'running' });
const ended = { ...running, status: 'success' } as const;
const step = stepFromWire({ id: 202, step_id: 63, number: 1, name: 'test', status: 'success', version: 2 });
const lines = [{ pos: 0, out: 'a\n', time: 1 }];

interface Setup {
  readonly client: DroneClient;
  readonly server: ScriptedServer;
  readonly clock: InstantClock;
  readonly outage: ServerOutage;
  readonly told: string[];
}

async function withServer(
  answer: (seen: Seen, index: number) => Play,
  act: (setup: Setup) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.answering(answer);
  const clock = new InstantClock();
  const told: string[] = [];
  const log = {
    warn: (fields: object, text: string) => void told.push(`${text}: ${JSON.stringify(fields)}`),
    info: (fields: object, text: string) => void told.push(`${text}: ${JSON.stringify(fields)}`),
  };
  const outage = new ServerOutage(clock, log);
  const options = { baseUrl: server.url, token: 'x', skipVerify: false, dump: 'off' as const };
  const client = createDroneClient({ clock, random: () => 0.999, outage }, options);
  try {
    await act({ client, server, clock, outage, told });
  } finally {
    await client.close();
  }
}

/** The answers of an outage, over and over for so many calls, and then the good one. */
const outageOf = (calls: number, plays: readonly Play[], good: Play) => (_: Seen, index: number) =>
  index < calls ? (plays[index % plays.length] ?? 'cut') : good;

const OUTAGES: readonly [string, readonly Play[]][] = [
  ['500', [{ status: 500, body: 'sql: database is closed' }]],
  ['501', [{ status: 501 }]],
  ['401, a rotated secret', [{ status: 401 }]],
  ['403', [{ status: 403 }]],
  ['404 of an ingress without a server', [{ status: 404, body: 'default backend - 404' }]],
  ['429', [{ status: 429 }]],
  ['a page of maintenance with status 200', [{ status: 200, body: '<html></html>' }]],
  ['nothing at all', ['cut']],
  ['one after the other', [{ status: 502 }, { status: 500 }, 'cut', { status: 401 }]],
];

describe('an outage of the Drone server', () => {
  it.each(OUTAGES)('holds back the end of a stage for as long as the answer is %s', (_, plays) =>
    withServer(outageOf(60, plays, json({ id: 63, version: 3 })), async ({ client, server, clock }) => {
      const update = await client.updateStage(ended, signal);
      expect(update).toMatchObject({ kind: 'updated', value: { version: 3 } });
      expect(server.seen).toHaveLength(61);
      expect(Math.max(...clock.slept)).toBeLessThanOrEqual(30_000);
      expect(Math.max(...clock.slept)).toBeGreaterThan(29_000);
    }),
  );

  it.each(OUTAGES)('holds back the report of a step for as long as the answer is %s', (_, plays) =>
    withServer(outageOf(20, plays, json({ id: 202, version: 3 })), async ({ client }) => {
      expect(await client.updateStep(step, signal)).toMatchObject({ kind: 'updated' });
    }),
  );

  it.each(OUTAGES)('holds back a log for as long as the answer is %s', (_, plays) =>
    withServer(outageOf(20, plays, empty), async ({ client, server }) => {
      expect(await client.uploadLog(202, [lines], signal)).toBe('stored');
      expect(server.seen).toHaveLength(21);
    }),
  );

  it.each(OUTAGES)('holds back the start of a stage for as long as the answer is %s', (_, plays) =>
    withServer(outageOf(20, plays, json({ id: 63, version: 3 })), async ({ client }) => {
      expect(await client.updateStage(running, signal)).toMatchObject({ kind: 'updated' });
    }),
  );

  it.each(OUTAGES)('holds back an accept for as long as the answer is %s', (_, plays) =>
    withServer(outageOf(20, plays, json({ id: 63, version: 2 })), async ({ client }) => {
      expect(await client.accept(63, 'me', signal)).toMatchObject({ kind: 'accepted' });
    }),
  );

  it('of details only 500 and 501 are counted, of which the fourth is told', () =>
    withServer(
      (_, index) => (index < 9 ? { status: 502 } : { status: 500, body: 'git is down' }),
      async ({ client, server }) => {
        await expect(client.detail(63, signal)).rejects.toThrow('git is down');
        expect(server.seen).toHaveLength(13);
      },
    ));

  it('a card is sent for as long, too', () =>
    withServer(outageOf(20, [{ status: 500 }, { status: 401 }], empty), async ({ client, server }) => {
      await client.uploadCard(202, { schema: 's', data: 1 }, signal);
      expect(server.seen).toHaveLength(21);
    }));

  it('ends in the middle of a pause when the process goes', () =>
    withServer(
      () => ({ status: 500 }),
      async ({ client, server, clock }) => {
        const going = new AbortController();
        const reporting = client.updateStage(ended, going.signal);
        await server.asked(3);
        going.abort(new Error('handed over'));
        await expect(reporting).rejects.toThrow('handed over');
        expect(clock.slept.length).toBeGreaterThan(1);
      },
    ));

  it.each([400, 413])('a %d is no outage: a step, a log and a card are refused for good', (status) =>
    withServer(
      () => ({ status }),
      async ({ client, server }) => {
        await expect(client.updateStep(step, signal)).rejects.toMatchObject({ status });
        await expect(client.uploadLog(202, [lines], signal)).rejects.toMatchObject({ status });
        const card = { schema: 's', data: 1 };
        await expect(client.uploadCard(202, card, signal)).rejects.toMatchObject({ status });
        expect(server.seen).toHaveLength(3);
      },
    ),
  );

  it('the end of a stage has no permanent refusal: a proxy may say 400', () =>
    withServer(outageOf(20, [{ status: 400 }, { status: 413 }], json({ version: 3 })), async ({ client }) => {
      expect(await client.updateStage(ended, signal)).toMatchObject({ kind: 'updated' });
    }));

  it('an accept of which a 500 came may have been carried out: the detail tells whose it is', () =>
    withServer(
      (_, index) =>
        [{ status: 500 }, { status: 409 }, json({ stage: { id: 63, machine: 'me' } })][index] ?? 'cut',
      async ({ client }) => {
        expect(await client.accept(63, 'me', signal)).toMatchObject({ kind: 'accepted' });
      },
    ));

  it('a log is there already only where the server says so, not because it is down after a lost answer', () =>
    withServer(
      outageOf(6, [{ status: 502 }, { status: 500, body: 'database is closed' }], empty),
      async ({ client }) => {
        expect(await client.uploadLog(202, [lines], signal)).toBe('stored');
      },
    ));
});

describe('what is said of an outage', () => {
  it('is told try by try to who counts, while the call goes on', async () => {
    const plays: readonly Play[] = [
      { status: 500 },
      { status: 401 },
      'cut',
      { status: 200, body: '<html></html>' },
    ];
    await using server = await ScriptedServer.answering(outageOf(4, plays, json({ version: 3 })));
    const tries: string[] = [];
    const retried = (call: string, status: number): void => void tries.push(`${call} ${status}`);
    const client = createDroneClient(
      { clock: new InstantClock(), random: () => 0.5, retried },
      { baseUrl: server.url, token: 'x', skipVerify: false, dump: 'off' },
    );
    await client.updateStage(ended, signal);
    await client.close();
    expect(tries).toEqual(['PUT stage 500', 'PUT stage 401', 'PUT stage 0', 'PUT stage 0']);
  });

  it('is said once, and once that it is over, not per try', () =>
    withServer(outageOf(40, [{ status: 500 }], json({ version: 3 })), async ({ client, outage, told }) => {
      expect(outage.now).toBeUndefined();
      await client.updateStage(ended, signal);
      expect(outage.now).toBeUndefined();
      expect(told).toHaveLength(2);
      expect(told[0]).toMatch(/calls to the Drone server fail.*status 500/);
      expect(told[1]).toMatch(/accepts calls again/);
    }));

  it('is said again when the reason is another one', () =>
    withServer(
      (_, index) => (index < 10 ? { status: 500 } : index < 20 ? { status: 401 } : json({ version: 3 })),
      async ({ client, told }) => {
        await client.updateStage(ended, signal);
        expect(told.map((text) => /status \d+|again/.exec(text)?.[0])).toEqual([
          'status 500',
          'status 401',
          'again',
        ]);
      },
    ));

  it('tells since when and why while it lasts, also of a call that the process leaves', () =>
    withServer(
      () => ({ status: 500 }),
      async ({ client, server, outage }) => {
        const going = new AbortController();
        const sinceMs = Date.parse('2026-01-14T09:30:00Z');
        const reporting = client.updateStage(ended, going.signal);
        await server.asked(2);
        expect(outage.now).toMatchObject({ reason: 'status 500', sinceMs });
        going.abort(new Error('handed over'));
        await expect(reporting).rejects.toThrow('handed over');
        expect(outage.now).toBeUndefined();
      },
    ));
});

describe('a stage that the server does not know', () => {
  const isPing = ({ url }: Seen): boolean => url.endsWith('/ping');

  it('is told after three such answers over five minutes, while pings are answered', () =>
    withServer(
      (seen) => (isPing(seen) ? empty : NO_ROWS),
      async ({ client, server, clock }) => {
        const fromMs = clock.now();
        await expect(client.updateStage(ended, signal)).rejects.toMatchObject({ status: 500, unknown: true });
        expect(clock.now() - fromMs).toBeGreaterThanOrEqual(300_000);
        expect(server.seen.filter((seen) => !isPing(seen)).length).toBeGreaterThanOrEqual(3);
      },
    ));

  it.each<[string, (seen: Seen, index: number) => Play]>([
    ['pings fail', (seen) => (isPing(seen) ? { status: 500 } : NO_ROWS)],
    [
      'another 500 comes now and then',
      (seen, i) => (isPing(seen) ? empty : i % 7 === 0 ? { status: 500 } : NO_ROWS),
    ],
    [
      'the text is only a part of what it says',
      (seen) => (isPing(seen) ? empty : { status: 500, body: 'pq: sql: no rows in result set' }),
    ],
  ])('is an outage where %s', (_, answer) =>
    withServer(
      (seen, index) => (index < 200 ? answer(seen, index) : json({ version: 3 })),
      async ({ client, clock }) => {
        const fromMs = clock.now();
        expect(await client.updateStage(ended, signal)).toMatchObject({ kind: 'updated' });
        expect(clock.now() - fromMs).toBeGreaterThan(600_000);
      },
    ),
  );

  it('is no longer on offer where it was never accepted: nothing is asked twice', () =>
    withServer(
      () => NO_ROWS,
      async ({ client, server }) => {
        await expect(client.accept(63, 'me', signal)).rejects.toThrow('no rows');
        expect(server.seen).toHaveLength(1);
      },
    ));
});
