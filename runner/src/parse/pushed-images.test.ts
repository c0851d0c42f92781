import { describe, expect, it } from 'vitest';
import { parseManifest } from './manifest.ts';
import { pushedImages } from './pushed-images.ts';

function stepsOf(...steps: readonly string[]) {
  const { pipelines } = parseManifest(
    `kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- ${steps.join('\n- ')}\n`,
  );
  return pipelines[0]?.steps ?? [];
}

const found = (...steps: readonly string[]) =>
  pushedImages(stepsOf(...steps)).map(({ step, by }) => `${step.name} by ${by.name}`);

describe('the images that an earlier step pushes', () => {
  it.each([
    ['{repo: acme/app, tags: [x]}', 'acme/app:x', true],
    ['{repo: registry.test/acme/app}', 'registry.test/acme/app', true],
    ['{registry: "https://registry.test", repo: acme/app}', 'registry.test/acme/app:x', true],
    ['{destinations: [acme/tool:1, acme/app:2]}', 'docker.io/acme/app:2', true],
    ['{repo: acme/app}', 'registry.test/acme/app', false],
    ['{repo: acme/app}', 'acme/app-test', false],
    ['{repo: {from_secret: name}}', 'acme/app', false],
  ])('are known by settings: %s, then %s: %s', (settings, image, isPushed) => {
    const push = `{name: publish, image: plugins/docker, settings: ${settings}}`;
    const use = `{name: test, image: "${image}", commands: [check]}`;

    expect(found(push, use)).toEqual(isPushed ? ['test by publish'] : []);
    expect(found(use, push)).toEqual([]);
  });

  it.each([
    ['docker push acme/app:7', 'acme/app:7', true],
    ['docker push acme/app:$DRONE_TAG', 'acme/app:7', true],
    ['docker push "registry.test:5000/acme/app:${T}" && echo done', 'registry.test:5000/acme/app:7', true],
    ['docker buildx build --push -t acme/app:7 -t acme/app .', 'acme/app', true],
    ['executor --context . --destination=acme/app:7', 'acme/app', true],
    ['skopeo copy oci:out docker://acme/app:7 # push', 'acme/app', true],
    ['docker push acme/app@sha256:00', 'acme/app', true],
    ['docker pull acme/app:7', 'acme/app:7', false],
    ['docker push acme/app-test:7', 'acme/app:7', false],
    ['docker push $REPOSITORY:7', 'acme/app:7', false],
    ['docker push docker', 'docker', false],
    ['git push https://git.test/acme/app HEAD:acme/app', 'git.test/acme/app', false],
  ])('are known by commands: %s, then %s: %s', (command, image, isPushed) => {
    const push = `{name: publish, image: docker, commands: [${JSON.stringify(['cd x', command].join('\n'))}]}`;
    const use = `{name: test, image: "${image}", commands: [check]}`;

    expect(found(push, use)).toEqual(isPushed ? ['test by publish'] : []);
    expect(found(use, push)).toEqual([]);
  });

  it('are found at once in the longest commands', () => {
    const [step] = stepsOf('{name: publish, image: docker, commands: [x]}');
    if (step === undefined) throw new Error('no step');
    const long = {
      ...step,
      commands: [`push ${':@/'.repeat(300_000)} ${'a/'.repeat(300_000)} ${'a/b '.repeat(200_000)}`],
    };

    expect(pushedImages([long, step])).toEqual([]);
  });
});
