import type { OwnLease } from './own-lease.ts';

/** What a replica records for others: its Lease, or nothing where replicas work independently. */
export type ReplicaRecord = Pick<
  OwnLease,
  | 'name'
  | 'owner'
  | 'server'
  | 'isFull'
  | 'intents'
  | 'namespaces'
  | 'has'
  | 'intend'
  | 'confirm'
  | 'preparing'
  | 'waiting'
  | 'prepared'
  | 'deathsOf'
  | 'followSteps'
  | 'settle'
  | 'enter'
  | 'leave'
>;
