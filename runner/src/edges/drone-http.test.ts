import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { CiServerError, TOO_LARGE_FOR_DATABASE } from '../ports/ci-server.ts';
import { createDroneClient, type DroneClient } from './drone-http.ts';
import { stageFromWire, stepFromWire } from './drone-wire.ts';
import { InstantClock, type Play, ScriptedServer } from './testing/scripted-server.ts';

const TOKEN = 'very-secret-token';
const json = (value: unknown): Play => ({ status: 200, body: `${JSON.stringify(value)}\n` });
const empty: Play = { status: 200 };
const lock: Play = { status: 500, body: '1 error occurred:\n\t* Optimistic Lock Error\n\n' };
const page: Play = {
  status: 200,
  body: '<!DOCTYPE html><html></html>',
  headers: { 'content-type': 'text/html' },
};
const stage = stageFromWire({ id: 63, build_id: 41, version: 2, status: 'running' });
const step = stepFromWire({ id: 202, step_id: 63, number: 1, name: 'test', status: 'success', version: 2 });
const signal = new AbortController().signal;

/** A client of a server with scripted answers, and what the client did. */
async function withPlays(
  plays: readonly Play[],
  act: (client: DroneClient, server: ScriptedServer, clock: InstantClock) => Promise<void>,
): Promise<void> {
  await using server = await ScriptedServer.playing(...plays);
  const clock = new InstantClock();
  const options = { baseUrl: `${server.url}//`, token: TOKEN, skipVerify: false, dump: 'off' as const };
  const client = createDroneClient({ clock, random: () => 0.5 }, options);
  try {
    await act(client, server, clock);
  } finally {
    await client.close();
  }
}

describe('the length of details', () => {
  const LIMIT = 1024 * 1024;
  const detailOf = (yamlBytes: number, params: object = {}): Play =>
    json({
      stage: { id: 63, name: 'default' },
      build: { id: 41, params },
      config: { data: Buffer.alloc(yamlBytes, 'a').toString('base64') },
      repository: { slug: 'acme/widget' },
    });

  it.each([
    ['of the limit is read whole', LIMIT, LIMIT],
    ['of 6 MiB is cut while it is read, and still too large', 6 * LIMIT, LIMIT + 4],
  ])('a pipeline file %s; what follows it is there', (_, bytes, want) =>
    withPlays([detailOf(bytes)], async (client) => {
      const detail = await client.detail(63, signal);
      expect(detail.yaml.length).toBeGreaterThanOrEqual(want);
      expect(detail.yaml.length).toBeLessThanOrEqual(want + 3);
      expect(detail.repo.slug).toBe('acme/widget');
    }),
  );

  const some = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, nth) => [`v${nth}`, 'x'.repeat(LIMIT)]));

  it('has room for 4 MiB beside the file', () =>
    withPlays([detailOf(LIMIT, some(3))], async (client) => {
      expect(Object.keys((await client.detail(63, signal)).build.params)).toHaveLength(3);
    }));

  it('is refused beyond that, once and for all', () =>
    withPlays([detailOf(LIMIT, some(5))], async (client, server) => {
      await expect(client.detail(63, signal)).rejects.toMatchObject({ call: 'detail', status: 413 });
      expect(server.seen).toHaveLength(1);
    }));
});

it.each([
  ['is read', 3, true],
  ['is not read', 5, false],
])('an answer of another call %s with %i MiB', (_, mebibytes, isRead) =>
  withPlays([json({ id: 63, name: 'x'.repeat(mebibytes * 1024 * 1024) })], async (client) => {
    const asked = client.request({ kind: 'pipeline', type: 'kubernetes', labels: {} }, signal);
    await (isRead
      ? expect(asked).resolves.toMatchObject({ id: 63 })
      : expect(asked).rejects.toThrow('longer than 4194304 bytes'));
  }),
);

