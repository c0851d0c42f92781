/** Which way imports may point: `npm run imports`. */
module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      comment:
        'Two files that import each other are one idea in two places: give one of them an interface of its own.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-testing-in-src',
      comment: 'What only tests need stays out of what users run.',
      severity: 'error',
      from: {
        path: '^(shared|runner|autoscaler|dashboards|charts)/src/',
        pathNot: '(\\.(test|suite)\\.ts$|/testing/)',
      },
      to: { path: '/testing/|^testbed/' },
    },
    {
      name: 'no-edge-in-pure-room',
      comment: 'Rooms get their edges by constructor, through a port.',
      severity: 'error',
      from: {
        path: '^(runner|autoscaler)/src/[^/]+/',
        pathNot: '(/src/(edges|command|generate)/|/testing/|\\.test\\.ts$)',
      },
      to: { path: '/src/edges/' },
    },
    {
      name: 'no-program-in-shared',
      comment: 'shared/ knows neither program.',
      severity: 'error',
      from: { path: '^shared/' },
      to: { path: '^(runner|autoscaler|dashboards|charts|testbed)/' },
    },
    {
      name: 'programs-meet-in-shared',
      comment: 'Runner and autoscaler know each other by shared/src/contract only.',
      severity: 'error',
      from: { path: '^(runner|autoscaler)/' },
      to: { path: '^(runner|autoscaler)/', pathNot: '^$1/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|node_modules)/' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'require', 'node', 'default'],
      exportsFields: ['exports'],
      extensions: ['.ts', '.js'],
    },
  },
};
