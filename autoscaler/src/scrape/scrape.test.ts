import { parseExposition } from '@hangar/shared/exposition/parse';
import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { parseRunnerService, parseRunnerUrl, targetsOf } from '../capacity/targets.ts';
import { aStageAhead, aWaitingStage } from '../testing/demand-stages.ts';
import type { MetricsSource, TargetAnswer } from './metrics-source.ts';
import { demandOfTarget } from './read-demand.ts';
import { RunnerBook } from './runner-book.ts';
import { readRunner } from './runner-reading.ts';
import { scrape } from './scrape.ts';

const states = (waiting: number | string, running: number | string): string =>
  [
    `hangar_runner_stages{state="waiting"} ${waiting}`,
    'hangar_runner_stages{state="starting"} 1',
    `hangar_runner_stages{state="running"} ${running}`,
    ...['waiting', 'starting'].flatMap((state) => [
      `hangar_runner_requested_cpu_cores{state="${state}"} 0`,
      `hangar_runner_requested_memory_bytes{state="${state}"} 0`,
    ]),
    'hangar_runner_requested_cpu_cores{state="running"} 2.5',
    'hangar_runner_requested_memory_bytes{state="running"} 1024',
    'hangar_runner_capacity_pipelines 100',
    'hangar_runner_builds_total{event="push"} 12',
    '',
  ].join('\n');
const read = (text: string) => readRunner('http://r', parseExposition(text));

describe("a runner's metrics", () => {
  it('contain stages by state, capacity and counters', () => {
    const { reading, problems } = read(states(3, 2));

    expect(problems).toEqual([]);
    expect(reading.states).toEqual({
      waiting: { stages: 3, cpuMillicores: 0, memoryBytes: 0 },
      starting: { stages: 1, cpuMillicores: 0, memoryBytes: 0 },
      running: { stages: 2, cpuMillicores: 2500, memoryBytes: 1024 },
    });
    expect(reading.capacityPipelines).toBe(100);
    expect([...reading.counters]).toEqual([['hangar_runner_builds_total{event="push"}', 12]]);
  });

  it.each([
    ['NaN', 'NaN'],
    ['negative', '-1'],
    ['infinite', '+Inf'],
    ['huge', '1e300'],
    ['a fraction of a stage', '2.5'],
  ])('that are %s are dropped and reported', (_word, value) => {
    const { reading, problems } = read(states(value, 2));

    expect(reading.states).toBeUndefined();
    expect(problems[0]?.problem).toContain('hangar_runner_stages is');
    expect(problems[0]?.cure).not.toBe('');
  });

  const cpu = 'hangar_runner_requested_cpu_cores{state="running"}';

  it.each([
    ['without the CPU', `${cpu} 2.5\n`, ''],
    ['with a CPU that is no number', `${cpu} 2.5\n`, `${cpu} NaN\n`],
    ['with several series of the CPU', `${cpu} 2.5\n`, `${cpu} 2.5\n${cpu.replace('}', ',pod="b"}')} 1\n`],
  ])('%s of a state have no request there, rather than one of memory alone, and report it', (_, was, is) => {
    const { reading, problems } = read(states(3, 2).replace(was, is));

    expect(reading.states?.running).toEqual({ stages: 2, cpuMillicores: 0, memoryBytes: 0 });
    expect(problems.at(-1)?.problem).toMatch(/requested_cpu_cores or .* is missing or invalid for running$/);
  });

  it('without the CPU of a state that has no stage are complete', () => {
    expect(read(states(3, 0).replace(`${cpu} 2.5\n`, '')).problems).toEqual([]);
  });

  it('of several runners in one answer are no reading: no number is taken for the other', () => {
    const { reading, problems } = read(`${states(3, 2)}hangar_runner_stages{state="running",pod="b"} 1\n`);

    expect(reading.states).toBeUndefined();
    expect(problems[0]?.problem).toBe('hangar_runner_stages has several series for running');
  });

  it('of another program are no reading', () => {
    const { reading, problems } = read('up 1\n');

    expect(reading.states).toBeUndefined();
    expect(problems[0]?.problem).toBe('hangar_runner_stages is missing or invalid');
  });
});

/** What an older runner doesn't say of a stage. */
const UNTOLD = { stageName: '', buildId: 0, buildNumber: 0, event: '' };

