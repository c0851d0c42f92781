/**
 * Loaded into a replica before its program (`node --import`): shifts its wall clock, as when the clock of a node is set. The offset in
 * milliseconds is read from a file again and again. Monotonic clocks and timers are not affected, as on a real machine.
 */
import { readFileSync } from 'node:fs';

const READ_EVERY_MS = 100;
const file = process.env['CHAOS_CLOCK_FILE'];
const TrueDate = Date;
let offsetMs = 0;

class ShiftedDate extends TrueDate {
  constructor(...of: readonly unknown[]) {
    super(...((of.length === 0 ? [TrueDate.now() + offsetMs] : of) as [number]));
  }

  static override now(): number {
    return TrueDate.now() + offsetMs;
  }
}

function read(from: string): void {
  try {
    offsetMs = Number(readFileSync(from, 'utf8')) || 0;
  } catch {
    offsetMs = 0;
  }
}

if (file !== undefined) {
  globalThis.Date = ShiftedDate as DateConstructor;
  read(file);
  setInterval(() => read(file), READ_EVERY_MS).unref();
}
