import { DURATION, type ValueKind } from '@hangar/shared/config-values';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { type Floor, parseFloors } from '../decide/floors.ts';
import type { Prices } from '../decide/price.ts';
import type { WaitPrices } from '../forecast/price-rule.ts';
import { parseResources, parseShape } from '../model/shapes.ts';
import { type ActuatorSetting, readActuators } from './actuators.ts';

/** Node shapes as `--node` accepts them, separated by semicolons. */
export const NODE_SHAPES: ValueKind<readonly NodeShape[]> = {
  type: 'node shapes such as `cpu=16,memory=32Gi;gke:cpu=16,memory=64Gi`, separated by semicolons',
  read: (text) => {
    const parsed = text
      .split(';')
      .filter((part) => part.trim() !== '')
      .map(parseShape);
    const wrong = parsed.flatMap((one) => ('problem' in one ? [one.problem] : []));
    if (wrong[0] !== undefined) return { wrong: `has an invalid shape: ${wrong[0]}` };
    return { value: parsed.flatMap((one) => ('shape' in one ? [one.shape] : [])) };
  },
};

/** Resources such as `cpu=300m,memory=370Mi`; zero is allowed. */
export const RESOURCES_OR_NONE: ValueKind<Resources> = {
  type: 'resources such as `cpu=300m,memory=370Mi`',
  read: (text) => {
    const parsed = parseResources(text, 0);
    return 'problem' in parsed ? { wrong: `is not valid: ${parsed.problem}` } : { value: parsed.resources };
  },
};

/** A share between 0 and 1, both excluded. */
export const SHARE: ValueKind<number> = {
  type: 'a share such as 0.95',
  read: (text) => {
    const value = Number(text);
    return value > 0 && value < 1 ? { value } : { wrong: 'is not a share between 0 and 1' };
  },
};

/** Node shapes by pool. */
export const POOL_SHAPES: ValueKind<Readonly<Record<string, NodeShape>>> = {
  type: 'pools with their node shape such as `builds=4cpu-8gb;large=cpu=16,memory=32Gi`, separated by semicolons',
  read: (text) => {
    const shapes: Record<string, NodeShape> = {};
    for (const part of text.split(';').filter((one) => one.trim() !== '')) {
      const [, pool = '', written = ''] = /^\s*([^=\s]+)\s*=(.*)$/.exec(part) ?? [];
      const parsed = parseShape(written);
      if (pool === '') return { wrong: 'has no pool before a =' };
      if ('problem' in parsed) return { wrong: `has an invalid shape: ${parsed.problem}` };
      if (Object.hasOwn(shapes, pool)) return { wrong: `names the pool ${pool} twice` };
      shapes[pool] = parsed.shape;
    }
    return { value: shapes };
  },
};

/** Actuators by pool. */
export const ACTUATORS: ValueKind<readonly ActuatorSetting[]> = {
  type: 'pools with their actuator such as `builds=node-pool:builds,small=capacity-buffer:ci/builds*3,large=placeholder:ci/room`, separated by commas',
  read: (text) => {
    const { actuators, problems } = readActuators(text);
    return problems.length > 0 ? { wrong: problems.join('; ') } : { value: actuators };
  },
};

/** The format of a price, after the last `=`. */
const PRICE = /^(.+)=\s*(\d+(?:\.\d+)?)\s*$/;

/** Prices of a node hour. The text of a shape may contain commas and `=`: entries are then separated by semicolons. */
export const PRICES: ValueKind<Prices> = {
  type: 'prices of a node hour such as `4cpu-8gb=0.19,8cpu-16gb=0.38`; separated by semicolons where a name contains commas: `cpu=16,memory=32Gi=0.7;builds=0.2`',
  read: (text) => {
    const parts = text.split(';').flatMap((part) => (part.includes('memory=') ? [part] : part.split(',')));
    const prices: Record<string, number> = {};
    for (const part of parts.map((one) => one.trim()).filter((one) => one !== '')) {
      const [, name = '', price] = PRICE.exec(part) ?? [];
      if (price === undefined) return { wrong: `contains "${part}", which is not name=price` };
      const shape = name.includes('=') ? parseShape(name) : undefined;
      if (shape !== undefined && 'problem' in shape)
        return { wrong: `names an invalid shape: ${shape.problem}` };
      if (Object.hasOwn(prices, name.trim())) return { wrong: `names ${name.trim()} twice` };
      prices[name.trim()] = Number(price);
    }
    return { value: prices };
  },
};

/** The entry of an event in a list of prices of waiting. */
const EVENT_PRICE = /^([a-z][a-z_-]*)=(\d+(?:\.\d+)?)$/;
const USUAL_PRICE = /^\d+(?:\.\d+)?$/;

/** Prices of a minute of waiting: the usual one, and others by event. */
export const WAIT_PRICES: ValueKind<WaitPrices | undefined> = {
  type: 'a price such as `30`, prices of events after it such as `30,cron=1`, or `off`',
  read: (text) => {
    if (text.trim() === 'off') return { value: undefined };
    const [usual = '', ...others] = text.split(',').map((one) => one.trim());
    if (!USUAL_PRICE.test(usual)) return { wrong: 'does not begin with the usual price' };
    const byEvent: Record<string, number> = {};
    for (const other of others) {
      const [, event = '', price] = EVENT_PRICE.exec(other) ?? [];
      if (price === undefined) return { wrong: `contains "${other}", which is not event=price` };
      if (Object.hasOwn(byEvent, event)) return { wrong: `names ${event} twice` };
      byEvent[event] = Number(price);
    }
    return { value: { usual: Number(usual), byEvent } };
  },
};

/** A duration, or none. */
export const DURATION_OR_OFF: ValueKind<number | undefined> = {
  type: `${DURATION.type}, or \`off\``,
  read: (text) => (text.trim() === 'off' ? { value: undefined } : DURATION.read(text)),
};

/** Calendar floors: minimum numbers of nodes. */
export const FLOORS: ValueKind<readonly Floor[]> = {
  type: 'floors such as `Mon-Fri 08:00-18:00 Europe/Berlin=10; *=2`: days, a time span and a time zone (default UTC), separated by semicolons',
  read: (text) => {
    const parsed = parseFloors(text);
    return 'problem' in parsed
      ? { wrong: `has an invalid floor: ${parsed.problem}` }
      : { value: parsed.floors };
  },
};
