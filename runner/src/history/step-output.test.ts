import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StepOutputs } from './step-output.ts';
import { linesFrom } from './testing/a-report.ts';

const outputs = (stepBytes = 1_000, totalBytes = 10_000) => new StepOutputs({ stepBytes, totalBytes });

describe('the output of a step', () => {
  it('is its lines in order; a batch that is sent again adds nothing, a longer one its new lines', () => {
    const all = outputs();

    all.add(7, linesFrom(0, 'a', 'b'));
    all.add(7, linesFrom(0, 'a', 'b'));
    all.add(7, linesFrom(1, 'b', 'c'));

    expect(all.of(7)).toEqual({ text: 'a\nb\nc\n', isCut: false });
    expect(all.of(8)).toBeUndefined();
  });

  it('is cut from its beginning at the limit, and not before', () => {
    const all = outputs(8);

    all.add(1, linesFrom(0, '123', '456'));
    expect(all.of(1)).toEqual({ text: '123\n456\n', isCut: false });

    all.add(1, linesFrom(2, '7'));
    expect(all.of(1)).toEqual({ text: '7\n', isCut: true });
  });

  it('keeps the last lines of one batch that is larger than the limit', () => {
    const all = outputs(20);

    all.add(1, linesFrom(0, 'first line', 'second line', 'end'));

    expect(all.of(1)).toEqual({ text: 'end\n', isCut: true });
  });

  it('leaves when others need its memory, the oldest first; the one that is written stays', () => {
    const all = outputs(100, 10);

    all.add(1, linesFrom(0, '1234'));
    all.add(2, linesFrom(0, '1234'));
    expect([all.of(1)?.text, all.of(2)?.text]).toEqual(['1234\n', '1234\n']);

    all.add(2, linesFrom(1, '5'));
    expect([all.of(1), all.of(2)?.text]).toEqual([undefined, '1234\n5\n']);

    all.add(2, linesFrom(2, '1234567'));
    expect(all.of(2)?.text).toBe('1234\n5\n1234567\n');
  });

  it('never needs more than its limits, whatever is written and deleted', () => {
    const batch = fc.record({
      step: fc.nat(5),
      lines: fc.array(fc.string({ maxLength: 40, unit: 'grapheme' }), { maxLength: 8 }),
      isDeleted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 40 }), (batches) => {
        const all = outputs(64, 200);
        const positions = new Map<number, number>();
        for (const { step, lines, isDeleted } of batches) {
          const pos = positions.get(step) ?? 0;
          all.add(step, linesFrom(pos, ...lines));
          positions.set(step, pos + lines.length);
          if (isDeleted) all.delete(step);
          const kept = [0, 1, 2, 3, 4, 5].map((one) => Buffer.byteLength(all.of(one)?.text ?? ''));
          expect(all.bytes).toBeLessThanOrEqual(200);
          expect(Math.max(...kept)).toBeLessThanOrEqual(64);
        }
        for (const step of positions.keys()) all.delete(step);
        expect(all.bytes).toBe(0);
      }),
    );
  });
});
