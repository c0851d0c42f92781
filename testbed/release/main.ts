import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changelogSection, releasedImages, releaseNotes, releaseProblems, versionOf } from './release.ts';

const HELP = `npm run -s release -- COMMAND TAG

Steps of a release that .github/workflows/release.yml runs. TAG is v and a semantic version, such as v0.2.0.

Commands:
  check   compare the version in all files, and the changelog, with the tag; exit code 1 and a list if they differ
  notes   print the release notes: the changelog's section, and the commits since the previous tag
  images  print the images to build, one per line: name, Dockerfile, target ("-" if there is none), base as a build argument
`;

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const git = (...args: readonly string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
const print = (text: string): void => void process.stdout.write(`${text}\n`);

function check(version: string): number {
  const problems = releaseProblems(version, read);
  for (const problem of problems) print(problem);
  return problems.length === 0 ? 0 : 1;
}

function notes(version: string, tag: string): number {
  const [before] = git('tag', '--list', 'v*', '--sort=-creatordate')
    .split('\n')
    .filter((name) => name !== tag && name !== '');
  const log = git('log', '--no-merges', '--format=%h %s', before === undefined ? 'HEAD' : `${before}..HEAD`);
  const commits = log
    .split('\n')
    .map((line) => ({ hash: line.split(' ', 1).join(''), subject: line.replace(/^\S+ /, '') }));
  process.stdout.write(releaseNotes(changelogSection(read('CHANGELOG.md'), version), commits));
  return 0;
}

function images(): number {
  for (const { name, dockerfile, target, base } of releasedImages(read))
    print([name, dockerfile, target || '-', base].join(' '));
  return 0;
}

function run([command = '', tag = '']: readonly string[]): number {
  if (command === '--help') return print(HELP.trimEnd()), 0;
  const version = versionOf(tag);
  if (version !== undefined && command === 'check') return check(version);
  if (version !== undefined && command === 'notes') return notes(version, tag);
  if (version !== undefined && command === 'images') return images();
  process.stderr.write(
    `release: expected a command and a tag such as v0.2.0, got "${command} ${tag}"\n\n${HELP}`,
  );
  return 2;
}

process.exitCode = run(process.argv.slice(2));
