import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTrace } from '../trace/gather.ts';
import type { TraceRecord } from '../trace/pod-record.ts';
import { readTraceFile } from './trace-file.ts';
import { TraceStore } from './trace-store.ts';

const NOW = Date.parse('2026-01-14T09:30:00Z');
const DAY_MS = 86_400_000;

const record = (uid: string): TraceRecord => ({
  uid,
  job: {
    arrivedAt: NOW / 1000 - 100,
    durationSeconds: 42,
    request: { cpuMillicores: 500, memoryBytes: 2 ** 20 },
    build: 'a/b#1',
    repo: 'a/b',
  },
});

describe('the trace on the disk', () => {
  let folder: string;
  const store = (mostRecords = 1_000) => new TraceStore({ folder, retentionMs: 3 * 86_400_000, mostRecords });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-trace-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is available after a restart, with the uids, and replay reads it too', async () => {
    await store().append([record('u1'), record('u2')], NOW);

    expect(await store().load(NOW)).toEqual({ records: [record('u1'), record('u2')], problems: [] });
    expect((await readTraceFile(join(folder, 'trace-2026-01-14.jsonl'))).jobs).toEqual([
      record('').job,
      record('').job,
    ]);
  });

  it('compresses files of earlier days, and removes old ones', async () => {
    const one = store();
    await one.append([record('old')], NOW);
    await one.append([record('new')], NOW + DAY_MS);
    expect(readdirSync(folder).sort()).toEqual(['trace-2026-01-14.jsonl.gz', 'trace-2026-01-15.jsonl']);
    const packed = gunzipSync(readFileSync(join(folder, 'trace-2026-01-14.jsonl.gz'))).toString();
    expect(parseTrace(packed).jobs).toEqual([record('old').job]);
    expect((await store().load(NOW + DAY_MS)).records.map(({ uid }) => uid)).toEqual(['old', 'new']);

    await one.append([], NOW + 4 * DAY_MS);
    expect(readdirSync(folder)).toEqual(['trace-2026-01-15.jsonl.gz']);
  });

  it('moves a damaged file away, reports where, and keeps its good lines', async () => {
    await store().append([record('u1')], NOW);
    const path = join(folder, 'trace-2026-01-14.jsonl');
    appendFileSync(path, '{"arrivedAt": "half a li');

    const { records, problems } = await store().load(NOW);

    expect(records).toEqual([record('u1')]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(join(folder, 'damaged', 'trace-2026-01-14.jsonl'));
    expect(existsSync(join(folder, 'damaged', 'trace-2026-01-14.jsonl'))).toBe(true);
    expect((await store().load(NOW)).problems).toEqual([]);
    expect((await store().load(NOW)).records).toEqual([record('u1')]);
  });

  it('reads a truncated compressed file up to the truncation', async () => {
    const lines = Array.from({ length: 5_000 }, (_, nth) =>
      JSON.stringify({ arrivedAt: nth, durationSeconds: nth * 1.37, cpuMillis: nth, memoryMiB: 1 }),
    );
    const whole = gzipSync(`${lines.join('\n')}\n`);
    writeFileSync(join(folder, 'trace-2026-01-13.jsonl.gz'), whole.subarray(0, whole.length / 2));

    const { records, problems } = await store(10_000).load(NOW);

    expect(records.length).toBeGreaterThan(100);
    expect(records.length).toBeLessThan(5_000);
    expect(problems[0]).toContain('trace-2026-01-13.jsonl.gz was damaged');
  });

  it('reads at most the limit of records, the newest', async () => {
    await store().append([record('u1'), record('u2'), record('u3')], NOW);

    expect((await store(2).load(NOW)).records.map(({ uid }) => uid)).toEqual(['u2', 'u3']);
  });

  it('creates the folder with its parents', async () => {
    const deep = { folder: join(folder, 'a', 'b'), retentionMs: DAY_MS, mostRecords: 1 };

    expect(await new TraceStore(deep).load(NOW)).toEqual({ records: [], problems: [] });
    expect(readdirSync(join(folder, 'a'))).toEqual(['b']);
  });

  it.each(['file', 'file/below', '/proc/nope/below'])(
    'reports the remedy when the folder cannot be created: %s',
    async (name) => {
      writeFileSync(join(folder, 'file'), '');
      const { problems } = await new TraceStore({
        folder: resolve(folder, name),
        retentionMs: 3 * 86_400_000,
        mostRecords: 1,
      }).load(NOW);

      expect(problems[0]).toContain('HANGAR_AUTOSCALER_DATA_DIR');
    },
  );
});
