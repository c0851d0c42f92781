/** What a Dockerfile says about its last image, as far as ours do. */
export interface DockerfileFacts {
  /** `COPY` lines of the last stage. `from`: relative to the repository; `to`: relative to the working folder. */
  readonly copies: readonly { readonly from: string; readonly to: string }[];
  /** Ends of file names that earlier stages delete, such as `.d.ts`. */
  readonly deletedEnds: readonly string[];
  readonly user: string;
  readonly workingFolder: string;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Images that stages are made from; `scratch` and earlier stages left out. */
  readonly bases: readonly string[];
}

const SOURCE = '/src/';

/** Instructions, each on one line, comments left out. */
function instructions(text: string): readonly string[] {
  return text
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** Reads a Dockerfile in the words that ours use. Pure. @throws on a `COPY` of the last stage that it can't follow */
export function readDockerfile(text: string): DockerfileFacts {
  const all = instructions(text);
  const last = all.slice(all.findLastIndex((line) => line.startsWith('FROM ')));
  const word = (name: string): string =>
    last.findLast((line) => line.startsWith(`${name} `))?.slice(name.length + 1) ?? '';
  const entrypoint = word('ENTRYPOINT');
  return {
    copies: last.filter((line) => line.startsWith('COPY ')).map(copyOf),
    deletedEnds: all
      .filter((line) => line.startsWith('RUN find '))
      .flatMap((line) => [...line.matchAll(/-name '\*([^']+)'/g)].map(([, end = '']) => end)),
    user: word('USER'),
    workingFolder: word('WORKDIR'),
    entrypoint: entrypoint === '' ? [] : (JSON.parse(entrypoint) as readonly string[]),
    environment: pairs(word('ENV')),
    labels: pairs(word('LABEL')),
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
