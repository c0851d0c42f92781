import { describe, expect, it } from 'vitest';
import { connect } from './connect.ts';

const access = (kubeconfig: string) => ({ kubeconfig, setting: 'X_KUBECONFIG', otherwise: ', or X=off' });

describe('connecting', () => {
  it('needs a kubeconfig outside of a Pod, and names the setting for it', async () => {
    await expect(connect(access(''), {})).rejects.toMatchObject({
      exitCode: 78,
      problems: [
        'this process is not in a Pod (KUBERNETES_SERVICE_HOST is not set). Set X_KUBECONFIG to the path of a kubeconfig, or X=off',
      ],
    });
  });

  it('names the setting with an invalid kubeconfig', async () => {
    await expect(connect(access('/does/not/exist'), {})).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringMatching(
        /cannot connect to Kubernetes by X_KUBECONFIG \(\/does\/not\/exist\): ./,
      ) as string,
    });
  });
});
