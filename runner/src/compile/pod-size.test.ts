import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { storedBytes } from './pod-size.ts';
import { aCompileInput, aPipeline, aStep, text } from './testing/a-pipeline.ts';

const steps = (count: number, variables: number, commands: string[]) =>
  Array.from({ length: count }, (_, index) =>
    aStep({
      name: `step-${index}`,
      image: 'plugins/x',
      commands,
      environment: Object.fromEntries(
        Array.from({ length: variables }, (_unused, i) => [`VARIABLE_NAME_${i}`, text('value-of-this')]),
      ),
    }),
  );
const bytesFor = (...how: Parameters<typeof steps>): number =>
  storedBytes(compile(aCompileInput({ pipeline: aPipeline({ steps: steps(...how) }) })).pod);

describe('storedBytes', () => {
  it('does not estimate less than was measured: 12.4 KB for a container with 120 variables', () => {
    const perContainer = (bytesFor(51, 40, []) - bytesFor(1, 40, [])) / 50;
    // About 75 variables are common to all; with these 40 the number is that of the measurement.
    expect(perContainer).toBeGreaterThan(12_400);
  });

  it('is a small fraction of that behind the gate, for any number of variables', () => {
    const perContainer = (bytesFor(51, 120, ['true']) - bytesFor(1, 120, ['true'])) / 50;
    expect(perContainer).toBeLessThan(4_500);
  });
});
