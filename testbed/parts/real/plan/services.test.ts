import { describe, expect, it } from 'vitest';
import { layoutFrom } from './layout.ts';
import {
  type BringUp,
  bringUp,
  type Generation,
  type ServiceHealth,
  type ServiceName,
  serviceNamed,
  serviceNames,
  stopOrder,
} from './services.ts';

const now: Generation = { bootId: 'boot', settingsHash: 'settings' };

const health = (changes: Partial<Record<ServiceName, ServiceHealth>> = {}) =>
  ({ ...Object.fromEntries(serviceNames.map((name) => [name, 'healthy'])), ...changes }) as Record<
    ServiceName,
    ServiceHealth
  >;

interface Case {
  readonly found: Record<ServiceName, ServiceHealth>;
  readonly recorded: Generation | undefined;
  readonly want: BringUp;
}

describe('bringUp', () => {
  const cases: Readonly<Record<string, Case>> = {
    'a healthy cluster is left alone': { found: health(), recorded: now, want: { kind: 'leave' } },
    'without a record it is made': {
      found: health(),
      recorded: undefined,
      want: { kind: 'rebuild', reason: 'no cluster here yet' },
    },
    'after a restart of the machine it is made anew': {
      found: health(),
      recorded: { ...now, bootId: 'earlier' },
      want: { kind: 'rebuild', reason: 'the machine was restarted since' },
    },
    'with other settings it is made anew': {
      found: health(),
      recorded: { ...now, settingsHash: 'other' },
      want: { kind: 'rebuild', reason: 'versions or settings changed' },
    },
    'a scheduler and a kubelet that died are restarted in place': {
      found: health({ 'kube-scheduler': 'stopped', kubelet: 'ill' }),
      recorded: now,
      want: { kind: 'repair', services: ['kube-scheduler', 'kubelet'] },
    },
    'with etcd gone too it is made anew': {
      found: health({ 'kube-scheduler': 'stopped', etcd: 'stopped' }),
      recorded: now,
      want: { kind: 'rebuild', reason: 'etcd is stopped' },
    },
  };
  it.each(Object.entries(cases))('%s', (_, { found, recorded, want }) => {
    expect(bringUp(found, recorded, now)).toEqual(want);
  });
});

const layout = layoutFrom({ HOME: '/root' }, '/repository');

it('every service stops, kubelet and containerd last', () => {
  expect([...stopOrder].sort()).toEqual([...serviceNames].sort());
  expect(stopOrder.slice(-2)).toEqual(['kubelet', 'containerd']);
});

describe.each(serviceNames)('%s', (name) => {
  const service = serviceNamed(layout, name);

  it('is known by its state folder, so that a stray one is found without its pid file', () => {
    expect(service.arguments.some((argument) => argument.includes(`${layout.state}/`))).toBe(true);
  });

  it('listens nowhere but on loopback', () => {
    expect(service.arguments.filter((argument) => argument.includes('0.0.0.0'))).toEqual([]);
    if (service.probe.kind === 'url') expect(new URL(service.probe.url).hostname).toBe('127.0.0.1');
  });
});
