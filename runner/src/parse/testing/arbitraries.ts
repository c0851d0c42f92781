import fc from 'fast-check';

/** Values of any kind and nesting, as YAML may have them, under keys of that arbitrary. */
export function yamlValues(keys: fc.Arbitrary<string>, texts: readonly unknown[]): fc.Arbitrary<unknown> {
  const scalar = fc.oneof(
    fc.constantFrom<unknown>(...texts),
    fc.string(),
    fc.integer(),
    fc.double(),
    fc.boolean(),
    fc.constant(null),
  );
  return fc.letrec<{ tree: unknown }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      scalar,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(keys, tie('tree'), { maxKeys: 5 }),
    ),
  })).tree;
}

/** What expressions of substitution are made of. */
export const EXPRESSION_PIECES: readonly string[] = '${ } : - = / // # % $ \\ * ? [ ] 1 , ^ ö'.split(' ');
