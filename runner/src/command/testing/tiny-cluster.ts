import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { V1Node } from '@kubernetes/client-node';

/** An API server that responds to access reviews and lists nodes, and nothing else. */
export interface TinyCluster {
  /** Text of a kubeconfig. */
  readonly kubeconfig: string;
  close(): Promise<void>;
}

/** Starts one on loopback; `allows` decides by `verb resource`. */
export async function startTinyCluster(
  allows: (right: string) => boolean,
  nodes: readonly V1Node[] = [],
): Promise<TinyCluster> {
  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url?.replace(/\?.*/, '');
      if (path === '/api/v1/nodes') {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: nodes }));
        return;
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of request) chunks.push(chunk as Uint8Array);
      const { spec } = JSON.parse(Buffer.concat(chunks).toString() || '{}') as {
        spec?: { resourceAttributes: { verb: string; resource: string } };
      };
      const { verb = '', resource = '' } = spec?.resourceAttributes ?? {};
      response.writeHead(201, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ status: { allowed: allows(`${verb} ${resource}`) } }));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'tiny',
      clusters: [
        { name: 'tiny', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } },
      ],
      contexts: [{ name: 'tiny', context: { cluster: 'tiny', user: 'tiny' } }],
      users: [{ name: 'tiny', user: { token: 't' } }],
    }),
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
