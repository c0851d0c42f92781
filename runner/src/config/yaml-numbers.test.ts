import { describe, expect, it } from 'vitest';
import { translateValues } from '../command/doctor/helm-values.ts';
import { parseManifest } from '../parse/manifest.ts';
import { parsePolicies } from './policies.ts';

const HEAD = 'kind: pipeline\ntype: kubernetes\n';
const refusedOr = <T>(read: () => T): T | 'refused' => {
  try {
    return read();
  } catch {
    return 'refused';
  }
};

/** What a scalar is in a policy, in a pipeline and in values of the previous chart. */
function readings(scalar: string) {
  const policy = (key: string) => parsePolicies(`resources: { request: { ${key}: ${scalar} } }`).policies[0];
  const pipeline = (fields: string) => parseManifest(`${HEAD}${fields}`).pipelines[0];
  const inPipeline = (key: string) => pipeline(`resources: { requests: { ${key}: ${scalar} } }`)?.requests;
  const translated = () => translateValues(`env:\n  DRONE_RUNNER_NAME: ${scalar}\n`).values;
  return {
    cpu: [
      refusedOr(() => policy('cpu')?.requests.cpuMillicores),
      refusedOr(() => inPipeline('cpu')?.cpuMillicores),
    ],
    memory: [
      refusedOr(() => policy('memory')?.requests.memoryBytes),
      refusedOr(() => inPipeline('memory')?.memoryBytes),
    ],
    label: [
      parsePolicies(`node_selector: { a: ${scalar} }`).policies[0]?.nodeSelector['a'],
      pipeline(`node_selector: { a: ${scalar} }`)?.nodeSelector['a'],
    ],
    variable: / DRONE_RUNNER_NAME: (.*)/.exec(refusedOr(translated))?.[1]?.replaceAll('"', ''),
  };
}

/** The rules of go-yaml 2 (previous-runner §3.3), with which the previous runner read policies and pipelines, and Helm reads values. */
describe('an odd number', () => {
  it.each<[scalar: string, whole: number | 'refused', variable: string]>([
    ['0x10', 16, '16'],
    ['010', 8, '8'],
    ['0o10', 8, '8'],
    ['0b11', 3, '3'],
    ['0644', 420, '420'],
    ['08', 8, '8'],
    ['1_000', 1000, '1000'],
    ['1__0', 10, '10'],
    ['1e3', 'refused', '1e3'],
    ['1.5e+3', 1500, '1500'],
    ['.5', 0, '0.5'],
    ['+1', 1, '1'],
    ['+.5', 0, '0.5'],
    ['-0', 0, '0'],
    ['1.10', 1, '1.1'],
    ['1.', 'refused', '1.'],
    ['NaN', 'refused', 'NaN'],
    ['.nan', 'refused', '.nan'],
    ['.inf', 'refused', '.inf'],
    ['9007199254740993', 'refused', '9007199254740993'],
    ['1:30', 'refused', '1:30'],
    ['2024-01-01', 'refused', '2024-01-01'],
    ['_1', 'refused', '_1'],
    ['0x', 'refused', '0x'],
    ['１', 'refused', '１'],
  ])('%s is alike in policies, pipelines and values of a chart', (scalar, whole, variable) => {
    expect(readings(scalar)).toEqual({
      cpu: [whole, whole],
      memory: [whole, whole],
      label: [scalar, scalar],
      variable,
    });
  });

  it('of less than 0 is refused in policies, where the operator can be told, and kept in pipelines', () => {
    expect(readings('-1')).toMatchObject({ cpu: ['refused', -1], memory: ['refused', -1], variable: '-1' });
  });

  it('in quotes is a text, which policies read as a number all the same', () => {
    expect(readings('"5"')).toMatchObject({ cpu: [5, 'refused'], memory: [5, 5], variable: '5' });
  });
});
