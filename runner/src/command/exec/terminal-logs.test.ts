import { FakeClock, settle } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { FakeLogSource } from '../../logs/testing/fake-log-source.ts';
import { GateMarkWriter } from '../../logs/testing/gate-mark-writer.ts';
import type { Mark, StepLogStream } from '../../ports/step-logs.ts';
import { terminalLogs } from './terminal-logs.ts';
import { Turns } from './turns.ts';

const NONCE = '9f3c2a71';
const gate = new GateMarkWriter(NONCE);

function opened(order: { nonce?: string; masks?: readonly string[] } = {}) {
  const clock = new FakeClock();
  const source = new FakeLogSource();
  const seen: string[] = [];
  const marks: Mark[] = [];
  const plan = {
    version: 1,
    nonce: NONCE,
    steps: [],
    timeoutMs: 1,
    repoSlug: '',
    buildNumber: 1,
    buildEvent: '',
  } as const;
  const logs = terminalLogs({
    clock,
    source,
    random: () => 0.5,
    turns: new Turns(plan),
    onMark: (_, one) => void marks.push(one),
    screen: {
      line: (step, text) => void seen.push(`${step}: ${text}`),
      note: (step, text) => void seen.push(`${step}# ${text}`),
    },
  });
  const log: StepLogStream = logs.open({
    namespace: 'ci',
    pod: 'p',
    container: 'step-1',
    nonce: 'nonce' in order ? order.nonce : NONCE,
    stepId: 1,
    stepName: 'test',
    masks: order.masks ?? [],
  });
  const heard: Mark[] = [];
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const follow = async (): Promise<void> => {
    const following = log.follow({
      ended,
      signal: new AbortController().signal,
      onMark: (one) => void heard.push(one),
    });
    await settle();
    source.terminate();
    end();
    await clock.step(10_000);
    await following;
  };
  const write = (text: string, full = true): void =>
    source.write(BigInt(clock.now()) * 1_000_000n, text, full);
  return { log, seen, marks, heard, write, follow };
}

const finish = (log: StepLogStream) => log.finish(new AbortController().signal);

describe('logs on the terminal', () => {
  it('print lines with their step, without the gate’s marks', async () => {
    const { log, seen, marks, heard, write, follow } = opened();
    write(gate.start(1000));
    write('hello');
    write('');
    write(gate.end(3, 1500));
    await follow();
    await finish(log);
    expect(seen).toEqual(['test: hello', 'test: ']);
    expect(marks).toEqual([
      { kind: 'start', atMs: 1000 },
      { kind: 'end', atMs: 1500, code: 3 },
    ]);
    expect(heard).toEqual(marks);
  });

  it('keep a mark that is not the gate’s', async () => {
    const { log, seen, write, follow } = opened();
    write('\u001ehangar other end code=0 at=1');
    await follow();
    await finish(log);
    expect(seen).toEqual(['test: \u001ehangar other end code=0 at=1']);
  });

  it('print the output of a step without a gate', async () => {
    const order: { nonce?: string } = {};
    Object.assign(order, { nonce: undefined });
    const { log, seen, write, follow } = opened(order);
    write('plain');
    await follow();
    await finish(log);
    expect(seen).toEqual(['test: plain']);
  });

  it('mask secrets, also across chunks of a line, and in notes', async () => {
    const { log, seen, write, follow } = opened({ masks: ['correct-horse'] });
    write('token is correct-', false);
    write('horse, keep it');
    write('not correct, horse');
    await follow();
    log.note('refused: correct-horse');
    await finish(log);
    expect(seen).toEqual([
      'test: token is ******, keep it',
      'test: not correct, horse',
      'test# refused: ******',
    ]);
  });

  it('remove cards and report their schema', async () => {
    const card = Buffer.from(JSON.stringify({ schema: 'https://s', data: {} })).toString('base64');
    const { log, seen, write, follow } = opened();
    write(`\u001b]1338;${card}\u001b]0m`);
    write('after');
    await follow();
    expect(await finish(log)).toEqual({ schema: 'https://s', refused: '' });
    expect(seen).toEqual(['test: after']);
  });

  it('print the unfinished last line once, even if the log is finished several times', async () => {
    const { log, seen, write, follow } = opened();
    write('no newline', false);
    await follow();
    await finish(log);
    await finish(log);
    expect(seen).toEqual(['test: no newline']);
  });

  it('print each line of a note separately', () => {
    const { log, seen } = opened();
    log.note('one\ntwo');
    expect(seen).toEqual(['test# one', 'test# two']);
  });
});
