import type { Level, NodeShape } from '../capacity/shape.ts';
import { LEVELS } from '../capacity/shape.ts';
import { MAX_PRS_PER_DAY } from '../model/nodes-for.ts';
import type { ModelParameters } from '../model/parameters.ts';
import { PUBLISHED } from '../model/parameters.ts';
import { PUBLISHED_SHAPES, parseResources, parseShape } from '../model/shapes.ts';
import { recommendationJson } from '../recommend/as-json.ts';
import { recommendForPrs } from '../recommend/for-prs.ts';
import { carriedJson, carriedText } from './carried.ts';
import type { Written } from './options.ts';
import { readNumber, readOptions, readWhole, readWord } from './options.ts';
import { recommendationText } from './recommendation-text.ts';
import type { Command, ExitCode, Terminal } from './terminal.ts';
import { UsageError } from './terminal.ts';

const HELP = `hangar-autoscaler recommend: how many nodes do so many pull requests a day need?

  hangar-autoscaler recommend --prs-per-day 500
  hangar-autoscaler recommend --prs-per-day 500 --shape 8cpu-16gb --level high
  hangar-autoscaler recommend --prs-per-day 500 --node cpu=16,memory=32Gi
  hangar-autoscaler recommend --prs-per-day 500 --node gke:cpu=16,memory=64Gi --json
  hangar-autoscaler recommend --nodes 40 --shape 4cpu-8gb

Needs no cluster. It answers by the table that was published for Drone's Kubernetes runner, and between and beyond
its rows by a model that gives all of its twelve numbers. "low" and "high" are the table's own words: their author
did not say what wait they stand for, so neither do we. Run "serve" to size pools by what your runners measure.

  --prs-per-day N    pull requests a day, 0 to ${MAX_PRS_PER_DAY}
  --nodes N          the other way round: what a pool of N nodes carries
  --shape NAME       4cpu-8gb or 8cpu-16gb (may be repeated; both when nothing is said)
  --node TEXT        a shape of your own (may be repeated):
                       cpu=16,memory=32Gi        allocatable, as "kubectl describe node" shows it; pods=110 may follow
                       gke:cpu=16,memory=64Gi    a whole machine, less what GKE keeps for itself
                       eks:cpu=16,memory=64Gi    the same by EKS's formula, for 58 Pods unless pods=N says otherwise
  --level LEVEL      low or high (both when nothing is said)
  --pod TEXT         what each build Pod asks for (${'cpu=1150m,memory=1700Mi'})
  --daemonsets TEXT  what your DaemonSets take of every node (${'cpu=300m,memory=370Mi'})
  --json             data instead of a table

Exit codes: 0 answered, 2 the command line makes no sense.
`;

const OPTIONS = {
  'prs-per-day': { type: 'string' },
  nodes: { type: 'string' },
  shape: { type: 'string', multiple: true },
  node: { type: 'string', multiple: true },
  level: { type: 'string' },
  pod: { type: 'string' },
  daemonsets: { type: 'string' },
  json: { type: 'boolean' },
} as const;

const MOST_NODES = 1_000_000;

const NAMES = PUBLISHED_SHAPES.map(({ name }) => name);

function publishedName(text: string): string {
  if (NAMES.includes(text)) return text;
  throw new UsageError(
    `--shape takes ${NAMES.join(' or ')}, not "${text}"; a shape of your own is written --node cpu=16,memory=32Gi`,
  );
}

function readShapes(written: Written): readonly NodeShape[] {
  const known = written.texts('shape').map(publishedName);
  const shapes = [...known, ...written.texts('node')].map((text) => {
    const parsed = parseShape(text);
    if ('problem' in parsed) throw new UsageError(`--node: ${parsed.problem}`);
    return parsed.shape;
  });
  const unique = shapes.filter(
    (shape, index) => shapes.findIndex(({ name }) => name === shape.name) === index,
  );
  return unique.length > 0 ? unique : PUBLISHED_SHAPES;
}

function readLevels(written: Written): readonly Level[] {
  const level = written.text('level');
  return level === undefined ? LEVELS : [readWord('level', level, LEVELS)];
}

function readRequest(written: Written, name: 'pod' | 'daemonsets', fallback: ModelParameters['pod']) {
  const text = written.text(name);
  if (text === undefined) return fallback;
  const parsed = parseResources(text, name === 'daemonsets' ? 0 : 1);
  if ('problem' in parsed) throw new UsageError(`--${name}: ${parsed.problem}`);
  return parsed.resources;
}

function answer(written: Written): string {
  const [shapes, levels, json] = [readShapes(written), readLevels(written), written.flag('json')];
  const parameters: ModelParameters = {
    ...PUBLISHED,
    pod: readRequest(written, 'pod', PUBLISHED.pod),
    daemonSets: readRequest(written, 'daemonsets', PUBLISHED.daemonSets),
  };
  const [prs, nodes] = [written.text('prs-per-day'), written.text('nodes')];
  if ((prs === undefined) === (nodes === undefined)) {
    throw new UsageError('say either --prs-per-day N or --nodes N, for instance --prs-per-day 500');
  }
  if (nodes !== undefined) {
    const question = {
      nodes: readWhole('nodes', nodes, [0, MOST_NODES]),
      shapes,
      levels,
      parameters,
    };
    return json ? toJson(carriedJson(question)) : carriedText(question);
  }
  const prsPerDay = readNumber('prs-per-day', prs ?? '', [0, MAX_PRS_PER_DAY]);
  const recommendation = recommendForPrs({ prsPerDay, shapes, levels, parameters });
  return json ? toJson(recommendationJson(recommendation)) : recommendationText(recommendation);
}

const toJson = (data: object): string => `${JSON.stringify(data)}\n`;

function run(args: readonly string[], terminal: Terminal): ExitCode {
  const written = readOptions(args, OPTIONS);
  const [stray] = written.words;
  if (stray !== undefined) throw new UsageError(`"${stray}" is not understood: recommend takes options only`);
  try {
    terminal.out(answer(written));
  } catch (error) {
    if (error instanceof RangeError)
      throw new UsageError(`${error.message}: a larger node, or less in --pod and --daemonsets, is needed`);
    throw error;
  }
  return 0;
}

/** `hangar-autoscaler recommend`: the published model at the command line, without a cluster. */
export const recommendCommand: Command = {
  name: 'recommend',
  summary: 'nodes for so many pull requests a day, by the published model',
  help: HELP,
  run: (args, terminal) => Promise.try(run, args, terminal),
};
