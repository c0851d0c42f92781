import { describe, expect, it } from 'vitest';
import { markersOf, rewritten } from './document.ts';

const markers = markersOf('steps');
const page = `# Head\n\n${markers.begin}\n\nold\n\n${markers.end}\n\ntail\n`;

describe('rewritten', () => {
  it('puts the new text in place of the old, and leaves the rest as it is', () => {
    expect(rewritten(page, markers, 'new\n')).toBe(page.replace('old', 'new'));
  });

  it('written twice is written once', () => {
    expect(rewritten(rewritten(page, markers, 'a'), markers, 'a')).toBe(rewritten(page, markers, 'a'));
  });

  it('takes dollar signs as they stand', () => {
    expect(rewritten(page, markers, "$& $'")).toContain("$& $'");
  });

  it.each([
    ['a page of another bench', markersOf('replay')],
    ['markers the wrong way round', { begin: markers.end, end: markers.begin }],
  ])('refuses %s, and says which lines it needs', (_, other) => {
    expect(() => rewritten(page, other, 'new')).toThrow(other.begin);
  });
});
