import { describe, expect, it } from 'vitest';
import { createAgent, DIRECT, type Proxies } from './http-agent.ts';
import { httpCall } from './http-call.ts';
import { InstantClock, ScriptedServer } from './testing/scripted-server.ts';

async function bodyVia(url: string, proxies: Proxies): Promise<string> {
  const dispatcher = createAgent({ url, proxies });
  const call = { method: 'GET', url, headers: {}, timeoutMs: 60_000 } as const;
  const outcome = await httpCall({ clock: new InstantClock(), dispatcher }, call);
  await dispatcher.destroy();
  return outcome.kind === 'answer' ? outcome.body.toString() : outcome.reason;
}

describe('proxies', () => {
  it.each([
    ['http goes by http_proxy', 'http', {}, 'proxy'],
    ['nothing set: direct', 'none', {}, 'target'],
    ['https_proxy says nothing about http', 'https', {}, 'target'],
    ['no_proxy keeps a host out', 'http', { no: '127.0.0.1' }, 'target'],
    ['no_proxy of another host does not', 'http', { no: 'example.test' }, 'proxy'],
  ] as const)('%s', async (_, which, changes, want) => {
    await using target = await ScriptedServer.playing({ status: 200, body: 'target' });
    await using proxy = await ScriptedServer.playing({ status: 200, body: 'proxy' });
    const proxies = { ...DIRECT, ...(which === 'none' ? {} : { [which]: proxy.url }), ...changes };
    expect(await bodyVia(`${target.url}/x`, proxies)).toBe(want);
    expect(want === 'proxy' ? proxy.seen[0]?.url : target.seen[0]?.url).toMatch(/\/x$/);
  });
});

describe('httpCall', () => {
  const clock = new InstantClock();
  const dispatcher = createAgent({ url: 'http:' });
  const call = (url: string, limitBytes?: number) =>
    httpCall(
      { clock, dispatcher },
      { method: 'GET', url, headers: {}, timeoutMs: 1, ...(limitBytes ? { limitBytes } : {}) },
    );

  it('tells what was never sent from what may have been acted on', async () => {
    const gone = await ScriptedServer.playing('cut');
    const url = gone.url;
    expect(await call(url)).toMatchObject({ kind: 'none', sent: true });
    await gone[Symbol.asyncDispose]();
    expect(await call(url)).toMatchObject({ kind: 'none', sent: false });
  });

  it('reads no more than it is told to', async () => {
    await using server = await ScriptedServer.playing({ status: 200, body: 'x'.repeat(100) });
    expect(await call(server.url, 99)).toMatchObject({
      kind: 'none',
      reason: 'the answer is longer than 99 bytes',
    });
    expect(await call(server.url, 100)).toMatchObject({ kind: 'answer' });
  });

  it('takes an address that is none for a call that was never sent', async () => {
    expect(await call('http://[')).toMatchObject({ kind: 'none' });
  });
});
