import type { Unit } from '@hangar/dashboards/board';

const digits = (value: number): string => {
  if (Number.isInteger(value)) return String(value);
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
};

function secondsText(value: number): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 1) return `${digits(value * 1_000)} ms`;
  if (size < 60) return `${digits(value)} s`;
  return size < 3_600 ? `${digits(value / 60)} min` : `${digits(value / 3_600)} h`;
}

function bytesText(value: number): string {
  const steps = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = value < 1 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log2(value) / 10));
  return `${digits(value / 1024 ** step)} ${steps[step]}`;
}

/** A value with its unit, about as Grafana writes it. */
export function unitText(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return 'none';
  switch (unit) {
    case 's':
      return secondsText(value);
    case 'bytes':
      return bytesText(value);
    case 'percentunit':
      return `${digits(value * 100)} %`;
    case 'reqps':
      return `${digits(value)} req/s`;
    case 'none':
      return digits(value);
    default:
      return `${digits(value)}${unit.replace('suffix:', '')}`;
  }
}
