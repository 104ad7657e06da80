// The shape of a coordinator's state machine, after CoordinatorShard of Apache Kafka. An event looks at the state and
// answers with an Outcome: records to append, and what to do when they are in the log. The durable part of the state
// changes only in replay(), with the same calls in the same order on the leader that appended and on one that loads the
// log; the part that no log holds (who waits for an answer, which timers run) is the event's own to change.

import type { LogFields } from '../../../host/host.ts'

export interface StateMachine<R> {
  /** Applies one record. `producerId` is -1n outside transactions. */
  replay(record: R, offset: number, producerId: bigint): void
  /** Applies the end of a transaction of that producer. */
  replayMarker(producerId: bigint, committed: boolean): void
  /** The log is replayed to its end: arm timers. The outcomes are carried out one after the other. */
  onLoaded(): Outcome<R>[]
}

/** Whose transaction records belong to. */
export interface TransactionProducer {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** How a transaction ended, as its coordinator says. */
export interface TransactionEnd extends TransactionProducer {
  readonly committed: boolean
  readonly coordinatorEpoch: number
}

export interface Outcome<R> {
  /** Appended as one batch, applied by replay; in several batches when `inPieces`. */
  readonly records: readonly R[]
  /** The records belong to an open transaction of this producer, and count when its marker says so. */
  readonly producer?: TransactionProducer
  /** A marker, appended instead of records. */
  readonly marker?: TransactionEnd
  /** For clean-ups and targets of any size, whose pieces may take effect one without the other. */
  readonly inPieces?: boolean
  /** Where a piece may begin; anywhere, if it is not said. */
  beginsPiece?(record: R): boolean
  /** Carried out instead when the records do not fit into one batch. */
  readonly otherwise?: () => Outcome<R>
  /** Runs after the records are replayed: the place to answer from the new state. It must not fail or append. */
  readonly applied?: () => void
  /**
   * Runs when all of it is committed, and everything before it, in a turn of its own; never, when the shard has loaded
   * its log again by then.
   */
  readonly committed?: () => void
  /**
   * Runs when the records were refused before anything was appended. An outcome without it has changed what no log
   * holds, so its shard forgets everything and loads again, as it does when some of the pieces were appended.
   * As in Kafka every answer that is still open then asks the client to try again.
   */
  readonly refused?: (errorCode: number) => void
}

export const NOTHING: Outcome<never> = { records: [], refused: () => {} }

/** How the records of one internal topic are written; null: a type that this release does not know. */
export interface RecordFormat<R> {
  /** Of batches without a producer: of Kafka's coordinators that for transactions alone writes none. */
  readonly baseSequence: number
  encode(record: R): { key: Uint8Array; value: Uint8Array | null }
  /** Key and value are views of memory that is used again. Throws MalformedRequest when damaged. */
  decode(key: Uint8Array, value: Uint8Array | null): R | null
  describe(key: Uint8Array): LogFields
}
