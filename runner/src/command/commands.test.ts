import { helpText } from '@hangar/shared/program/command';
import { describe, expect, it } from 'vitest';
import { RUNNER } from './commands.ts';

describe('the commands', () => {
  it('have unique names, and include the daemon', () => {
    const names = RUNNER.commands.map(({ name }) => name);

    expect(names).toContain('hangar-runner daemon');
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(RUNNER.commands)(
    'the help of $name describes every option once, examples and exit codes',
    (one) => {
      const help = helpText(one);
      const named = help
        .split('\n')
        .map((line) => /^ {2}--([a-z0-9-]+)/.exec(line)?.[1])
        .filter((name) => name !== undefined);
      expect(named.toSorted()).toEqual(Object.keys(one.options).toSorted());
      expect(new Set(named).size).toBe(named.length);
      expect(one.summary).not.toBe('');
      expect(help).toContain(`Examples:\n  ${one.name}`);
      expect(help).toMatch(/\nExit codes:\n {2}0 /);
    },
  );
});
