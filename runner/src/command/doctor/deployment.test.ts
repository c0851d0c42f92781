import { describe, expect, it } from 'vitest';
import { readDeployment } from './deployment.ts';

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: drone-runner-kube }
spec:
  template:
    spec:
      containers:
        - name: proxy
          env: [{ name: NOT_THIS, value: x }]
        - name: drone-runner-kube
          envFrom:
            - secretRef: { name: drone-runner-secret }
            - configMapRef: { name: drone-runner }
          env:
            - { name: DRONE_RPC_HOST, value: drone.acme.test }
            - { name: DRONE_RUNNER_CAPACITY, value: "20" }
            - { name: DRONE_UI_PASSWORD, valueFrom: { secretKeyRef: { name: ui, key: password } } }
            - { name: NODE, valueFrom: { fieldRef: { fieldPath: spec.nodeName } } }
`;

describe('readDeployment', () => {
  const WANTED = {
    env: { DRONE_RPC_HOST: 'drone.acme.test', DRONE_RUNNER_CAPACITY: '20' },
    elsewhere: [
      'Secret drone-runner-secret (all its keys)',
      'ConfigMap drone-runner (all its keys)',
      'DRONE_UI_PASSWORD: Secret ui, key password',
      'NODE: a field of the Pod',
    ],
  };

  it('reads env of the runner’s container, and names what is elsewhere', () => {
    expect(readDeployment(DEPLOYMENT)).toEqual(WANTED);
  });

  it('finds the Deployment among other objects, and in a List', () => {
    expect(readDeployment(`kind: Service\n---\n${DEPLOYMENT}`)).toEqual(WANTED);
    const item = DEPLOYMENT.trim().replaceAll('\n', '\n    ');
    expect(readDeployment(`kind: List\nitems:\n  - ${item}`)).toEqual(WANTED);
  });

  it.each(['kind: Pod', 'A=1', ''])('refuses a text without one: %j', (text) => {
    expect(() => readDeployment(text)).toThrow('no object of kind Deployment');
  });

  it('refuses a file with an error of syntax, which would be read in part', () => {
    const text =
      'kind: Deployment\nspec:\n  template: { spec: { containers: [ { name: runner, env: [ { name: A, value: b } ] } ] }\n';
    expect(() => readDeployment(text)).toThrow('it is not valid YAML: ');
  });
});
