// What a coordinator knows of one transactional id, and the states that it goes through (Kafka: TransactionMetadata,
// TransactionState; KIP-98, KIP-360, KIP-890).
//
//            InitProducerId              AddPartitions            EndTxn               markers written
//   nothing ───────────────▶ Empty ───────────────────▶ Ongoing ─────────▶ PrepareCommit ─────────▶ CompleteCommit
//                              ▲                          │ ▲  ╲ abort, timeout, a new InitProducerId    │
//                              │                          │ │   ╲▶ PrepareAbort ───────────▶ CompleteAbort
//                              └── InitProducerId ────────┼─┴──────── AddPartitions ────────────────┘
//
// Once Prepare is committed the decision stands: what follows is carried out again and again until it is done, also by
// the coordinators after this one. Under transaction version 2 the epoch rises with every decision, so that nothing
// that was sent in one transaction is taken for a part of the next (KAFKA-17754); an epoch that cannot rise any more
// gives way to the first of a new producer id. PrepareEpochFence and Dead are Kafka's names for states between two
// steps, which here are one.

/** By their ids in the log. */
export const TRANSACTION_STATES = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const
export type TransactionState = (typeof TRANSACTION_STATES)[number]

/** Partitions by topic; never changed, but replaced. */
export type TopicPartitions = ReadonlyMap<string, ReadonlySet<number>>

export interface Transaction {
  readonly transactionalId: string
  readonly producerId: bigint
  /** As of the step before: that of a retry which has not heard of the new one. -1n: none. */
  readonly previousProducerId: bigint
  /** Takes over when the decided transaction is complete, for its epochs are spent. -1n: none. */
  readonly nextProducerId: bigint
  readonly producerEpoch: number
  /** The epoch before, as long as its holder may repeat the request that raised it; -1: none. No log holds it. */
  readonly lastProducerEpoch: number
  readonly timeoutMs: number
  readonly state: TransactionState
  readonly partitions: TopicPartitions
  /** -1: there is none. */
  readonly startTimestamp: number
  readonly lastUpdateTimestamp: number
  /** By which rules its client plays: 0, or 2 when epochs rise with every transaction. */
  readonly clientVersion: number
}

export const NO_PARTITIONS: TopicPartitions = new Map()
export const NO_EPOCH = -1
/** transaction.version from which on epochs rise with every transaction. */
export const EPOCH_BUMP_VERSION = 2
export const MAX_EPOCH = 0x7fff

/** The last epoch is kept for fencing the one before: no client ever gets it. */
export function isExhausted(epoch: number): boolean {
  return epoch >= MAX_EPOCH - 1
}

/** The same with some things changed. Whoever takes a step has been that producer until now. */
export function step(transaction: Transaction, changes: Partial<Transaction>): Transaction {
  return { ...transaction, previousProducerId: transaction.producerId, ...changes }
}

export function isDeciding({ state }: Transaction): boolean {
  return state === 'PrepareCommit' || state === 'PrepareAbort'
}

export function hasPartition(partitions: TopicPartitions, topic: string, index: number): boolean {
  return partitions.get(topic)?.has(index) === true
}

export function withPartitions(known: TopicPartitions, added: TopicPartitions): TopicPartitions {
  const all = new Map(known)
  for (const [topic, indexes] of added) all.set(topic, new Set([...(known.get(topic) ?? []), ...indexes]))
  return all
}

export function includesAll(known: TopicPartitions, wanted: TopicPartitions): boolean {
  for (const [topic, indexes] of wanted) {
    for (const index of indexes) if (!hasPartition(known, topic, index)) return false
  }
  return true
}
