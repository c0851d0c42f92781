import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RUNNER } from './commands.ts';
import { commandLine, KUBECONFIG, stepsOf } from './testing/command-line.ts';

/** What a hostile repository would have in its root: each command that reads it would talk to another cluster. */
const FILES = {
  '.env': 'DRONE_KUBERNETES_CONFIG=hostile\nKUBECONFIG=hostile\nDRONE_RPC_SECRET=s\nDRONE_RPC_HOST=d\n',
  '.drone.yml': stepsOf('- name: a', '  image: alpine', '  commands: [ "true" ]'),
};
const names = RUNNER.commands.map(({ name }) => name.replace('hangar-runner ', ''));

/** The files that a command read. */
async function filesRead(words: readonly string[]): Promise<readonly string[]> {
  const read: string[] = [];
  const readFile = (path: string): string => {
    read.push(path);
    const text = FILES[path as keyof typeof FILES] as string | undefined;
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  };
  await commandLine(words, FILES, { env: {}, readFile });
  return read;
}

describe('.env of the working directory', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-dotenv-unit-'));
    writeFileSync(join(folder, 'kubeconfig'), KUBECONFIG);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(names.filter((name) => name !== 'daemon'))(
    'is not read by %s: that may run in the clone of a repository',
    async (name) => {
      const flags = name === 'exec' ? ['--kubeconfig', join(folder, 'kubeconfig')] : [];
      const read = await filesRead([name, ...flags]);
      expect(read).not.toContain('.env');
      // Near miss: whatever else the command reads there, it still does.
      if (['lint', 'fmt', 'compile', 'exec'].includes(name)) expect(read).toContain('.drone.yml');
    },
  );

  it('is read by the daemon, which runs where its operator starts it', async () => {
    expect(await filesRead(['daemon'])).toContain('.env');
  });
});
