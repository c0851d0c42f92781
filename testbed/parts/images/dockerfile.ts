/** What a Dockerfile says about one of its images, as far as ours do. */
export interface DockerfileFacts {
  /** `COPY` lines of the image's stage and of those that it is made from. `from`: relative to the repository; `to`: relative to the working folder, or absolute. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  /** Whether it contains the gate, from a stage of that name. */
  readonly hasGate: boolean;
  readonly user: string;
  readonly workingFolder: string;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Images that stages are made from; `scratch` and earlier stages left out. */
  readonly bases: readonly string[];
}

const SOURCE = '/src/';
const COPY_GATE = 'COPY --from=gate /out/ /';

/** Instructions, each on one line, comments left out. */
function instructions(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** What a build argument sets is not known here. */
const isEnv = (line: string): boolean => line.startsWith('ENV ') && !line.includes('${');

/** Lines of a stage (empty: the last one), after those of the earlier stages that it is made from. @throws when there is none of that name */
function stageLines(all: readonly string[], stage: string): readonly string[] {
  const froms = all.flatMap((line, at) => (line.startsWith('FROM ') ? [{ line, at }] : []));
  const place = froms.findLastIndex(({ line }) => stage === '' || line.endsWith(` AS ${stage}`));
  const from = froms[place];
  if (from === undefined) throw new Error(`the Dockerfile has no stage ${stage}`);
  const own = all.slice(from.at + 1, froms[place + 1]?.at);
  const [, base = ''] = /^FROM (\S+)/.exec(from.line) ?? [];
  const isStage = froms.some(({ line }) => line.endsWith(` AS ${base}`));
  return isStage ? [...stageLines(all, base), ...own] : own;
}

/**
 * Parses the subset of Dockerfile instructions that ours use. Pure.
 *
 * @param target the stage; empty: the last one
 * @throws on a `COPY` of it that it can't follow
 */
export function readDockerfile(text: string, target = ''): DockerfileFacts {
  const all = instructions(text);
  const last = stageLines(all, target);
  const word = (name: string): string =>
    last.findLast((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const entrypoint = word('ENTRYPOINT');
  return {
    copies: last.filter((line) => line.startsWith('COPY ') && line !== COPY_GATE).map(copyOf),
    hasGate: last.includes(COPY_GATE),
    user: word('USER'),
    workingFolder: word('WORKDIR'),
    entrypoint: entrypoint === '' ? [] : (JSON.parse(entrypoint) as readonly string[]),
    environment: Object.assign({}, ...last.filter(isEnv).map(pairs)) as Readonly<Record<string, string>>,
    labels: Object.assign({}, ...last.filter((line) => line.startsWith('LABEL ')).map(pairs)) as Readonly<
      Record<string, string>
    >,
    bases: all.flatMap((line) => /^ARG \w+=(\S+[/:]\S+)$/.exec(line)?.[1] ?? []),
  };
}

function copyOf(line: string): { from: string; to: string } {
  const [, source = '', to = ''] = /^COPY (?:--from=\w+ )?(\S+) (\S+)$/.exec(line) ?? [];
  if (source === '') throw new Error(`a COPY with one source and one target is wanted, not: ${line}`);
  const from = source.startsWith(SOURCE) ? source.slice(SOURCE.length) : source;
  const name = from.split('/').at(-1) ?? from;
  const target = to.endsWith('/') ? `${to}${name}` : to;
  return { from, to: target.replace(/^\.\//, '') };
}

const pairs = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/([\w.]+)=(?:"([^"]*)"|(\S+))/g)].map(([, name = '', quoted, bare = '']) => [
      name,
      quoted ?? bare,
    ]),
  );
