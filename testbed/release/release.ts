/** A file that states the version of Hangar, and the pattern whose first group is that version. */
export interface VersionPlace {
  readonly path: string;
  readonly pattern: RegExp;
}

/** All places that a release changes. `npm run release -- check` compares them with the tag. */
export const VERSION_PLACES: readonly VersionPlace[] = [
  ...['.', 'shared', 'runner', 'autoscaler'].map((folder) => ({
    path: `${folder}/package.json`.replace('./', ''),
    pattern: /^ {2}"version": "([^"]+)"/gm,
  })),
  { path: 'charts/hangar/Chart.yaml', pattern: /^(?:version|appVersion): (\S+)$/gm },
  { path: 'Dockerfile', pattern: /^ARG VERSION=(\S+)$/gm },
  { path: 'runner/gate/Dockerfile', pattern: /^ARG VERSION=(\S+)$/gm },
];

const TAG = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/;

/** The version of a tag; undefined if the tag is not `v` and a semantic version (https://semver.org). */
export const versionOf = (tag: string): string | undefined => TAG.exec(tag)?.[1];

/**
 * What prevents a release of this version: places with another version, and a changelog without a section for it. Empty: nothing.
 *
 * @param read the content of a file of the repository, by path
 */
export function releaseProblems(version: string, read: (path: string) => string): readonly string[] {
  const wrong = VERSION_PLACES.flatMap(({ path, pattern }) => {
    const found = [...read(path).matchAll(pattern)].map(([, stated = '']) => stated);
    if (found.length === 0) return [`${path}: states no version`];
    return found
      .filter((stated) => stated !== version)
      .map((stated) => `${path}: ${stated} instead of ${version}`);
  });
  const isLogged = changelogSection(read('CHANGELOG.md'), version) !== '';
  return isLogged ? wrong : [...wrong, `CHANGELOG.md: no section "## ${version}", or an empty one`];
}

/** The text of a version's section in the changelog, without its heading; empty if there is none. */
export function changelogSection(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => /^\S+/.exec(text)?.[0] === version);
  return section?.replace(/^.*\n/, '').trim() ?? '';
}

/** A commit since the last release. */
export interface Commit {
  readonly hash: string;
  /** Its first line, such as `fix(runner): …`. */
  readonly subject: string;
}

const GROUPS: readonly (readonly [type: string, heading: string])[] = [
  ['feat', 'Features'],
  ['fix', 'Fixes'],
  ['perf', 'Speed and memory'],
];
const SUBJECT = /^(\w+)(?:\(([^)]+)\))?(!)?: (.+)$/;

/** Release notes in Markdown: the changelog's section, then commits by type. Commits of other types are not listed. */
export function releaseNotes(section: string, commits: readonly Commit[]): string {
  const lists = GROUPS.map(([type, heading]) => {
    const lines = commits.flatMap((commit) => lineOf(commit, type));
    return lines.length === 0 ? '' : `### ${heading}\n\n${lines.join('\n')}`;
  });
  return `${[section, ...lists].filter((text) => text !== '').join('\n\n')}\n`;
}

function lineOf({ hash, subject }: Commit, wanted: string): readonly string[] {
  const [, type, scope, breaking, text] = SUBJECT.exec(subject) ?? [];
  if (type !== wanted || text === undefined) return [];
  const prefix = `${breaking ? '**breaking** ' : ''}${scope === undefined ? '' : `${scope}: `}`;
  return [`- ${prefix}${text} (${hash})`];
}

/** An image of a release. `target`: stage of the Dockerfile, empty for its last one. */
export interface ReleasedImage {
  readonly name: string;
  readonly dockerfile: string;
  readonly target: string;
  /** The build argument that sets the base, which a release pins by digest, and its default. */
  readonly base: string;
}

/** The images of a release, with the bases that their Dockerfiles state. */
export function releasedImages(read: (path: string) => string): readonly ReleasedImage[] {
  return [
    image('hangar-runner', 'Dockerfile', 'runner'),
    image('hangar-autoscaler', 'Dockerfile', 'autoscaler'),
    image('hangar-gate', 'runner/gate/Dockerfile', ''),
  ];

  function image(name: string, dockerfile: string, target: string): ReleasedImage {
    const base = /^ARG ((?:NODE|GO)=\S+)$/m.exec(read(dockerfile))?.[1];
    if (base === undefined) throw new Error(`${dockerfile} has no ARG for its base image`);
    return { name, dockerfile, target, base };
  }
}
