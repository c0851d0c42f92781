/** How a pool is scaled. */
export type ActuatorKind = 'node-pool' | 'capacity-buffer' | 'placeholder';

/** One pool and the object that scales it. */
export interface ActuatorSetting {
  readonly pool: string;
  readonly kind: ActuatorKind;
  /** Empty for a NodePool, which has none. */
  readonly namespace: string;
  readonly name: string;
  /** The number of Pods of a buffer's template that fill a node; 1 for other kinds. */
  readonly chunksPerNode: number;
}

const NAME = '[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?';
const LABEL = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';

/** The format of the part after the colon, by kind. */
const OBJECT: Readonly<Record<ActuatorKind, { readonly pattern: RegExp; readonly written: string }>> = {
  'node-pool': { pattern: new RegExp(`^(?<name>${NAME})$`), written: 'node-pool:NAME' },
  'capacity-buffer': {
    pattern: new RegExp(`^(?<namespace>${LABEL})/(?<name>${NAME})(?:\\*(?<chunks>[1-9]\\d{0,3}))?$`),
    written: 'capacity-buffer:NAMESPACE/NAME',
  },
  placeholder: {
    pattern: new RegExp(`^(?<namespace>${LABEL})/(?<name>${NAME})$`),
    written: 'placeholder:NAMESPACE/NAME',
  },
};

const isKind = (word: string): word is ActuatorKind => Object.hasOwn(OBJECT, word);

/** Reads `POOL=KIND:OBJECT`, comma-separated. @returns the valid entries, and one sentence for each invalid one */
export function readActuators(text: string): {
  readonly actuators: readonly ActuatorSetting[];
  readonly problems: readonly string[];
} {
  const parts = text.split(',').map((part) => part.trim());
  const read = parts.filter((part) => part !== '').map(readOne);
  const actuators = read.flatMap((one) => (typeof one === 'string' ? [] : [one]));
  const wrong = read.flatMap((one) => (typeof one === 'string' ? [one] : []));
  return { actuators, problems: [...wrong, ...twice(actuators)] };
}

function readOne(part: string): ActuatorSetting | string {
  const {
    pool = '',
    kind = '',
    object = '',
  } = /^(?<pool>[^=]+)=(?<kind>[^:]*):(?<object>.*)$/.exec(part)?.groups ?? {};
  if (pool === '') return `has no POOL=KIND:OBJECT in "${part.slice(0, 100)}"`;
  if (!isKind(kind)) return `has an unknown kind "${kind}" for the pool ${pool}`;
  return readObject(pool, kind, object);
}

function readObject(pool: string, kind: ActuatorKind, object: string): ActuatorSetting | string {
  const { pattern, written } = OBJECT[kind];
  const found = pattern.exec(object)?.groups;
  if (found === undefined) return `has no object for the pool ${pool}: write ${written}`;
  const { namespace = '', name = '', chunks = '1' } = found;
  return { pool, kind, namespace, name, chunksPerNode: Number(chunks) };
}

const objectOf = ({ kind, namespace, name }: ActuatorSetting): string => `${kind} ${namespace}/${name}`;

/** A pool must have only one actuator: two would overwrite each other's number. */
function twice(actuators: readonly ActuatorSetting[]): readonly string[] {
  const repeated = (words: readonly string[]): readonly string[] => [
    ...new Set(words.filter((word, place) => words.indexOf(word) !== place)),
  ];
  return [
    ...repeated(actuators.map(({ pool }) => pool)).map((pool) => `has two actuators for the pool ${pool}`),
    ...repeated(actuators.map(objectOf)).map((object) => `scales ${object} by two pools`),
  ];
}
