const { options } = require('./.dependency-cruiser.cjs');

/** Which way the folders of a program depend on each other, tests left out: `npm run imports`. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle-between-folders',
      comment: 'Move what both folders need below them, or give one of them an interface of its own.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^(runner|autoscaler)/src/[^/]+$' },
      to: { path: '^(runner|autoscaler)/src/[^/]+$', circular: true },
    },
  ],
  options: { ...options, exclude: { path: '(^|/)(dist|node_modules|testing)/|\\.test\\.ts$' } },
};
