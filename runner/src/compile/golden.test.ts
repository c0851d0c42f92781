import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { findPipeline } from '../parse/find-pipeline.ts';
import { parseManifest } from '../parse/manifest.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import { compile } from './compile.ts';
import { toYaml } from './render.ts';
import { stageEnvironment } from './stage-environment.ts';
import { aCompileInput, aDetail, anImage, aPreparation, NOW_MS } from './testing/a-pipeline.ts';

/**
 * Pipelines and their compiled form, for review by people: `golden/<case>.yml` → `golden/<case>.json`.
 * After an intended change: `npx vitest run --project unit runner/src/compile/golden.test.ts -u`, and read the diff.
 */
const folder = new URL('golden/', import.meta.url);
const cases = readdirSync(folder)
  .filter((file) => file.endsWith('.yml'))
  .map((file) => file.replace(/\.yml$/, ''));

const detail = aDetail({ netrc: { machine: 'git.example.com', login: 'ada', password: 'n3trc-pass' } });

function compiledCase(name: string): Compiled {
  const manifest = parseManifest(readFileSync(new URL(`${name}.yml`, folder), 'utf8'));
  const images = {
    'docker.io/drone/git:latest': anImage({ entrypoint: ['/usr/local/bin/clone'] }),
    'docker.io/library/redis:8': anImage({ entrypoint: ['docker-entrypoint.sh'], cmd: ['redis-server'] }),
    'docker.io/library/postgres:17': anImage({
      entrypoint: ['docker-entrypoint.sh'],
      cmd: ['postgres'],
      stopSignal: 'SIGINT',
    }),
    'docker.io/plugins/slack:latest': anImage({ entrypoint: ['/bin/drone-slack'] }),
    'docker.io/plugins/docker:20': anImage({
      entrypoint: ['/usr/local/bin/dockerd-entrypoint.sh', '/bin/drone-docker'],
    }),
  };
  const secrets = {
    database_password: 'pg-pass',
    slack_webhook: 'https://hooks.example.com/x',
    publish_token: 'p$t',
    token: 't0ken',
  };
  const registries =
    name === 'credentials' ? [{ address: 'registry.example.com', username: 'ada', password: 'pw' }] : [];
  const prepared = aPreparation({ images, secrets, registries });
  return compile(aCompileInput({ pipeline: findPipeline(manifest, 'default'), detail, prepared }));
}

/** A Secret's entry in readable form; of the stage's variables only those that differ between cases. */
function readableText(key: string, data: string): unknown {
  const content = Buffer.from(data, 'base64').toString('utf8');
  if (!key.endsWith('json')) return content.split('\n');
  const value = JSON.parse(content) as { env?: Record<string, string> };
  if (key !== 'stage.json') return value;
  const everywhere = new Set(Object.keys(stageEnvironment(detail, NOW_MS)));
  const env = Object.entries(value.env ?? {}).filter(([variable]) => !everywhere.has(variable));
  return { ...value, env: Object.fromEntries(env) };
}

function readable({ secrets, pullSecret, pod, ...rest }: Compiled): object {
  const texts = [...secrets, pullSecret].flatMap((secret) => Object.entries(secret?.data ?? {}));
  return {
    ...rest,
    files: Object.fromEntries(texts.map(([key, data]) => [key, readableText(key, data)])),
    pod,
  };
}

describe('golden pipelines', () => {
  it.each(cases)('%s', async (name) => {
    const text = `${JSON.stringify(readable(compiledCase(name)), null, 2)}\n`;
    await expect(text).toMatchFileSnapshot(`golden/${name}.json`);
  });

  it.each(cases)('%s shows no secret as YAML unless asked', (name) => {
    const compiled = compiledCase(name);
    const secret = /n3trc-pass|pg-pass|hooks\.example|p\$t|t0ken|YWRhOnB3/;
    expect(toYaml(compiled, { showSecrets: false })).not.toMatch(secret);
    expect(toYaml(compiled, { showSecrets: true })).toMatch(name === 'entrypoint' ? /n3trc-pass/ : secret);
  });
});
