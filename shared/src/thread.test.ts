import { describe, expect, it } from 'vitest';
import { Child } from './testing/child-process.ts';

const STARTER = new URL('./thread.ts', import.meta.url).href;
const THREAD = new URL('./testing/echo-thread.ts', import.meta.url).href;

describe('startThread', { timeout: 30_000 }, () => {
  it('lets a thread load our packages from their sources, in a process that was started without any option', async () => {
    const script = `
      const { startThread } = await import(${JSON.stringify(STARTER)});
      const thread = startThread(new URL(${JSON.stringify(THREAD)}), { workerData: 'ready' });
      thread.on('message', (text) => console.log(text));
    `;
    const child = new Child(process.execPath, ['--input-type=module', '-e', script], { env: {} });
    expect(await child.exit, child.said).toEqual({ code: 0, signal: null });
    expect(child.out).toBe('ready\n');
  });
});
