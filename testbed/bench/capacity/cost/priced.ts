import { priceRule } from '@hangar/autoscaler/forecast/price-rule';
import { softlyPlaced } from '@hangar/autoscaler/replay/policies/soft-taints';
import { STATIC_POOL, staticPoolPolicy } from '@hangar/autoscaler/replay/policies/static-node-pool';
import { BOOT_SECONDS, type Contender, LEAD_SECONDS } from './contenders.ts';

const SOURCES = ['autoscaler/src/forecast', 'autoscaler/src/replay/policies', 'autoscaler/src/capacity'];

/** Hangar at a price of waiting. */
export const priced = (price: number): Contender => ({
  ...{
    name: `price ${price}`,
    side: 'ours',
    price,
    sources: [...SOURCES, 'testbed/bench/capacity/cost/priced.ts'],
  },
  make: () =>
    softlyPlaced(
      staticPoolPolicy(priceRule({ leadSeconds: LEAD_SECONDS, bootSeconds: BOOT_SECONDS, price }), {
        ...STATIC_POOL,
        removeAfterSeconds: 0,
      }),
    ),
});
