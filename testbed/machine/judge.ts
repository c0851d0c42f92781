import type { DiskFolder, Need, Test } from './needs.ts';

/** A disk, as a folder on it sees it. */
export interface Disk {
  readonly folder: string;
  /** Equal for folders on the same disk. */
  readonly device: number;
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** The state of a machine. What was not checked counts as missing. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** Programs at the paths that were looked at. */
  readonly files: ReadonlySet<string>;
  /** Programs that were found in PATH. */
  readonly programs: ReadonlySet<string>;
  /** Commands that exited with code 0, their arguments joined by blanks. */
  readonly commands: ReadonlySet<string>;
  /** As `go version` has it, without "go"; undefined: there is none. */
  readonly goVersion: string | undefined;
  /** Of control groups that may be written. */
  readonly controllers: ReadonlySet<string>;
  readonly disks: Readonly<Partial<Record<DiskFolder, Disk>>>;
}

/** Something that is missing, and what to do about it. */
export interface MissingNeed {
  readonly name: string;
  readonly remedy: string;
}

/** A command with its arguments as one text, as in {@link Machine}. */
export const commandText = (command: readonly string[]): string => command.join(' ');

/** Whether a version such as "1.26.8" or "1.27rc1" is the wanted one, such as "1.26", or a newer one. */
export function isVersionAtLeast(version: string, wanted: string): boolean {
  const [major = 0, minor = 0] = numbersOf(version);
  const [wantedMajor = 0, wantedMinor = 0] = numbersOf(wanted);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

const numbersOf = (version: string): readonly number[] => version.split(/\D+/).map(Number);

/** What all needs on the same disk take together. */
function bytesOn(device: number, needs: readonly Need[], machine: Machine): number {
  const folders = new Map<DiskFolder, number>();
  for (const { test } of needs)
    if (test.kind === 'disk' && machine.disks[test.folder]?.device === device)
      folders.set(test.folder, Math.max(folders.get(test.folder) ?? 0, test.bytes));
  return [...folders.values()].reduce((sum, bytes) => sum + bytes, 0);
}

/** An unknown folder, such as Go's without Go, is not a reason of its own. */
function hasRoom(
  disk: Disk | undefined,
  sparePercent: number,
  needs: readonly Need[],
  machine: Machine,
): boolean {
  if (disk === undefined) return true;
  const spareBytes = (disk.totalBytes * sparePercent) / 100;
  return disk.freeBytes - spareBytes >= bytesOn(disk.device, needs, machine);
}

function isMet({ test }: Need, needs: readonly Need[], machine: Machine): boolean {
  switch (test.kind) {
    case 'platform':
      return machine.platform === test.platform;
    case 'root':
      return machine.isRoot;
    case 'file':
      return test.anyOf.some((path) => machine.files.has(path));
    case 'program':
      return machine.programs.has(test.program);
    case 'command':
      return machine.commands.has(commandText(test.command));
    case 'go':
      return machine.goVersion !== undefined && isVersionAtLeast(machine.goVersion, test.atLeast);
    case 'controllers':
      return test.controllers.every((name) => machine.controllers.has(name));
    case 'disk':
      return hasRoom(machine.disks[test.folder], test.sparePercent, needs, machine);
  }
}

/** What is there instead of what is missing, where that helps. */
function found({ test }: Need, machine: Machine): string {
  if (test.kind === 'go' && machine.goVersion !== undefined) return ` (here: ${machine.goVersion})`;
  if (test.kind !== 'disk') return '';
  const { folder = '', freeBytes = 0 } = machine.disks[test.folder] ?? {};
  return ` (${folder} has ${(freeBytes / 1e9).toFixed(1)} GB)`;
}

/** What may fail because something else is missing, which is reported instead. */
const UNTRIED: Readonly<Partial<Record<Test['kind'], readonly Test['kind'][]>>> = {
  root: ['command', 'controllers'],
  program: ['command'],
};

/** Only another machine helps against `platform`; without root, or a program that tries it, the kernel's features are unknown. */
function worthTelling(missing: readonly Need[]): readonly Need[] {
  const platform = missing.filter(({ test }) => test.kind === 'platform');
  if (platform.length > 0) return platform;
  const untried = new Set(missing.flatMap(({ test }) => UNTRIED[test.kind] ?? []));
  return missing.filter(({ test }) => !untried.has(test.kind));
}

/** What a machine lacks of what is needed, in the order of the needs; empty: nothing. */
export function lacking(needs: readonly Need[], machine: Machine): readonly MissingNeed[] {
  const missing = needs.filter((need) => !isMet(need, needs, machine));
  return worthTelling(missing).map((need) => ({
    name: `${need.name}${found(need, machine)}`,
    remedy: need.remedy,
  }));
}

/** What is missing in one line, each remedy once: `needs a, b: do this; needs c: do that`. */
export function remedyText(lacks: readonly MissingNeed[]): string {
  const byRemedy = Map.groupBy(lacks, ({ remedy }) => remedy);
  return [...byRemedy]
    .map(([remedy, some]) => `needs ${[...new Set(some.map(({ name }) => name))].join(', ')}: ${remedy}`)
    .join('; ');
}