describe('ping', () => {
  it('posts the token to the address without its trailing slashes', () =>
    withPlays([empty], async (client, server) => {
      await client.ping(signal);
      expect(server.seen).toMatchObject([
        { method: 'POST', url: '/rpc/v2/ping', body: '', headers: { 'x-drone-token': TOKEN } },
      ]);
    }));

  it.each<[string, Play, RegExp]>([
    ['a wrong secret', { status: 401 }, /rejects the secret.*DRONE_RPC_SECRET must be the same/],
    ['a server without secret', { status: 403 }, /started without DRONE_RPC_SECRET/],
    ['an unknown path', { status: 404, body: '404 page not found' }, /no runner API.*DRONE_RPC_HOST/],
    ['the web page of a wrong prefix', page, /web page.*DRONE_RPC_HOST or DRONE_RPC_PROTO/],
    [
      'text instead of an empty answer',
      { status: 200, body: 'pong' },
      /the response has an unexpected body.*DRONE_RPC_HOST/,
    ],
    [
      'a redirect to https',
      { status: 301, headers: { location: 'https://x/' } },
      /https:\/\/x\/.*DRONE_RPC_PROTO/,
    ],
    ['no connection', 'cut', /no answer from http/],
  ])('states the remedy for %s, after one try', (_, play, want) =>
    withPlays([play], async (client, server) => {
      await expect(client.ping(signal)).rejects.toThrow(want);
      expect(server.seen).toHaveLength(1);
    }),
  );

  it('never quotes the token, even if a server does', () =>
    withPlays([{ status: 400, body: `you said ${TOKEN}` }], async (client) => {
      await expect(client.ping(signal)).rejects.toThrow('you said [redacted]');
    }));
});

describe('request', () => {
  const filter = { kind: 'pipeline', type: 'kubernetes', labels: { pool: 'large' } } as const;

  it('gives the offered stage', () =>
    withPlays([json({ id: 63, version: 1, labels: { pool: 'large' } })], async (client, server) => {
      expect(await client.request(filter, signal)).toMatchObject({
        id: 63,
        version: 1,
        labels: { pool: 'large' },
      });
      expect(JSON.parse(server.seen[0]?.body ?? '')).toMatchObject({ labels: { pool: 'large' }, os: '' });
      expect(server.seen[0]?.headers['content-type']).toBe('application/json');
    }));

  it.each<[string, Play]>([
    ['204: the window ended', { status: 204 }],
    ['a stage without id', json({ id: 0 })],
  ])('gives nothing, without any pause, after %s', (_, play) =>
    withPlays([play], async (client, _server, clock) => {
      expect(await client.request(filter, signal)).toBeUndefined();
      expect(clock.slept).toEqual([]);
    }),
  );

  it('passes on the Retry-After of a busy server', () =>
    withPlays([{ status: 429, headers: { 'retry-after': '7' } }], async (client) => {
      await expect(client.request(filter, signal)).rejects.toMatchObject({
        status: 429,
        retryAfterMs: 7_000,
      });
    }));

  it('known issue 61: gives up a half-open connection after 60 s, by the clock', async () => {
    await using server = await ScriptedServer.playing('hang');
    const clock = new FakeClock();
    const client = createDroneClient(
      { clock, random: Math.random },
      { baseUrl: server.url, token: TOKEN, skipVerify: false, dump: 'off' },
    );
    const polling = client.request(filter, signal).catch((error: unknown) => error);
    await server.asked(1);
    await clock.step(59_999);
    expect(await Promise.race([polling, settle().then(() => 'still waiting')])).toBe('still waiting');
    await clock.step(1);
    expect(await polling).toMatchObject({ status: 0, message: expect.stringContaining('60 s') as string });
    await client.close();
  });
});

describe('close', () => {
  it('ends a poll that still hangs', () =>
    withPlays(['hang'], async (client, server) => {
      const polling = client.request({ kind: 'pipeline', type: 'kubernetes', labels: {} }, signal);
      const ended = expect(polling).rejects.toMatchObject({ name: 'CiServerError', status: 0 });
      await server.asked(1);
      await client.close();
      await ended;
    }));
});

