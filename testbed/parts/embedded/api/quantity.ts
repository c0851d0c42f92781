/** The multiplier of each suffix of a Kubernetes quantity. */
const SUFFIXES: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

const FORM = /^([+-]?[0-9.]+)(?:([eE][+-]?[0-9]+)|([numkMGTP]?i?|))$/;

/** The number a quantity stands for (`500m` is 0.5, `1Gi` is 2^30), or undefined when it is none. */
export function quantityOf(text: unknown): number | undefined {
  if (typeof text === 'number') return text;
  if (typeof text !== 'string') return undefined;
  const parsed = FORM.exec(text.trim());
  if (parsed === null) return undefined;
  const [, digits = '', exponent = '', suffix = ''] = parsed;
  const factor = SUFFIXES[suffix];
  const value = Number(`${digits}${exponent}`);
  return factor === undefined || Number.isNaN(value) ? undefined : value * factor;
}

/** CPU in thousandths of a core, rounded up as the scheduler does; 0 for none. */
export function cpuMillicoresOf(text: unknown): number {
  return Math.ceil(Number(((quantityOf(text) ?? 0) * 1000).toFixed(6)));
}

/** Bytes, rounded up; 0 for none. */
export function bytesOf(text: unknown): number {
  return Math.ceil(quantityOf(text) ?? 0);
}

/** Millicores as the API prints them: `1500m`, `2`. */
export function cpuText(millicores: number): string {
  return millicores % 1000 === 0 ? String(millicores / 1000) : `${millicores}m`;
}

const BINARY = ['Pi', 'Ti', 'Gi', 'Mi', 'Ki'] as const;

/** Bytes as the API prints binary quantities: `1Gi`, `100Mi`, `123`. */
export function memoryText(bytes: number): string {
  const suffix = bytes === 0 ? undefined : BINARY.find((unit) => bytes % (SUFFIXES[unit] ?? 1) === 0);
  return suffix === undefined ? String(bytes) : `${bytes / (SUFFIXES[suffix] ?? 1)}${suffix}`;
}
