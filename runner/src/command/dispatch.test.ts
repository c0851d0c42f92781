import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import type { Command, Surroundings } from './command.ts';
import { COMMANDS } from './commands.ts';
import { dispatch } from './dispatch.ts';

interface Heard {
  readonly printed: string[];
  readonly complained: string[];
  readonly ran: string[];
}

function surroundings(heard: Heard): Surroundings {
  return {
    env: {},
    host: { hostname: 'h', version: '1.2.3', namespace: '' },
    clock: new FakeClock(),
    random: () => 0,
    print: (text) => void heard.printed.push(text),
    complain: (text) => void heard.complained.push(text),
    readFile: () => '',
    stop: new AbortController().signal,
  };
}

async function say(...words: string[]): Promise<Heard & { code: number }> {
  const heard: Heard = { printed: [], complained: [], ran: [] };
  const command = (name: string): Command => ({
    name,
    usage: `${name} [file]`,
    summary: `does ${name}`,
    help: `All about ${name}.`,
    run: (args) => {
      heard.ran.push([name, ...args].join(' '));
      return Promise.resolve(3);
    },
  });
  const code = await dispatch(words, [command('daemon'), command('lint')], surroundings(heard));
  return { ...heard, code };
}

describe('dispatch', () => {
  it.each([
    ['no words mean the daemon', [], 'daemon'],
    ['a command gets what follows it', ['lint', '.drone.yml', '--trusted'], 'lint .drone.yml --trusted'],
  ])('%s', async (_sentence, words, ran) => {
    expect(await say(...words)).toMatchObject({ ran: [ran], code: 3, complained: [] });
  });

  it.each([[['--help']], [['-h']], [['help']]])('teaches all commands for %j', async (words) => {
    const { printed, code, ran } = await say(...words);

    expect([code, ran]).toEqual([0, []]);
    expect(printed.join('\n')).toContain('  daemon [file]  does daemon\n  lint [file]    does lint');
  });

  it.each([[['lint', '--help']], [['lint', 'x', '-h']], [['help', 'lint']], [['--help', 'lint']]])(
    'teaches one command for %j, and does not run it',
    async (words) => {
      const { printed, code, ran } = await say(...words);

      expect([code, ran]).toEqual([0, []]);
      expect(printed.join('\n')).toContain(
        'Usage: hangar-runner lint [file]\n\ndoes lint\n\nAll about lint.',
      );
    },
  );

  it('tells the version', async () => {
    expect(await say('--version')).toMatchObject({ printed: ['hangar-runner 1.2.3'], code: 0 });
  });

  it.each([[['demon']], [['help', 'demon']]])('names what there is instead of %j', async (words) => {
    const { complained, code, printed } = await say(...words);

    expect([code, printed]).toEqual([64, []]);
    expect(complained.join('\n')).toContain('no command "demon". There are: daemon, lint.');
  });
});

describe('the commands', () => {
  it('are named once each, the daemon among them, and every one teaches', () => {
    const names = COMMANDS.map((command) => command.name);

    expect(names).toContain('daemon');
    expect(new Set(names).size).toBe(names.length);
    for (const { name, usage, summary, help } of COMMANDS) {
      expect(usage.startsWith(name)).toBe(true);
      expect(summary).not.toBe('');
      expect(help).not.toBe('');
    }
  });
});