describe('accept', () => {
  it('claims the stage under the machine', () =>
    withPlays([json({ id: 63, version: 2, machine: 'a b' })], async (client, server) => {
      const got = await client.accept(63, 'a b', signal);
      expect(got).toEqual({ kind: 'accepted', stage: { id: 63, version: 2, machine: 'a b' } });
      expect(server.seen[0]).toMatchObject({
        method: 'POST',
        url: '/rpc/v2/stage/63?machine=a%20b',
        body: '',
      });
    }));

  it('takes a 409 as lost', () =>
    withPlays([{ status: 409 }], async (client, server) => {
      expect(await client.accept(63, 'me', signal)).toEqual({ kind: 'lost' });
      expect(server.seen).toHaveLength(1);
    }));

  it.each([
    ['ours, where the detail names our machine', { machine: 'me', status: 'pending' }, 'accepted'],
    ['lost, where it names another', { machine: 'other', status: 'pending' }, 'lost'],
    ['lost, where our stage runs: it was accepted long before', { machine: 'me', status: 'running' }, 'lost'],
    ['lost, where our stage is over', { machine: 'me', status: 'success' }, 'lost'],
  ])('known issue 18: a 409 after a lost answer is %s', (_, stage, want) =>
    withPlays(
      ['cut', { status: 409 }, json({ stage: { id: 63, version: 2, ...stage } })],
      async (client, server) => {
        expect(await client.accept(63, 'me', signal)).toMatchObject({ kind: want });
        expect(server.seen.map((one) => one.method)).toEqual(['POST', 'POST', 'GET']);
      },
    ),
  );

  it('does not repeat a 500: the stage is offered again', () =>
    withPlays([{ status: 500, body: 'sql: no rows in result set' }], async (client, server) => {
      await expect(client.accept(63, 'me', signal)).rejects.toThrow('500 sql: no rows');
      expect(server.seen).toHaveLength(1);
    }));
});

describe('detail', () => {
  it('known issue 18: is retried three times after a 500', () =>
    withPlays([{ status: 500, body: 'git is down' }], async (client, server, clock) => {
      await expect(client.detail(63, signal)).rejects.toThrow('git is down');
      expect(server.seen).toHaveLength(4);
      expect(clock.slept).toEqual([500, 1_000, 2_000]);
    }));

  it('is not retried after a 500 if the caller does that, but still while a proxy answers', () =>
    withPlays([{ status: 502 }, { status: 500, body: 'git is down' }], async (client, server, clock) => {
      await expect(client.detail(63, signal, { isRepeated: false })).rejects.toThrow('git is down');
      expect([server.seen.length, clock.slept]).toEqual([2, [500]]);
    }));

  it('is retried as long as a proxy answers 502 to 524, or there is no answer', () =>
    withPlays(
      [
        ...Array.from({ length: 6 }, (): Play => ({ status: 502 })),
        { status: 524 },
        'cut',
        json({ stage: { id: 63 } }),
      ],
      async (client, _server, clock) => {
        expect((await client.detail(63, signal)).stage.id).toBe(63);
        expect(clock.slept).toEqual([500, 1e3, 2e3, 4e3, 8e3, 15e3, 15e3, 15e3]);
      },
    ));

  it('waits for the Retry-After of a 429', () =>
    withPlays(
      [{ status: 429, headers: { 'retry-after': '12' } }, json({})],
      async (client, _server, clock) => {
        await client.detail(63, signal);
        expect(clock.slept).toEqual([12_000]);
      },
    ));

  it('known issue 61: a pause ends at once with the reason of the signal', async () => {
    await using server = await ScriptedServer.playing({ status: 503 });
    const clock = new FakeClock();
    const stop = new AbortController();
    const client = createDroneClient(
      {
        clock,
        random: () => 0.5,
        log: { warn: () => stop.abort(new Error('stopped')), info: () => undefined },
      },
      { baseUrl: server.url, token: TOKEN, skipVerify: false, dump: 'off' },
    );
    await expect(client.detail(63, stop.signal)).rejects.toThrow('stopped');
    expect(server.seen).toHaveLength(1);
    await client.close();
  });
});

