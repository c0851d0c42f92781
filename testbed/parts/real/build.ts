import {
  access,
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { type Clock, systemClock } from '@hangar/shared/clock';
import { CLUSTER_BUILD } from '../../machine/needs.ts';
import { type CommandOptions, runOrThrow } from './command.ts';
import { withLock } from './lock.ts';
import type { PartBuildTime } from './plan/build-estimate.ts';
import { BuildProgress, type Say } from './plan/build-progress.ts';
import { type Layout, partFolder } from './plan/layout.ts';
import { folderName, goBuildArguments, type Part, parts, stagingReplacements } from './plan/parts.ts';
import { demandMachine } from './requirements.ts';

interface Building {
  readonly part: Part;
  readonly folder: string;
  readonly go: CommandOptions & { readonly folder: string };
  /** Reports progress of its work. */
  readonly during: <T>(what: string, work: () => Promise<T>) => Promise<T>;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Whether a part is in the cache, complete: its folder gets its name only when everything is in it. */
export async function isBuilt(layout: Layout, part: Part): Promise<boolean> {
  const folder = partFolder(layout, part.name);
  const files = [...part.programs.map(({ name }) => `bin/${name}`), ...Object.keys(part.assets)];
  const found = await Promise.all(files.map((file) => exists(`${folder}/${file}`)));
  return found.every(Boolean);
}

function goOptions(folder: string): Building['go'] {
  const environment = {
    ...process.env,
    CGO_ENABLED: '0',
    GOFLAGS: '-mod=mod -buildvcs=false',
    GOWORK: 'off',
  };
  return { folder, environment };
}

interface Downloaded {
  readonly GoMod: string;
  readonly Dir: string;
}

async function download({ part, go }: Building): Promise<Downloaded> {
  const printed = await runOrThrow('go', ['mod', 'download', '-json', `${part.module}@${part.version}`], go);
  return JSON.parse(printed) as Downloaded;
}

async function resolveModules(building: Building, module: Downloaded): Promise<void> {
  const { part, go } = building;
  if (part.stagingVersion !== undefined) {
    const goMod = await readFile(module.GoMod, 'utf8');
    await runOrThrow('go', ['mod', 'edit', ...stagingReplacements(goMod, part.stagingVersion)], go);
  }
  const wanted = part.programs.map(({ goPackage }) => `${goPackage}@${part.version}`);
  if (wanted.length > 0) await runOrThrow('go', ['get', ...wanted], go);
}

async function buildPrograms({ part, folder, go, during }: Building): Promise<void> {
  for (const [place, program] of part.programs.entries()) {
    const output = `${folder}/bin/${program.name}`;
    await during(`${program.name} (${place + 1} of ${part.programs.length})`, () =>
      runOrThrow('go', goBuildArguments(part, program, output), go),
    );
  }
}

async function buildInto(building: Building): Promise<void> {
  const { part, folder, go, during } = building;
  await mkdir(`${folder}/bin`, { recursive: true });
  await runOrThrow('go', ['mod', 'init', `testbed.local/${part.name}`], go);
  const module = await during('fetching modules', async () => {
    const downloaded = await download(building);
    await resolveModules(building, downloaded);
    return downloaded;
  });
  await buildPrograms(building);
  for (const [name, source] of Object.entries(part.assets)) {
    // The module cache is read-only; what we copy must be removable.
    await cp(`${module.Dir}/${source}`, `${folder}/${name}`, { recursive: true, mode: 0 });
    await runOrThrow('chmod', ['-R', 'u+w', `${folder}/${name}`]);
  }
}

async function clearLeftOvers(layout: Layout): Promise<void> {
  const names = await readdir(layout.cache).catch(() => []);
  for (const name of names.filter((each) => each.startsWith('.building-'))) {
    await rm(`${layout.cache}/${name}`, { recursive: true, force: true });
  }
}

/** The progress text of a build: `title` names the part and which of how many it is. */
interface Telling {
  readonly clock: Clock;
  readonly title: string;
  readonly say: Say;
}

async function buildPart(layout: Layout, part: Part, { clock, title, say }: Telling): Promise<void> {
  // A name of its own each time: a compiler that outlived a killed builder must not write into our folder.
  const folder = await mkdtemp(`${layout.cache}/.building-${folderName(part)}-`);
  const begunMs = clock.monotonicMs();
  const progress = new BuildProgress(clock, say);
  const during: Building['during'] = (what, work) => progress.during(`${title}: ${what}`, work);
  await buildInto({ part, folder, go: goOptions(folder), during });
  const seconds = Math.round((clock.monotonicMs() - begunMs) / 1000);
  await writeFile(`${folder}/built.json`, JSON.stringify({ version: part.version, seconds }));
  await rm(partFolder(layout, part.name), { recursive: true, force: true });
  await chmod(folder, 0o755);
  await rename(folder, partFolder(layout, part.name));
  say(`${title}: done in ${seconds} s`);
}

/** Those parts that the cache lacks. */
export async function missingParts(layout: Layout, wanted: readonly Part[]): Promise<readonly Part[]> {
  const built = await Promise.all(wanted.map((part) => isBuilt(layout, part)));
  return wanted.filter((_, place) => built[place] === false);
}

/** How long the parts in the cache took when they were built. */
export async function buildRecords(layout: Layout): Promise<readonly PartBuildTime[]> {
  const read = async ({ name }: Part): Promise<readonly PartBuildTime[]> => {
    const text = await readFile(`${partFolder(layout, name)}/built.json`, 'utf8');
    const { seconds } = JSON.parse(text) as { readonly seconds?: number };
    return seconds === undefined ? [] : [{ part: name, seconds }];
  };
  return (await Promise.all(parts.map((part) => read(part).catch(() => [])))).flat();
}

/**
 * Builds those parts that the cache lacks, one after another, and never two builders at once. A part is made in a
 * temporary folder and renamed when whole. Throws with the compiler's message, or a MachineRefusal when the machine can't.
 */
export async function buildMissing(layout: Layout, wanted: readonly Part[], say: Say): Promise<void> {
  if ((await missingParts(layout, wanted)).length === 0) return;
  await demandMachine('building the test cluster', CLUSTER_BUILD, layout);
  const clock = systemClock();
  const locked = Promise.withResolvers<void>();
  const waiting = () =>
    void new BuildProgress(clock, say).during(
      'build: waiting for another process that is building',
      () => locked.promise,
    );
  const build = async () => {
    locked.resolve();
    await clearLeftOvers(layout);
    const left = await missingParts(layout, wanted);
    for (const [place, part] of left.entries()) {
      const title = `build ${folderName(part)} (part ${place + 1} of ${left.length})`;
      await buildPart(layout, part, { clock, title, say });
    }
  };
  await withLock(`${layout.cache}/build.lock`, waiting, build).finally(locked.resolve);
}
