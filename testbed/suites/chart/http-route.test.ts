import type { KubernetesObject } from '@kubernetes/client-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { ownLayout } from '../../parts/real/facts.ts';
import { partFolder } from '../../parts/real/plan/layout.ts';
import { type ChartValues, Helm, ofKind } from './helm.ts';
import { type KindCheck, kindCheck } from './kind-schema.ts';

interface HttpRoute extends KubernetesObject {
  readonly spec: {
    readonly rules: readonly {
      readonly backendRefs: readonly { readonly name: string; readonly port: number }[];
    }[];
  };
}

let helm: Helm;
let problemsOf: KindCheck;
beforeAll(async () => {
  helm = await Helm.open(ownLayout());
  const crds = `${partFolder(ownLayout(), 'gateway-api')}/crds`;
  problemsOf = await kindCheck(`${crds}/gateway.networking.k8s.io_httproutes.yaml`, 'v1');
});

const route = (more: object = {}): ChartValues => ({
  httpRoute: { enabled: true, parentRefs: [{ name: 'public' }], ...more },
});
const routes = async (values: ChartValues): Promise<readonly HttpRoute[]> =>
  ofKind<HttpRoute>(await helm.rendered(values), 'HTTPRoute');

const HEADER = { type: 'RequestHeaderModifier', requestHeaderModifier: { set: [{ name: 'x', value: 'y' }] } };
const LOGIN = { type: 'ExtensionRef', extensionRef: { group: 'acme.test', kind: 'Login', name: 'login' } };

describe('an HTTPRoute of the chart, against the schema of the Gateway API', () => {
  it.each<[string, object]>([
    ['nothing but its Gateway', {}],
    [
      'a listener of a Gateway in another namespace',
      { parentRefs: [{ name: 'public', namespace: 'gateways', sectionName: 'https' }] },
    ],
    ['host names, one of them a wildcard', { hostnames: ['ci.acme.test', '*.acme.test'] }],
    ['annotations that are numbers and switches', { annotations: { size: 6, on: true } }],
    ['filters', { filters: [HEADER, LOGIN] }],
  ])('is valid for both programs with %s', async (_, more) => {
    const found = await routes({ runner: route(more), autoscaler: route(more) });
    expect(found.map(({ metadata }) => metadata?.name)).toEqual(['hangar-autoscaler', 'hangar-runner']);
    expect(found.flatMap(problemsOf)).toEqual([]);
  });

  it('leads to the port of the Service, which can be changed', async () => {
    const [found] = await routes({ runner: { ...route(), service: { port: 8080 } } });
    expect(found === undefined ? [] : problemsOf(found)).toEqual([]);
    expect(found?.spec.rules[0]?.backendRefs).toEqual([{ name: 'hangar-runner', port: 8080 }]);
  });

  it.each<[string, object, string]>([
    [
      'a Gateway without a name',
      { parentRefs: [{ namespace: 'gateways' }] },
      "/spec/parentRefs/0 must have required property 'name'",
    ],
    [
      'a misspelt field',
      { parentRefs: [{ name: 'a', section: 'b' }] },
      '/spec/parentRefs/0 must NOT have additional properties section',
    ],
    ['a host name with a port', { hostnames: ['ci.acme.test:443'] }, '/spec/hostnames/0 must match pattern'],
    [
      'a filter of an unknown type',
      { filters: [{ type: 'Login' }] },
      '/spec/rules/0/filters/0/type must be equal to one of the allowed values',
    ],
  ])('is found to be invalid with %s', async (_, more, problem) => {
    const [found] = await routes({ runner: route(more) });
    expect(found === undefined ? [] : problemsOf(found).join('\n')).toContain(problem);
  });
});
