import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { lives, TestPod, until } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

const endless = 'touch "$ROOT/on"; exec sleep 1000';

describe('a stop signal', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGQUIT'] as const)(
    'before its turn: %s ends a waiting gate, and its step never starts',
    async (signal) => {
      pod = new TestPod([{ sh: endless }, { after: [1], runs: 'always' }]);
      pod.startAll();
      await pod.file('on');

      pod.gate(2).process.kill(signal);

      expect((await pod.ending(2)).code).toBe(0);
      expect(pod.exits()[1]).toBe('stopping 0');
      expect(pod.order()).toEqual([]);
    },
  );

  it('before its turn: the stop signal of its image counts as one, another signal does not', async () => {
    pod = new TestPod([{ sh: endless }, { after: [1], own: { stopSignal: 'SIGUSR2' } }]);
    pod.startAll();
    await pod.file('on');

    pod.gate(2).process.kill('SIGHUP');
    pod.gate(2).process.kill('SIGUSR1');
    pod.gate(2).process.kill('SIGUSR2');

    expect((await pod.ending(2)).stdout).toMatch(/skip why=stopping/);
  });

  it('while its child runs: is recorded first, then forwarded, and the gate ends with the child', async () => {
    const sees =
      'trap \'[ -e "$ROOT/hangar/state/1/stopping" ] && echo seen > "$ROOT/seen"; exit 5\' TERM; touch "$ROOT/on"; while :; do sleep 0.02; done';
    pod = new TestPod([{ sh: sees }, { after: [1], runs: 'always' }]);
    pod.startAll();
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');

    expect((await pod.ending(1)).code).toBe(5);
    expect((await pod.ending(2)).code).toBe(0);
    expect(pod.read('seen')).toBe('seen\n');
    expect(pod.exits()).toEqual(['ran 5', 'stopping 0']);
  });

  it('to a step that succeeds all the same: no later step starts', async () => {
    const good = 'trap "exit 0" TERM; touch "$ROOT/on"; while :; do sleep 0.02; done';
    pod = new TestPod([{ sh: good }, { after: [1] }, { after: [2], runs: 'always' }]);
    pod.startAll();
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    await pod.endings();

    expect(pod.exits()).toEqual(['ran 0', 'stopping 0', 'stopping 0']);
  });

  it('to a service: no later step starts', async () => {
    pod = new TestPod([
      { role: 'background', sh: 'exec sleep 1000' },
      { after: [1], sh: 'touch "$ROOT/on"; while [ ! -e "$ROOT/off" ]; do sleep 0.02; done' },
      { after: [2], runs: 'always' },
    ]);
    pod.startAll();
    await pod.file('on');

    pod.gate(1).process.kill('SIGTERM');
    await pod.ending(1);
    writeFileSync(join(pod.root, 'off'), '');
    await pod.endings();

    expect(pod.exits()).toEqual(['ran 143', 'ran 0', 'stopping 0']);
  });

  it('after its end has no effect: the exit file stays', async () => {
    pod = new TestPod([{ sh: 'exit 4' }]);
    pod.start(1);
    await until(() => existsSync(pod.statePath(1, 'exit')));

    pod.gate(1).process.kill('SIGTERM');
    await pod.ending(1);

    expect(pod.exits()).toEqual(['ran 4']);
  });

  it('to all gates at once: at any moment of a pipeline, no step starts after it', async () => {
    for (let moment = 1; moment <= 4; moment += 1) {
      pod = new TestPod(
        Array.from({ length: 5 }, (_, at) => ({ after: at === 0 ? [] : [at], runs: 'always' as const })),
      );
      pod.startAll();
      await until(() => pod.order().length >= moment);
      for (const gate of pod.gates.values()) gate.process.kill('SIGTERM');
      await until(() => pod.numbers().some((n) => existsSync(pod.statePath(n, 'stopping'))) || allEnded());
      await pod.endings();

      expect(startsAfterFirstStop()).toEqual([]);
      await pod.close();
    }
  });
});

function allEnded(): boolean {
  return [...pod.gates.values()].every((gate) => !gate.running);
}

