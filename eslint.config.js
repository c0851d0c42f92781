import jsdoc from 'eslint-plugin-jsdoc';
import tseslint from 'typescript-eslint';

/** What pure rooms may not touch: time, chance, the process and the outside world come in by constructor. */
const impure = [
  { name: 'undici', message: 'Only edges speak HTTP.' },
  { name: 'node:fs', message: 'Only edges touch files.' },
  { name: 'node:fs/promises', message: 'Only edges touch files.' },
  { name: 'node:child_process', message: 'Only edges start processes.' },
];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/bundle/**',
      '**/node_modules/**',
      '**/coverage/**',
      '**/*.mjs',
      '**/*.cjs',
      'eslint.config.js',
      'vitest.config.ts',
    ],
  },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      complexity: ['error', 10],
      'max-depth': ['error', 3],
      'max-params': ['error', 4],
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 50 }],
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Use a union of words.' },
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        {
          selector: "CallExpression[callee.object.name='vi'][callee.property.name='mock']",
          message: 'A test that needs vi.mock shows a missing port.',
        },
      ],
    },
  },
  {
    files: ['shared/src/**/*.ts', 'runner/src/**/*.ts', 'autoscaler/src/**/*.ts'],
    ignores: [
      '**/*.test.ts',
      '**/*.suite.ts',
      '**/main.ts',
      '**/edges/**',
      '**/generate/**',
      '**/command/**',
      'shared/src/kubernetes/**',
      'shared/src/program/process.ts',
      '**/testing/**',
    ],
    rules: {
      'no-restricted-imports': ['error', { paths: impure }],
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'The environment is read in shared/src/program/process.ts only.',
        },
        { object: 'Math', property: 'random', message: 'Chance comes in by constructor.' },
        { object: 'Date', property: 'now', message: 'Time comes in by constructor: use the Clock.' },
      ],
    },
  },
  {
    files: ['shared/src/**/*.ts', 'runner/src/**/*.ts', 'autoscaler/src/**/*.ts'],
    ignores: ['**/*.test.ts'],
    // Known issue 66: what threads exchange is copied.
    rules: { 'no-restricted-globals': ['error', 'SharedArrayBuffer', 'Atomics'] },
  },
  {
    files: ['shared/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.suite.ts'],
    plugins: { jsdoc },
    rules: {
      'jsdoc/require-jsdoc': [
        'error',
        { publicOnly: true, contexts: ['TSInterfaceDeclaration', 'TSTypeAliasDeclaration'] },
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.suite.ts', 'testbed/**/*.ts'],
    rules: { 'max-lines-per-function': 'off', 'max-lines': ['error', { max: 600 }] },
  },
);
