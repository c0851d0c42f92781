import { servicePolicy } from '@hangar/autoscaler/replay/policies/service';
import { softlyPlaced } from '@hangar/autoscaler/replay/policies/soft-taints';
import { type Contender, serviceWith } from './contenders.ts';

const SOURCES = ['forecast', 'decide', 'replay/policies', 'capacity', 'config'];

/** Hangar at a price of waiting, in a pool whose empty nodes can be closed at once. */
export const priced = (price: number): Contender => ({
  ...{ name: `price ${price}`, side: 'ours', price },
  sources: SOURCES.map((folder) => `autoscaler/src/${folder}`),
  make: () =>
    softlyPlaced(
      servicePolicy(
        serviceWith({
          HANGAR_AUTOSCALER_WAIT_PRICE: String(price),
          HANGAR_AUTOSCALER_EMPTY_FOR: '0s',
          HANGAR_AUTOSCALER_LOWER_PACE: '0s',
        }),
      ),
    ),
});
