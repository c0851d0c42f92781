import { readdir, readFile } from 'node:fs/promises';

/** A package whose code is in a bundle, with the texts under which it may be passed on. */
export interface ThirdParty {
  readonly name: string;
  readonly version: string;
  /** As its package.json names it. */
  readonly licence: string;
  /** Contents of its licence and notice files; empty: it has none. */
  readonly texts: readonly string[];
}

/** Folders of packages that files belong to, each once and sorted; `node_modules/a/node_modules/b` is a package of its own. Pure. */
export function packageFolders(files: readonly string[]): readonly string[] {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** The file with all licences, for people. Pure. */
export function thirdPartyText(packages: readonly ThirdParty[]): string {
  const parts = packages.map(({ name, version, licence, texts }) =>
    [`${name} ${version} (${licence})`, ...texts.map((text) => text.trim())].join('\n\n'),
  );
  return `${parts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`;
}

const LICENCE_FILE = /^(licen[cs]e|copying|notice)/i;

/** Reads what a package says of its licence. @throws when it names none */
export async function readThirdParty(folder: string): Promise<ThirdParty> {
  const manifest = JSON.parse(await readFile(`${folder}/package.json`, 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly license?: string;
  };
  const { name, version, license: licence } = manifest;
  if (!licence) throw new Error(`the package ${name} names no licence`);
  const files = (await readdir(folder)).filter((file) => LICENCE_FILE.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(`${folder}/${file}`, 'utf8')));
  return { name, version, licence, texts };
}
