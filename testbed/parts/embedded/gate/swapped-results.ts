import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StepResult } from '@hangar/runner/decide';

const SKIPS = ['failed-before', 'passed-before', 'fast', 'ended-early', 'stopping'] as const;

/** What the runner has written of a step in the Pod's annotations; undefined while it says nothing. */
export function toldResult(root: string, n: number): StepResult | undefined {
  try {
    return parseResult(readFileSync(join(root, 'hangar/pod', `result-${n}`), 'utf8'));
  } catch {
    // Pods without swapped steps have no such file.
    return undefined;
  }
}

/** Understands `<decision> <code> <startMs> <endMs>`, and `running 0 <startMs> 0`. */
export function parseResult(line: string): StepResult | undefined {
  const fields = line.trim().split(/\s+/);
  const [word = '', code = ''] = fields;
  if (fields.length !== 4 || !/^\d{1,3}$/.test(code)) return undefined;
  if (word === 'running') return { phase: 'running' };
  const decision = word === 'ran' ? word : SKIPS.find((skip) => skip === word);
  return decision === undefined ? undefined : { phase: 'ended', decision, code: Number(code) };
}
