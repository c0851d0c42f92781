import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { expect, it } from 'vitest';
import { draftParts } from './assemble.ts';
import { loadConfig } from './config/load.ts';
import { fakeRegistry } from './edges/testing/fake-registry.ts';

it('image look-ups never go to the API server of the connection, though every registry is allowed', async () => {
  await using apiServer = await fakeRegistry({ login: 'none' });
  await using registry = await fakeRegistry({ login: 'none' });
  const loaded = loadConfig(
    { DRONE_RPC_HOST: 'drone.acme.test', DRONE_RPC_SECRET: 'bea26a2221fd8090' },
    () => '',
    { hostname: 'pod-1', version: '0.1.0', namespace: 'ci' },
  );
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const { prepare } = draftParts(loaded.ok, {
    clock: new FakeClock(),
    random: () => 0.5,
    readFile: () => Promise.resolve(''),
    connection: { server: apiServer.url },
  });
  const find = ({ port }: { readonly port: number }) =>
    prepare.images.find(
      { image: `127.0.0.1:${port}/team/tool:1`, os: 'linux', arch: 'amd64', variant: '' },
      [],
    );

  expect(await find(apiServer)).toMatchObject({ kind: 'unknown' });
  expect(apiServer.seen).toEqual([]);
  expect(await find(registry)).toMatchObject({ kind: 'found' });
});
