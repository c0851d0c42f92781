type Variables = Readonly<Record<string, string>>;

const NUMBER = /^\d+$/;
const WORD = /^[0-9A-Za-z.-]+$/;

interface Cut {
  readonly core: string;
  readonly prerelease: string;
  readonly build: string;
}

/** Splits `1.2.3-pre+meta` into its three parts, the meta part first. */
function cutVersion(version: string): Cut {
  const plus = version.indexOf('+');
  const left = plus < 0 ? version : version.slice(0, plus);
  const dash = left.indexOf('-');
  return {
    core: dash < 0 ? left : left.slice(0, dash),
    prerelease: dash < 0 ? '' : left.slice(dash + 1),
    build: plus < 0 ? '' : version.slice(plus + 1),
  };
}

function semverProblem({ core, prerelease, build }: Cut): string {
  const parts = core.split('.');
  if (parts.length !== 3) return `${core} is not in dotted-tri format`;
  const odd = parts.find((part) => !NUMBER.test(part));
  if (odd !== undefined) return `strconv.ParseInt: parsing ${JSON.stringify(odd)}: invalid syntax`;
  const oddWord = [prerelease, build].find((word) => word !== '' && !WORD.test(word));
  return oddWord === undefined ? '' : `${oddWord} is not a valid identifier`;
}

/** Variables of a semantic version, or the one with the parse error (previous-runner §4.7.3). */
function semverVariables(version: string): Variables {
  const cut = cutVersion(version);
  const problem = semverProblem(cut);
  if (problem !== '') return { DRONE_SEMVER_ERROR: problem };
  const [major = '', minor = '', patch = ''] = cut.core.split('.').map((part) => BigInt(part).toString());
  const short = `${major}.${minor}.${patch}`;
  const prerelease = cut.prerelease && `-${cut.prerelease}`;
  const build = cut.build && `+${cut.build}`;
  return {
    DRONE_SEMVER: `${short}${prerelease}${build}`,
    DRONE_SEMVER_MAJOR: major,
    DRONE_SEMVER_MINOR: minor,
    DRONE_SEMVER_PATCH: patch,
    DRONE_SEMVER_SHORT: short,
    ...(cut.prerelease === '' ? {} : { DRONE_SEMVER_PRERELEASE: cut.prerelease }),
    ...(cut.build === '' ? {} : { DRONE_SEMVER_BUILD: cut.build }),
  };
}

/** The year of a calendar version: 19 to 99, or 2019 to 9998. */
function isYear(text: string): boolean {
  const year = Number(text);
  return NUMBER.test(text) && ((year >= 19 && year <= 99) || (year >= 2019 && year <= 9998));
}

/** The three parts of a calendar version, separated by its first two dots; undefined if it is none. */
function calendarParts(version: string): readonly [string, string, string] | undefined {
  const [major = '', minor = '', ...rest] = version.split('.');
  return isYear(major) && NUMBER.test(minor) ? [major, minor, rest.join('.')] : undefined;
}

/** Variables of a calendar version, none if it is not one; leading zeros are kept (previous-runner §4.7.3). */
function calverVariables(version: string): Variables {
  const parts = calendarParts(version);
  if (parts === undefined) return {};
  const [major, minor, third] = parts;
  const dash = third.indexOf('-');
  const micro = dash < 0 ? third : third.slice(0, dash);
  const modifier = dash < 0 ? '' : third.slice(dash + 1);
  return {
    DRONE_CALVER: version,
    DRONE_CALVER_MAJOR_MINOR: `${major}.${minor}`,
    DRONE_CALVER_MAJOR: major,
    DRONE_CALVER_MINOR: minor,
    DRONE_CALVER_MICRO: micro,
    DRONE_CALVER_SHORT: micro === '' ? `${major}.${minor}` : `${major}.${minor}.${micro}`,
    ...(modifier === '' ? {} : { DRONE_CALVER_MODIFIER: modifier }),
  };
}

/** `DRONE_TAG` and the variables of its version, for refs below `refs/tags/`; none for other refs (previous-runner §4.7.2, §4.7.3). */
export function tagVariables(ref: string): Variables {
  const prefix = 'refs/tags/';
  if (!ref.startsWith(prefix)) return {};
  const tag = ref.slice(prefix.length);
  const version = tag.replace(/^v/, '');
  return { DRONE_TAG: tag, ...semverVariables(version), ...calverVariables(version) };
}