describe('updates', () => {
  it('send all fields and return the new version', () =>
    withPlays([json({ id: 63, version: 3, steps: [{ id: 201, number: 1 }] })], async (client, server) => {
      const got = await client.updateStage(stage, signal);
      expect(got).toMatchObject({ kind: 'updated', value: { version: 3, steps: [{ id: 201 }] } });
      expect(server.seen[0]).toMatchObject({ method: 'PUT', url: '/rpc/v2/stage/63' });
      expect(Object.keys(JSON.parse(server.seen[0]?.body ?? '') as object)).toHaveLength(28);
    }));

  it.each<[string, readonly Play[], boolean]>([
    ['a 409', [{ status: 409, body: 'Optimistic Lock Error' }], false],
    ['a 500 that speaks of the lock', [lock], false],
    ['a 409 after a lost answer', ['cut', { status: 409 }], true],
    ['a 409 after a 502', [{ status: 502 }, { status: 409 }], true],
    ['a 409 after half an answer', [{ status: 200, body: '{"id":63,' }, { status: 409 }], true],
    [
      'a 409 after a 500 that may have raised the version',
      [{ status: 500, body: 'disk full' }, { status: 409 }],
      true,
    ],
    ['a 409 after a 429, which wrote nothing', [{ status: 429 }, { status: 409 }], false],
  ])('take %s as a conflict', (_, plays, afterLostAnswer) =>
    withPlays(plays, async (client, server) => {
      expect(await client.updateStep(step, signal)).toEqual({ kind: 'conflict', afterLostAnswer });
      expect(server.seen).toHaveLength(plays.length);
    }),
  );

  it('known issue 18: a first update with a 500 is retried', () =>
    withPlays([{ status: 500, body: 'database is locked' }, json({ version: 3 })], async (client) => {
      expect(await client.updateStage(stage, signal)).toMatchObject({
        kind: 'updated',
        value: { version: 3 },
      });
    }));

  it('a 400 is final', () =>
    withPlays([{ status: 400, body: 'no' }], async (client, server) => {
      await expect(client.updateStage(stage, signal)).rejects.toBeInstanceOf(CiServerError);
      expect(server.seen).toHaveLength(1);
    }));
});

describe('watch', () => {
  it.each<[string, Play, string]>([
    ['cancelled after 200', empty, 'cancelled'],
    ['known issue 15: quiet after 204, without any pause', { status: 204 }, 'quiet'],
    [
      'known issue 16: quiet after the 500 of servers with Redis',
      { status: 500, body: 'redis: nil' },
      'quiet',
    ],
  ])('is %s', (_, play, want) =>
    withPlays([play], async (client, _server, clock) => {
      expect(await client.watch(41, signal)).toBe(want);
      expect(clock.slept).toEqual([]);
    }),
  );

  it.each<[string, Play, number]>([
    ['another 500', { status: 500, body: 'oops' }, 500],
    ['a 401', { status: 401 }, 401],
    ['a web page, which is no cancel', page, 200],
    ['a broken connection', 'cut', 0],
  ])('known issue 16: %s is an error that the caller can go on after', (_, play, status) =>
    withPlays([play], async (client) => {
      await expect(client.watch(41, signal)).rejects.toMatchObject({ name: 'CiServerError', status });
    }),
  );
});

