import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Commands, Reader } from './reader.ts';

const LAST_MS = 30_000;

let folder: string;
let reader: Reader;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hangar-docs-'));
  reader = new Reader(folder, LAST_MS);
});
afterEach(async () => {
  await reader.leave();
  rmSync(folder, { recursive: true, force: true });
});

const block = (text: string, mark: Partial<Commands['mark']> = {}): Commands => ({
  text,
  line: 7,
  mark: { kind: 'run', where: 'here', says: undefined, until: undefined, ...mark },
});

describe('Reader', () => {
  it('carries what one block exports into the next, as one terminal does', async () => {
    await reader.type(block('export GREETING="hello there"'));

    expect(await reader.type(block('echo "$GREETING"'))).toBe('hello there\n');
  });

  it('fails at the first command that fails, with its output and the place', async () => {
    const typed = reader.type(block('echo before; echo why >&2; false\necho after'));

    await expect(typed).rejects.toThrow(/line 7 ended with 1:\n(before\nwhy|why\nbefore)\n$/);
  });

  it('expects the answer that the page promises', async () => {
    await expect(reader.type(block('echo 87', { says: '87' }))).resolves.toBe('87\n');
    await expect(reader.type(block('echo 88', { says: '87' }))).rejects.toThrow('did not say "87" but:\n88');
  });

  it('keeps a continuing command running in a terminal of its own, and ends it at the end', async () => {
    await reader.type(block('echo $$ > pid; echo up; exec sleep 600', { until: 'up' }));
    const alive = () =>
      reader.type(block('if kill -0 "$(cat pid)" 2>/dev/null; then echo yes; else echo no; fi'));

    expect(await alive()).toBe('yes\n');
    await reader.leave();
    expect(await alive()).toBe('no\n');
  });

  it('fails when what should go on ends, however well', async () => {
    await expect(reader.type(block('echo bye', { until: 'up' }))).rejects.toThrow('ended with 0:\nbye');
  });

  it('times out on a command without output', async () => {
    const hasty = new Reader(folder, 200);
    await expect(hasty.type(block('sleep 600', { until: 'up' }))).rejects.toThrow('was not done after 0.2 s');
    await hasty.leave();
  });
});
