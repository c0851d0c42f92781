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
  it('does not promise less than was measured: 12.4 KB for a container with 120 variables', () => {
    const perContainer = (bytesFor(51, 40, []) - bytesFor(1, 40, [])) / 50;
    // About 75 variables are common to all; with these 40 it is as many as were measured.
    expect(perContainer).toBeGreaterThan(12_400);
  });

  it('is a small part of that behind the gate, however many variables there are', () => {
    const perContainer = (bytesFor(51, 120, ['true']) - bytesFor(1, 120, ['true'])) / 50;
    expect(perContainer).toBeLessThan(4_500);
  });
});
