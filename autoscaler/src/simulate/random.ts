/** A random generator that is deterministic for a seed. */
export interface Random {
  /** In [0, 1). */
  next(): number;
  /** A whole number in [0, bound). */
  below(bound: number): number;
  /** Standard normal. */
  normal(): number;
}

/** Spreads a small seed over 32 bits, so that neighbouring seeds give independent streams. */
function mix(seed: number): number {
  let value = seed | 0;
  value = Math.imul(value ^ (value >>> 16), 0x21f0aaad);
  value = Math.imul(value ^ (value >>> 15), 0x735a2d97);
  return (value ^ (value >>> 15)) >>> 0;
}

/**
 * A seeded generator (small fast counter, 128 bits of state).
 *
 * @param seed whole number; the same seed gives the same stream on every machine
 */
export function seededRandom(seed: number): Random {
  let [a, b, c, d] = [mix(seed), mix(seed + 0x9e3779b9), mix(seed + 0x3c6ef372), 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 12; round += 1) next();
  return {
    next,
    below: (bound) => Math.floor(next() * bound),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}
