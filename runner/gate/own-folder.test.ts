import { afterEach, describe, expect, it } from 'vitest';
import { TestPod } from './testing/pod.ts';

let pod: TestPod;

afterEach(async () => {
  await pod.close();
});

describe('a step that changes its own state folder', () => {
  it('by replacing exit.new makes no sibling read another result', async () => {
    const forge =
      'cd "$ROOT/hangar/state/1" && rm exit.new && echo "ran 0 1 1" > exit.new || exit 99; exit 3';
    pod = new TestPod([{ sh: forge }, { after: [1] }, { after: [1], runs: 'on-failure' }]);
    pod.startAll();
    await pod.endings();
    expect(pod.exits()).toEqual(['ran 3', 'failed-before 0', 'ran 0']);
  });
});

describe('a step that lowers the limits of its gate', () => {
  it.each(['--fsize=0:0', '--nofile=3:3'])(
    'ends with its own code, or with the remedy (%s)',
    async (limit) => {
      pod = new TestPod([{ sh: `prlimit --pid $PPID ${limit} || exit 99; exit 3` }]);
      pod.startAll();
      const [ending] = await pod.endings();
      if (ending?.code === 214) expect(ending.stderr).toContain('prlimit --pid 1');
      else expect(ending?.code).toBe(3);
    },
  );
});