describe("a runner's demand", () => {
  const stage = { stageId: 7, repo: 'a/b', reason: 'quota', pod: '', since: '2026-01-14T09:30:00.000Z' };

  it('contains stages without a Pod', () => {
    const body = JSON.stringify({ waiting: [{ ...stage, cpuMillicores: 500, memoryBytes: 1024 }] });

    expect(demandOfTarget('r', body)).toEqual({
      stages: [
        aWaitingStage(7, {
          ...UNTOLD,
          repo: 'a/b',
          reason: 'quota',
          pod: '',
          sinceMs: 1_768_383_000_000,
          request: { cpuMillicores: 500, memoryBytes: 1024 },
          phase: '',
        }),
      ],
      ahead: [],
      problems: [],
    });
  });

  it('contains stages that are still to start, and when, where that is known', () => {
    const ahead = [
      { stageId: 8, repo: 'a/b', expectedAt: '2026-01-14T09:30:00.000Z', cpuMillicores: null },
      { stageId: 9, repo: 'a/b', expectedAt: null },
    ];

    expect(demandOfTarget('r', JSON.stringify({ waiting: [], ahead }))).toEqual({
      stages: [],
      ahead: [
        { ...aStageAhead(8, 1_768_383_000_000), ...UNTOLD, waitsFor: [] },
        { ...aStageAhead(9, undefined), ...UNTOLD, waitsFor: [] },
      ],
      problems: [],
    });
  });

  it.each([
    ['entries that are no stages', [5, { stageId: 'x' }], '2 entries of GET /demand are invalid'],
    ['no list', 'soon', '1 entries of GET /demand are invalid'],
  ])('with %s ahead reports that, and uses the rest', (_sentence, ahead, want) => {
    const { stages, problems } = demandOfTarget('r', JSON.stringify({ waiting: [stage], ahead }));

    expect([stages?.length, problems[0]?.problem]).toEqual([1, want]);
  });

  it.each([
    ['an unknown size', { cpuMillicores: 0, memoryBytes: 0 }],
    ['a negative size', { cpuMillicores: -5, memoryBytes: 1 }],
    ['an implausibly large size', { cpuMillicores: 1e12, memoryBytes: 1 }],
    ['no size', {}],
  ])('with %s keeps the stage without its size', (_sentence, size) => {
    expect(
      demandOfTarget('r', JSON.stringify({ waiting: [{ ...stage, ...size }] })).stages?.[0]?.request,
    ).toBe(undefined);
  });

  it.each(['', 'null', '[]', '{"waiting":5}', '<html>'])('that reads %j is unknown, not empty', (body) => {
    const { stages, problems } = demandOfTarget('r', body);

    expect(stages).toBeUndefined();
    expect(problems).toHaveLength(1);
  });

  it('drops entries that are not stages, and reports how many', () => {
    const { stages, problems } = demandOfTarget(
      'r',
      JSON.stringify({ waiting: [stage, 5, { stageId: 'x' }] }),
    );

    expect(stages).toHaveLength(1);
    expect(problems[0]?.problem).toBe('2 entries of GET /demand are invalid');
  });
});

const answering =
  (answers: Readonly<Record<string, string | number>>): MetricsSource['get'] =>
  (url, signal) => {
    const answer = answers[url];
    if (typeof answer === 'string')
      return Promise.resolve({ status: 200, contentType: 'text/plain', body: answer } satisfies TargetAnswer);
    if (typeof answer === 'number') return Promise.resolve({ status: answer, contentType: '', body: '' });
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error));
    });
  };

