// A producer with acks=all and up to five requests in flight (one: see mayBeKafka), over crashes of its broker.
// Idempotent, it sends again what was not acknowledged, under the same sequence numbers; else it goes on, and does not
// know what became of it.

import { strict as assert } from 'node:assert'
import type { SeededRandom } from '../../host/simulated/random.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import type { WireClient } from '../wire-client.ts'
import { type ClientSetting, LastingClient } from './lasting-client.ts'

const maxInFlight = 5

/** What a broker that has just started may answer; a client asks again. */
const retriable: readonly number[] = [
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
]

export interface ProducerSetting {
  readonly topic: string
  readonly partition: number
  readonly isIdempotent: boolean
  readonly random: SeededRandom
  /** Of values, at most; one of them is drawn for each batch. */
  readonly sizes: readonly number[]
}

export interface ProducedBatch {
  readonly values: readonly string[]
  readonly baseSequence: number
  /** Of its first record, once acknowledged; -1 before. */
  baseOffset: number
}

export class LastingProducer extends LastingClient {
  readonly partition: number
  readonly isIdempotent: boolean
  readonly acknowledged: ProducedBatch[] = []
  /** Sent on a connection that was lost before the answer; only of a producer that is not idempotent. */
  readonly unknown: ProducedBatch[] = []
  /** Sent before, on a connection that was lost. */
  readonly sentAgain = new Set<ProducedBatch>()
  /** The broker has forgotten which of its batches it has; see #giveUp. */
  hasGivenUp = false
  /** Not acknowledged, in order. */
  #pending: ProducedBatch[] = []
  readonly #topic: string
  readonly #random: SeededRandom
  readonly #sizes: readonly number[]
  #producerId = -1n
  #nextSequence = 0
  #sentCount = 0
  #hasFailed = false
  #wantsMore = true

  constructor(setting: ClientSetting & ProducerSetting) {
    super(setting)
    this.#topic = setting.topic
    this.partition = setting.partition
    this.isIdempotent = setting.isIdempotent
    this.#random = setting.random
    this.#sizes = setting.sizes
  }

  /** No new batches; what is pending is still sent. */
  finish(): void {
    this.#wantsMore = false
  }

  get isDone(): boolean {
    return !this.#wantsMore && this.#pending.length === 0
  }

  protected onConnected(client: WireClient): void {
    this.#sentCount = 0
    this.#hasFailed = false
    if (!this.isIdempotent || this.#producerId >= 0n) {
      this.#send(client)
      return
    }
    const request = { transactionalId: null, transactionTimeoutMs: 60_000, producerId: -1n, producerEpoch: -1 }
    this.ask(client, 'InitProducerId', 4, request, (answer) => {
      if (answer?.errorCode === ErrorCode.NONE) {
        this.#producerId = answer.producerId
        this.#send(client)
      } else {
        if (answer !== null) assert.ok(retriable.includes(answer.errorCode), `InitProducerId: ${answer.errorCode}`)
        this.reconnect(client)
      }
    })
  }

  #send(client: WireClient): void {
    if (this.client !== client || this.#hasFailed) return
    while (this.#sentCount < (this.mayBeKafka ? 1 : maxInFlight)) {
      let batch = this.#pending[this.#sentCount]
      if (batch === undefined) {
        if (!this.#wantsMore) return
        // Not always at full speed: an idle moment changes what shares a sync.
        if (this.#random.chance(0.3)) {
          this.later(() => this.#send(client))
          return
        }
        batch = this.#nextBatch()
        this.#pending.push(batch)
      }
      this.#sentCount++
      this.#sendBatch(client, batch)
    }
  }

  #nextBatch(): ProducedBatch {
    const count = this.#random.between(1, 5)
    const size = this.#random.pick(this.#sizes)
    const values = Array.from({ length: count }, (_, index) => {
      return `${this.name}:${this.#nextSequence + index}`.padEnd(this.#random.between(0, size), '.')
    })
    const batch = { values, baseSequence: this.#nextSequence, baseOffset: -1 }
    this.#nextSequence += count
    return batch
  }

  #sendBatch(client: WireClient, batch: ProducedBatch): void {
    const records = buildBatch({
      timestamp: this.host.clock.now(),
      records: batch.values.map((value) => ({ key: null, value: Buffer.from(value) })),
      ...(this.isIdempotent
        ? { producerId: this.#producerId, producerEpoch: 0, baseSequence: batch.baseSequence }
        : undefined),
    })
    const topicData = [{ name: this.#topic, partitionData: [{ index: this.partition, records }] }]
    this.ask(client, 'Produce', 9, { acks: -1, timeoutMs: 30_000, topicData }, (answer) => {
      const result = answer?.responses[0]?.partitionResponses[0]
      if (result?.errorCode === ErrorCode.NONE) this.#acknowledge(client, batch, Number(result.baseOffset))
      else this.#fail(client, batch, result?.errorCode ?? null)
    })
  }

  #acknowledge(client: WireClient, batch: ProducedBatch, baseOffset: number): void {
    const index = this.#pending.indexOf(batch)
    if (index < 0) return
    // Behind a batch that failed none can have been taken: its sequence would not follow.
    if (this.isIdempotent) assert.equal(index, 0, `${this.name}: ${batch.baseSequence} is acknowledged out of order`)
    this.#pending.splice(index, 1)
    batch.baseOffset = baseOffset
    this.acknowledged.push(batch)
    if (this.client !== client) return
    this.#sentCount--
    this.#send(client)
  }

  /** `errorCode` null: the connection is lost. */
  #fail(client: WireClient, batch: ProducedBatch, errorCode: number | null): void {
    const isFirst = this.#pending[0] === batch
    const isBehindFailure = errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && (this.#hasFailed || !isFirst)
    if (errorCode === ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER && !isBehindFailure && this.sentAgain.has(batch)) {
      this.#giveUp()
      return
    }
    if (errorCode !== null && !isBehindFailure) {
      const what = `${this.name}: sequence ${batch.baseSequence} is refused with ${errorCode}`
      assert.ok(retriable.includes(errorCode), what)
    }
    if (this.client === client) this.#hasFailed = true
    this.sentAgain.add(batch)
    if (!this.isIdempotent && this.#pending.includes(batch)) {
      this.#pending.splice(this.#pending.indexOf(batch), 1)
      this.unknown.push(batch)
    }
    this.reconnect(client)
  }

  /**
   * As a real producer does when a batch that it sends again is out of order: it cannot tell what became of it. A
   * broker whose log knows the last five batches of each producer never does that.
   */
  #giveUp(): void {
    this.hasGivenUp = true
    this.#wantsMore = false
    this.unknown.push(...this.#pending.splice(0))
    this.stop()
  }
}
