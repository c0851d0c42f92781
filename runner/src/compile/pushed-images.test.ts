import { describe, expect, it } from 'vitest';
import { compile } from './compile.ts';
import { aCompileInput, anImage, aPipeline, aPreparation, aStep, text } from './testing/a-pipeline.ts';

/** Compiles a step that runs an image after a step that pushes `repo`. */
function compiledAfterPushOf(repo: string, use: Parameters<typeof aStep>[0], more: object = {}) {
  const images = {
    'docker.io/drone/git:latest': anImage(),
    'docker.io/plugins/docker:latest': anImage(),
    'docker.io/acme/tool:1': anImage(),
  };
  const push = {
    ...aStep({ name: 'push', image: 'plugins/docker', commands: [] }),
    settings: { PLUGIN_REPO: text(repo) },
  };
  const steps = [push, aStep({ name: 'use', image: 'acme/tool:1', ...use })];
  const result = compile(
    aCompileInput({ pipeline: aPipeline({ steps, ...more }), prepared: aPreparation({ images }) }),
  );
  const container = result.pod?.spec?.containers.at(-1);
  const variables = new Map((container?.env ?? []).map(({ name, value }) => [name, value]));
  const mounts = (container?.volumeMounts ?? []).map(({ mountPath }) => mountPath);
  const files = result.secrets.flatMap((one) => Object.keys(one.data ?? {}));
  return { ...result, container, variables, mounts, files, engine: result.plan.steps.at(-1)?.engine };
}

const PLUGIN = { commands: [] };
const COMMANDS = { commands: ['make'] };

describe('a step whose image an earlier step pushes', () => {
  it('starts as the placeholder without commands: the image may have another command by then', () => {
    const { engine, container, mounts } = compiledAfterPushOf('acme/tool', PLUGIN);
    expect(engine).toBe('swap');
    expect(container?.command).toBeUndefined();
    expect(mounts).not.toContain('/hangar/bin');
  });

  it('is held by the program of the gate with commands, and finds its script', () => {
    const { engine, container, mounts, files, warnings } = compiledAfterPushOf('acme/tool', COMMANDS);
    expect(engine).toBe('swap');
    expect(container).toMatchObject({
      image: 'ghcr.io/hangar/gate:0.1.0',
      command: ['/hangar/bin/gate', 'hold', '/bin/sh', '/hangar/own/script'],
    });
    expect(container).not.toHaveProperty('args');
    expect(mounts).toEqual(expect.arrayContaining(['/hangar/bin', '/hangar/own', '/run/drone']));
    expect(mounts).not.toContain('/hangar/state');
    expect(files).toContain('3.script');
    expect(files).not.toContain('3.step.json');
    expect(warnings).toEqual([]);
  });

  it('is held with an entrypoint, whose dollars the kubelet does not expand', () => {
    const { container, mounts } = compiledAfterPushOf('acme/tool', {
      ...PLUGIN,
      entrypoint: ['/tool', '$(HOME)'],
      command: ['-v'],
    });
    expect(container?.command).toEqual(['/hangar/bin/gate', 'hold', '/tool', '$$(HOME)', '-v']);
    expect(mounts).not.toContain('/hangar/own');
  });

  it('gets the status values of its turn, which are not those of the start, unless it sets one', () => {
    const { variables } = compiledAfterPushOf('acme/tool', {
      ...COMMANDS,
      environment: { DRONE_STAGE_STATUS: text('mine') },
    });
    expect(variables.get('DRONE_STAGE_STATUS')).toBe('mine');
    expect(variables.has('DRONE_BUILD_STATUS')).toBe(false);
    expect(variables.get('DRONE_BUILD_NUMBER')).toBeDefined();
    expect(compiledAfterPushOf('acme/tool', PLUGIN).variables.has('DRONE_BUILD_STATUS')).toBe(true);
  });

  it.each([
    ['with commands', COMMANDS],
    ['as a plugin', PLUGIN],
  ])('%s has no timeout and does not count for parallelism, which is said with the remedy', (_, use) => {
    const { warnings } = compiledAfterPushOf('acme/tool', { ...use, timeoutMs: 60_000 }, { parallelism: 2 });
    expect(warnings).toEqual([
      expect.stringMatching(/timeout is ignored, because an earlier step pushes image "acme\/tool:1"/),
      expect.stringMatching(
        /does not count for parallelism: an earlier step pushes its image "acme\/tool:1"/,
      ),
    ]);
  });
});

describe('a step whose image no earlier step pushes', () => {
  it.each([
    ['without commands', PLUGIN],
    ['with commands', COMMANDS],
  ])('starts with it, %s', (_, use) => {
    expect(compiledAfterPushOf('acme/other', use)).toMatchObject({
      engine: 'gate',
      container: { image: 'docker.io/acme/tool:1' },
    });
  });
});
