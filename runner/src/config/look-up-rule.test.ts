import { expect, it } from 'vitest';
import { lookUpRule } from './look-up-rule.ts';

const NEVER = 'never to link-local or metadata addresses, nor to the Kubernetes API server';

it.each<[string, Parameters<typeof lookUpRule>[0], string]>([
  [
    'open',
    { privateRegistries: ['*'], plainHttp: [], mirrors: {}, imageCommands: {} },
    `image look-ups go to every registry that a pipeline names, including private addresses (HANGAR_PRIVATE_REGISTRIES=none refuses those), and ${NEVER}`,
  ],
  [
    'closed',
    { privateRegistries: ['none'], plainHttp: [], mirrors: {}, imageCommands: {} },
    `image look-ups go to public addresses, to private ones only for registries that the operator named (none, and those with the operator's credentials), and ${NEVER}`,
  ],
  [
    'closed but for what the operator named',
    {
      privateRegistries: ['*.corp.test'],
      plainHttp: ['10.0.0.5:5000'],
      mirrors: { 'docker.io': 'mirror.test', 'quay.io': 'mirror.test' },
      imageCommands: {},
    },
    `image look-ups go to public addresses, to private ones only for registries that the operator named (*.corp.test, 10.0.0.5:5000, mirror.test, and those with the operator's credentials), and ${NEVER}`,
  ],
])('the rule of image look-ups for the operator: %s', (_, registry, want) => {
  expect(lookUpRule(registry)).toBe(want);
});
