import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { visibleText } from './visible.ts';

describe('a text for a terminal', () => {
  it.each([
    ['a colour', '\u001b[31mred\u001b[0m', '\u001b[31mred\u001b[0m'],
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
    ['a colour that ends otherwise', '\u001b[31Hx', '\\x1b[31Hx'],
  ])('shows what would change %s', (_, text, want) => {
    expect(visibleText(text)).toBe(want);
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