describe('a round', () => {
  it('returns the answers, and nothing for silent targets, after its deadline', async () => {
    const clock = new FakeClock();
    const source = {
      get: answering({ 'http://a/metrics': states(1, 1), 'http://a/demand': '{"waiting":[]}' }),
    };
    const round = scrape(
      { clock, source, deadlineMs: 5_000 },
      ['http://a', 'http://silent'],
      new AbortController().signal,
    );
    await clock.step(4_999);
    await settle();
    await clock.step(1);
    const { targets } = await round;

    expect(targets[0]).toMatchObject({ known: [], problems: [] });
    expect(targets[0]?.reading?.states?.running.stages).toBe(1);
    expect(targets[1]).toMatchObject({ reading: undefined, known: undefined });
    expect(targets[1]?.problems[0]?.problem).toContain('no answer within 5000 ms');
    expect(clock.pending).toBe(0);
  });

  it.each<[string, string | number]>([
    ['sends 30,000 series', Array.from({ length: 30_000 }, (_, nth) => `a{b="${nth}"} 1\n`).join('')],
    ['sends 600,000 lines of nonsense', '?\n'.repeat(600_000)],
  ])('drops the reading of a runner that %s, names it, and continues with the others', async (_, lies) => {
    const good = { 'http://a/metrics': states(1, 1), 'http://a/demand': '{"waiting":[]}' };
    const bad = { 'http://bad/metrics': `${states(9, 9)}${lies}`, 'http://bad/demand': '{"waiting":[]}' };
    const clock = new FakeClock();
    const source = { get: answering({ ...good, ...bad }) };
    const targets = ['http://bad', 'http://a'];
    const round = await scrape({ clock, source, deadlineMs: 5_000 }, targets, new AbortController().signal);
    const view = new RunnerBook(60_000).take(round, 0);

    expect(view.missing).toEqual(['http://bad']);
    expect(view.states?.running.stages).toBe(1);
    expect(view.problems).toEqual([
      expect.objectContaining({
        target: 'http://bad',
        problem: expect.stringMatching(/more than (20000 values|1000 invalid lines)/) as string,
      }),
    ]);
  });

  it('drops metrics that end within a line: the last number may lack digits', async () => {
    const demand = { 'http://cut/demand': '{"waiting":[]}', 'http://whole/demand': '{"waiting":[]}' };
    const cut = states(1, 12).replace(/(?<="running"} 1)2[^]*/, '');
    const get = answering({ ...demand, 'http://cut/metrics': cut, 'http://whole/metrics': `${cut}2\n` });
    const { targets } = await scrape(
      { clock: new FakeClock(), source: { get }, deadlineMs: 5_000 },
      ['http://cut', 'http://whole'],
      new AbortController().signal,
    );

    expect(targets.map(({ reading }) => reading?.states?.running.stages)).toEqual([undefined, 12]);
    expect(targets[0]?.problems[0]?.problem).toContain('end within a line');
  });

  it('uses metrics alone where a runner has no demand endpoint', async () => {
    const source = { get: answering({ 'http://a/metrics': states(1, 1), 'http://a/demand': 404 }) };
    const { targets } = await scrape(
      { clock: new FakeClock(), source, deadlineMs: 5_000 },
      ['http://a'],
      new AbortController().signal,
    );

    expect(targets[0]?.reading).toBeDefined();
    expect(targets[0]?.known).toBeUndefined();
    expect(targets[0]?.problems[0]?.problem).toContain('answers 404');
  });
});

describe('targets', () => {
  it.each([
    ['http://runner:3000', 'http://runner:3000'],
    ['https://runner/base/', 'https://runner/base'],
    ['runner:3000', undefined],
    ['ftp://runner', undefined],
    ['http://runner:3000/?pod=a', undefined],
    ['http://user:secret@runner:3000', undefined],
  ])('%s is %s', (text, want) => {
    expect(parseRunnerUrl(text)).toBe(want);
  });

  it('are taken from the slices of a Service, by number or name of the port, each once', () => {
    const service = parseRunnerService('ci/runner:http');
    if (service === undefined) throw new Error('it is one');
    const slice = {
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 3000 }],
      endpoints: [
        { addresses: ['10.0.0.2'], conditions: { ready: false } },
        { addresses: ['10.0.0.1'] },
        { addresses: ['10.0.0.9'], conditions: { terminating: true, serving: false } },
        { addresses: ['fd00::1'] },
      ],
    };

    expect(targetsOf([slice, slice], service)).toEqual([
      'http://10.0.0.1:3000',
      'http://10.0.0.2:3000',
      'http://[fd00::1]:3000',
    ]);
    for (const port of ['other', '3001']) expect(targetsOf([slice], { ...service, port })).toEqual([]);
    expect(targetsOf([slice], { ...service, port: '3000' })).toHaveLength(3);
    expect(parseRunnerService('runner:http')).toBeUndefined();
  });
});
