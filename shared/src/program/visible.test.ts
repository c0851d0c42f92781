import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from './visible.ts';

describe('a text for a terminal', () => {
  it.each([
    ['a colour', '\u001b[31mred\u001b[0m', '\u001b[31mred\u001b[0m'],
    [
      'several styles at once, as ls and gcc write them',
      '\u001b[01;31;4mx\u001b[m',
      '\u001b[01;31;4mx\u001b[m',
    ],
    ['colours of 256 and free ones', '\u001b[38;5;208;48;2;1;20;255mx', '\u001b[38;5;208;48;2;1;20;255mx'],
    ['bright colours', '\u001b[97;107;22;39;49mx', '\u001b[97;107;22;39;49mx'],
    ['a sign with its form', '⚠\ufe0f', '⚠\ufe0f'],
    ['tabs and lines', 'a\tb\nc', 'a\tb\nc'],
    ['letters of any language', 'grüße, 世界 🎉', 'grüße, 世界 🎉'],
  ])('keeps %s', (_, text, want) => {
    expect(visibleText(text)).toBe(want);
  });

  it.each([
    ['the title of the window', '\u001b]0;evil\u0007', '\\x1b]0;evil\\x07'],
    ['the clipboard', '\u001b]52;c;cm0=\u001b\\', '\\x1b]52;c;cm0=\\x1b\\'],
    ['the screen', '\u001b[2Jgone', '\\x1b[2Jgone'],
    ['the cursor', '\u001b[1A\rall is well', '\\x1b[1A\\x0dall is well'],
    ['a control sequence of one character', '\u009b2J', '\\x9b2J'],
    ['backspaces', 'evil\b\b\b\bgood', 'evil\\x08\\x08\\x08\\x08good'],
    ['the direction of text', 'a\u202eb', 'a\\u202eb'],
    ['what nobody sees', 'a\u200bb', 'a\\u200bb'],
    ['what is to be seen', '\u001b[8mhidden', '\\x1b[8mhidden'],
    ['the same, among colours', '\u001b[31;8mx\u001b[8;31mx', '\\x1b[31;8mx\\x1b[8;31mx'],
    ['the font', '\u001b[11mx', '\\x1b[11mx'],
    ['a half colour', '\u001b[38;5mx\u001b[38;8mx', '\\x1b[38;5mx\\x1b[38;8mx'],
    ['a soft hyphen', 'a\u00adb', 'a\\xadb'],
    ['fillers', 'a\u115f\u3164b\uffa0', 'a\\u115f\\u3164b\\uffa0'],
    ['a vowel separator and joiners', 'a\u180eb\u200cc\u200d', 'a\\u180eb\\u200cc\\u200d'],
    ['tags', 'a\u{e0041}', 'a\\u{e0041}'],
    ['a colour that ends otherwise', '\u001b[31Hx', '\\x1b[31Hx'],
  ])('shows what would change %s', (_, text, want) => {
    expect(visibleText(text)).toBe(want);
  });

  it('is read in time, however a style goes on and on', () => {
    const { user } = process.threadCpuUsage();
    for (const part of ['0;', '00', ';', '38;5;7;', '\u001b[', '1;31;'])
      visibleText(`\u001b[${part.repeat(50_000)}x`);
    expect((process.threadCpuUsage().user - user) / 1e6).toBeLessThan(2);
  });

  it('has no control character left but tabs, lines and colours', () => {
    const text = fc.string({
      unit: fc.constantFrom('\u001b', '[', '3', ';', 'm', 'J', '\r', '\n', '\u009b', ']', 'x'),
    });
    fc.assert(
      fc.property(text, (any) => {
        const rest = visibleText(any).replace(/\u001b\[[0-9;:]*m/g, '');
        expect(rest).not.toMatch(/[\0-\u0008\u000b-\u001f\u007f-\u009f]/);
      }),
    );
  });
});