/** Steps that ran although an earlier step in the chain was skipped as stopping. */
function startsAfterFirstStop(): string[] {
  const words = pod.exits();
  const first = words.findIndex((word) => word.startsWith('stopping'));
  return first === -1 ? [] : words.slice(first).filter((word) => word.startsWith('ran'));
}

describe('other signals', () => {
  it.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT', 'SIGALRM'] as const)(
    '%s reaches the child and does not stop the stage',
    async (signal) => {
      const name = signal.slice(3);
      pod = new TestPod([
        {
          sh: `trap 'echo ${name} >> "$ROOT/got"; exit 0' ${name}; touch "$ROOT/on"; while :; do sleep 0.02; done`,
        },
        { after: [1] },
      ]);
      pod.startAll();
      await pod.file('on');

      pod.gate(1).process.kill(signal);
      await pod.endings();

      expect(pod.read('got')).toBe(`${name}\n`);
      expect(pod.exits()).toEqual(['ran 0', 'ran 0']);
    },
  );

  it('that a script sends to its own group do not reach the gate', async () => {
    pod = new TestPod([{ sh: 'trap "exit 0" TERM; kill 0; exit 1' }, { after: [1] }]);
    pod.startAll();

    await pod.endings();

    expect(pod.exits()).toEqual(['ran 0', 'ran 0']);
  });
});

describe('a SIGKILL', () => {
  it('of gate and child together counts as 137', async () => {
    const story = 'echo $$ > "$ROOT/pid"; touch "$ROOT/on"; exec sleep 1000';
    pod = new TestPod([{ sh: story }, { after: [1] }, { after: [2], runs: 'on-failure' }]);
    pod.startAll();
    await pod.file('on');
    const child = Number(readFileSync(join(pod.root, 'pid'), 'utf8'));

    process.kill(child, 'SIGKILL');
    pod.gate(1).process.kill('SIGKILL');
    await pod.endings();

    expect(['none', 'ran 137']).toContain(pod.exits()[0]);
    expect(pod.exits().slice(1)).toEqual(['failed-before 0', 'ran 0']);
  });

  it('of the gate kills its child too', async () => {
    pod = new TestPod([{ sh: 'echo $$ > "$ROOT/pid"; touch "$ROOT/on"; exec sleep 1000' }, { after: [1] }]);
    pod.startAll();
    await pod.file('on');
    const child = Number(readFileSync(join(pod.root, 'pid'), 'utf8'));

    pod.gate(1).process.kill('SIGKILL');
    await pod.endings();
    await until(() => !lives(child));

    expect(pod.exits()).toEqual(['none', 'failed-before 0']);
  });

  it('of the child alone is reported by its gate', async () => {
    pod = new TestPod([{ sh: 'kill -9 $$' }, { after: [1], runs: 'on-failure' }]);
    pod.startAll();

    expect((await pod.ending(1)).code).toBe(137);
    await pod.endings();

    expect(pod.exits()).toEqual(['ran 137', 'ran 0']);
  });

  it('of a whole Pod: a stop signal within the second keeps the next step from starting', async () => {
    pod = new TestPod([{ sh: endless }, { after: [1], runs: 'always' }]);
    pod.startAll();
    await pod.file('on');

    // The second gate is frozen meanwhile, so that both signals arrive at the same moment even on a busy machine.
    pod.gate(2).process.kill('SIGSTOP');
    pod.gate(1).process.kill('SIGKILL');
    pod.gate(2).process.kill('SIGTERM');
    pod.gate(2).process.kill('SIGCONT');
    await pod.endings();

    expect(pod.exits()).toEqual(['none', 'stopping 0']);
  });

  it('of a service before its child started does not block others', async () => {
    pod = new TestPod([{ sh: endless }, { role: 'background', after: [1] }, { after: [2] }]);
    pod.startAll();
    await pod.file('on');

    pod.gate(2).process.kill('SIGKILL');
    await pod.ending(3);

    expect(pod.exits()[2]).toBe('ran 0');
  });
});
