import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import type { EmbeddedCluster } from '../../parts/embedded/cluster.ts';
import { readDocument } from '../docs/pages.ts';
import { type ExecSession, openExecSession } from './exec-process.ts';
import { startEmbedded } from './start-embedded.ts';

interface Step {
  readonly name: string;
  readonly commands: readonly string[];
}

const yaml = readDocument('.drone.yml');
const { steps } = parse(yaml) as { readonly steps: readonly Step[] };

/** Stand-ins for the programs of the images: they print their call, and need the clone and what `npm ci` leaves. */
const TOOL = `#!/bin/sh
[ -d runner/gate ] || [ -f gate.go ] || exit 90
[ "$*" = ci ] && mkdir node_modules
[ "$(basename "$0")" = go ] || [ -d node_modules ] || exit 91
echo "called: $(basename "$0") $*"
`;

/** The pipeline of this repository, in the runner of this repository; `npm run own-pipeline` runs it with the real programs. */
describe('.drone.yml', () => {
  let embedded: EmbeddedCluster;
  let session: ExecSession;

  beforeAll(async () => {
    const clone = { script: 'mkdir -p runner/gate && touch runner/gate/gate.go' };
    const { cluster, access } = await startEmbedded({ images: { 'drone/git': clone } });
    embedded = cluster;
    session = await openExecSession(access);
  });
  afterAll(async () => {
    await session.close();
    await embedded.close();
  });

  it('runs to its end: every command of every step is called, in the clone, after npm ci', async () => {
    const tools = join(embedded.folder, 'tools');
    mkdirSync(tools);
    for (const name of ['npm', 'npx', 'go']) {
      writeFileSync(join(tools, name), TOOL);
      chmodSync(join(tools, name), 0o755);
    }
    const path = `${tools}:${process.env['PATH']}`;
    const flags = ['--repo-http', 'https://git.acme.test/hangar.git', '--environ', `PATH=${path}`];
    const { code, out } = await session.exec({ yaml, flags });
    const called = (step: Step): readonly string[] =>
      step.commands.filter((command) => !command.startsWith('cd ')).map((command) => `called: ${command}`);
    for (const step of steps) {
      const lines = out.split('\n').filter((line) => line.startsWith(step.name));
      const calls = lines
        .map((line) => line.replace(/^\S+ +\| /, ''))
        .filter((line) => line.startsWith('called'));
      expect({ [step.name]: calls }).toEqual({ [step.name]: called(step) });
      expect(lines.at(-1)).toMatch(/ success +0 /);
    }
    expect(code).toBe(0);
  });
});