describe('logs and cards', () => {
  const lines = [{ pos: 0, out: 'a\n', time: 1.7 }];

  it('a batch is tried once', () =>
    withPlays([{ status: 500, body: 'stream: not found' }], async (client, server) => {
      await expect(client.sendLines(202, lines, signal)).rejects.toThrow('stream: not found');
      expect(server.seen).toMatchObject([
        { url: '/rpc/v2/step/202/logs/batch', body: '[{"pos":0,"out":"a\\n","time":1}]' },
      ]);
    }));

  it('an empty log is sent as an empty array', () =>
    withPlays([empty], async (client, server) => {
      expect(await client.uploadLog(202, [], signal)).toBe('stored');
      expect(server.seen[0]?.body).toBe('[]');
    }));

  it('a log in parts is sent as one array, generated again for each try', () =>
    withPlays(['cut', { status: 502 }, empty], async (client, server) => {
      const parts = [[], lines, [], [...lines, ...lines], []];

      expect(await client.uploadLog(202, parts, signal)).toBe('stored');
      expect(server.seen.slice(1).map(({ body }) => JSON.parse(body) as unknown)).toEqual(
        [0, 1].map(() => [0, 1, 2].map(() => ({ pos: 0, out: 'a\n', time: 1 }))),
      );
    }));

  it.each<[string, readonly Play[], number]>([
    [
      'a 500 about the row after a lost answer',
      ['cut', { status: 500, body: 'pq: duplicate key value violates unique constraint "logs_pkey"' }],
      2,
    ],
    ['a 500 that speaks of the row', [{ status: 500, body: 'UNIQUE constraint failed: logs.log_id' }], 1],
  ])('%s means that the log is stored already', (_, plays, tries) =>
    withPlays(plays, async (client, server) => {
      expect(await client.uploadLog(202, [lines], signal)).toBe('exists');
      expect(server.seen).toHaveLength(tries);
    }),
  );

  it.each([
    "Error 1406: Data too long for column 'log_data' at row 1",
    'packet for query is too large. Try adjusting the `Config.MaxAllowedPacket`',
    'Error 1153: Got a packet bigger than max_allowed_packet bytes',
    'string or blob too big',
  ])('a 500 of a database that can’t take so much is final: %s', (body) =>
    withPlays([{ status: 500, body }], async (client, server) => {
      await expect(client.uploadLog(202, [lines], signal)).rejects.toThrow(TOO_LARGE_FOR_DATABASE);
      expect(server.seen).toHaveLength(1);
    }),
  );

  it('any other 500 is retried until the log is stored, also after a lost answer', () =>
    withPlays(
      ['cut', ...Array.from({ length: 9 }, (): Play => ({ status: 500, body: 'disk full' })), empty],
      async (client, server) => {
        expect(await client.uploadLog(202, [lines], signal)).toBe('stored');
        expect(server.seen).toHaveLength(11);
      },
    ));

  it.each<[string, Play]>([
    ['stored', empty],
    ['unknown to old servers', { status: 404, body: '404 page not found' }],
  ])('a card is done when it is %s', (_, play) =>
    withPlays([play], async (client, server) => {
      await client.uploadCard(202, { schema: 'https://x/card.json', data: { coverage: 81 } }, signal);
      expect(server.seen[0]?.body).toBe('{"schema":"https://x/card.json","data":{"coverage":81}}');
    }),
  );
});

describe('the dump', () => {
  it('known issue 57: shows neither token nor secrets, at no level', async () => {
    const answer = {
      repository: { slug: 'acme/widget', secret: 'repo-key' },
      secrets: [{ name: 'a', data: 'hidden-value' }],
      netrc: { password: 'hidden-password' },
      stage: { id: 63 },
    };
    await using server = await ScriptedServer.playing(json(answer));
    const printed: string[] = [];
    const client = createDroneClient(
      { clock: new InstantClock(), random: () => 0, dump: (text) => printed.push(text) },
      { baseUrl: server.url, token: TOKEN, skipVerify: false, dump: 'bodies' },
    );

    const detail = await client.detail(63, signal);

    expect(detail.secrets[0]?.data).toBe('hidden-value');
    expect(printed.join('\n')).toMatch(
      /GET .*\/rpc\/v2\/stage\/63[\s\S]*x-drone-token: \[redacted\][\s\S]*acme\/widget/,
    );
    expect(printed.join('\n')).not.toMatch(/very-secret-token|repo-key|hidden-/);
    await client.close();
  });

  it('without bodies shows headers only', async () => {
    await using server = await ScriptedServer.playing({ status: 401, body: 'go away' });
    const printed: string[] = [];
    const client = createDroneClient(
      { clock: new InstantClock(), random: () => 0, dump: (text) => printed.push(text) },
      { baseUrl: server.url, token: TOKEN, skipVerify: false, dump: 'heads' },
    );
    await expect(client.ping(signal)).rejects.toThrow('401');
    expect(printed).toHaveLength(2);
    expect(printed[1]).toMatch(/^< 401\n/);
    expect(printed[1]).not.toContain('go away');
    await client.close();
  });
});
