import { describe, expect, it } from 'vitest';
import { commandLine } from './testing/command-line.ts';

const UNTIDY = 'kind:   pipeline # why\nsteps:\n- name: a\n';
const TIDY = 'kind: pipeline # why\nsteps:\n  - name: a\n';

describe('fmt', () => {
  it('prints the formatted text of .drone.yml, or of the files that are named', async () => {
    const { code, printed, written } = await commandLine(['fmt'], { '.drone.yml': UNTIDY });
    expect([code, printed, written.size]).toEqual([0, [TIDY.trimEnd()], 0]);
    expect(await commandLine(['fmt', 'a.yml', '-'], { 'a.yml': TIDY, '/dev/stdin': UNTIDY })).toMatchObject({
      code: 0,
      printed: [TIDY.trimEnd(), TIDY.trimEnd()],
    });
  });

  it('changes only the files that are not formatted, with --write', async () => {
    const files = { 'a.yml': UNTIDY, 'b.yml': TIDY };
    const { code, printed, written } = await commandLine(['fmt', '--write', 'a.yml', 'b.yml'], files);
    expect([code, printed, [...written]]).toEqual([0, ['a.yml'], [['a.yml', TIDY]]]);
  });

  it('fails for files that are not formatted, with --check', async () => {
    const files = { 'a.yml': UNTIDY, 'b.yml': TIDY };
    const one = await commandLine(['fmt', '--check', 'a.yml', 'b.yml'], files);
    expect([one.code, one.printed, one.written.size]).toEqual([1, ['a.yml'], 0]);
    expect(await commandLine(['fmt', '--check', 'b.yml'], files)).toMatchObject({ code: 0, printed: [] });
  });

  it('reports the place of an error, and leaves that file as it is', async () => {
    const files = { 'a.yml': 'steps: [a: b: c]\n', 'b.yml': UNTIDY };
    const { code, complained, written } = await commandLine(['fmt', '--write', 'a.yml', 'b.yml'], files);
    expect([code, [...written.keys()]]).toEqual([1, ['b.yml']]);
    expect(complained).toEqual([expect.stringMatching(/^a\.yml:1:\d+: yaml: /)]);
  });

  it.each([
    [['--write', '--check'], /exclude each other/],
    [['--write', '-'], /not standard input/],
    [['missing.yml'], /missing\.yml cannot be read/],
  ] as const)('refuses %j', async (words, problem) => {
    const { code, complained } = await commandLine(['fmt', ...words]);
    expect([code, complained.join('\n')]).toEqual([2, expect.stringMatching(problem)]);
  });
});
