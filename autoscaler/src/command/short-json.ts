/** More digits than these are rounding errors of the arithmetic: 5.887499999999999 for 5.8875. */
const DIGITS = 12;

/** A value as JSON, with numbers of at most twelve significant digits. Pure. */
export const shortJson = (value: unknown): string =>
  JSON.stringify(value, (_key, one: unknown) =>
    typeof one === 'number' && Number.isFinite(one) ? Number(one.toPrecision(DIGITS)) : one,
  );
