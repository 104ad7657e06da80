// An application that consumes, transforms and produces, exactly once: what it writes and how far it has read are one
// transaction. It outlives crashes of its broker, and its own: whatever goes wrong, it begins anew, as a producer that
// shuts out the one before it, from the offset that is committed. Two of the same transactional id shut out each other.
//
//   InitProducerId ──▶ OffsetFetch, stable ──▶ Fetch ──▶ Produce … TxnOffsetCommit ──▶ EndTxn ──▶ Fetch …

import { strict as assert } from 'node:assert'
import type { SeededRandom } from '../../host/simulated/random.ts'
import type { ApiName, ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import type { WireClient } from '../wire-client.ts'
import { fetchedRecords } from './fetched.ts'
import { type ClientSetting, LastingClient, Setback } from './lasting-client.ts'

export const INPUT = 'input'
export const OUTPUT = 'output'
/** A record goes to the one that its offset says. */
export const OUTPUT_PARTITIONS = 2
const GROUP = 'chain'
const TRANSACTION_TIMEOUT_MS = 2000
/**
 * Longer than a killed Kafka is away. Of a transaction that times out meanwhile the next Kafka writes no markers: its
 * partitions have no leader yet, so it takes them for deleted (TransactionMarkerChannelManager), and what was written
 * in them is committed with the next transaction.
 */
const TRANSACTION_TIMEOUT_OF_KAFKA_MS = 60_000

/** Anything else a healthy broker does not answer to such an application. */
const EXPECTED: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.NOT_ENOUGH_REPLICAS,
  ErrorCode.REQUEST_TIMED_OUT,
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.CONCURRENT_TRANSACTIONS,
  ErrorCode.UNSTABLE_OFFSET_COMMIT,
  // Another of the same id has come.
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  // Its transaction has been ended by the one that has come, or by the broker that came back.
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.TRANSACTION_ABORTABLE,
  // The coordinator's disk did not take its first InitProducerId.
  ErrorCode.INVALID_PRODUCER_ID_MAPPING,
])

export interface ChainSetting {
  readonly transactionalId: string
  /** There are others of the same id: they shut out each other, and would do so for ever if none waited. */
  readonly isContended: boolean
  /** By the rules of transaction version 2, or as clients before it. */
  readonly isClassic: boolean
  readonly random: SeededRandom
}

export class LastingChain extends LastingClient {
  readonly #setting: ChainSetting
  #producerId = -1n
  #producerEpoch = -1
  /** Of the epoch, by output partition. */
  #sequences: number[] = []
  transactions = 0
  setbacks = 0
  /** Ends no transaction from now on, neither its own nor that of the one before it. */
  isHeld = false
  #isEnding = false

  constructor(setting: ClientSetting & ChainSetting) {
    super(setting)
    this.#setting = setting
  }

  /** Has asked for a transaction's end, and has no answer yet. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  protected onConnected(client: WireClient): void {
    this.#work(client).catch((error: unknown) => {
      if (error instanceof Setback) this.setbacks++
      else this.fault ??= error
      this.reconnect(client)
    })
  }

  async #work(client: WireClient): Promise<void> {
    const { isContended, random } = this.#setting
    if (isContended && this.setbacks > 0) await this.#pause(random.between(0, 1000))
    await this.#find(client, 1, this.#setting.transactionalId)
    await this.#find(client, 0, GROUP)
    await this.#begin(client)
    let offset = await this.#committedOffset(client)
    while (!this.isStopped && this.client === client) {
      const values = await this.#read(client, offset)
      if (values.length === 0) continue
      await this.#transact(client, offset, values)
      offset += values.length
      // An application of its own may crash as well, and does not say so.
      if (this.#setting.random.chance(0.1)) throw new Setback('it ends')
    }
  }

  async #transact(client: WireClient, offset: number, values: readonly string[]): Promise<void> {
    const { random, isClassic } = this.#setting
    if (isClassic) await this.#addPartitions(client)
    const size = Math.ceil(values.length / random.between(1, 4))
    for (let index = 0; index < values.length; index += 2 * size) {
      // Two at a time, so that one comes while the coordinator is asked about the one before it.
      const sent = [index, index + size].flatMap((from) =>
        this.#write(client, offset + from, values.slice(from, from + size)),
      )
      for (const answer of await Promise.all(sent)) {
        this.#check('Produce', answer.responses[0]?.partitionResponses[0]?.errorCode)
      }
      if (random.chance(0.03)) throw new Setback('it crashes amid a transaction')
    }
    await this.#commitOffset(client, offset + values.length)
    const isAborted = random.chance(0.1)
    await this.#end(client, !isAborted)
    if (isAborted) throw new Setback('it has aborted')
    this.transactions++
  }

  async #find(client: WireClient, keyType: number, key: string): Promise<void> {
    const answer = await this.answerOf(client, 'FindCoordinator', 4, { keyType, coordinatorKeys: [key] })
    this.#check('FindCoordinator', answer.coordinators[0]?.errorCode)
  }

  async #begin(client: WireClient): Promise<void> {
    const { transactionalId } = this.#setting
    const transactionTimeoutMs = this.mayBeKafka ? TRANSACTION_TIMEOUT_OF_KAFKA_MS : TRANSACTION_TIMEOUT_MS
    for (;;) {
      const answer = await this.#ending(() =>
        this.answerOf(client, 'InitProducerId', 4, { transactionalId, transactionTimeoutMs }),
      )
      if (answer.errorCode === ErrorCode.CONCURRENT_TRANSACTIONS) {
        await this.#pause()
        continue
      }
      this.#check('InitProducerId', answer.errorCode)
      this.#producerId = answer.producerId
      this.#producerEpoch = answer.producerEpoch
      this.#sequences = []
      return
    }
  }

  async #committedOffset(client: WireClient): Promise<number> {
    for (;;) {
      const topics = [{ name: INPUT, partitionIndexes: [0] }]
      const answer = await this.answerOf(client, 'OffsetFetch', 7, { groupId: GROUP, topics, requireStable: true })
      this.#check('OffsetFetch', answer.errorCode)
      const partition = answer.topics[0]!.partitions[0]!
      if (partition.errorCode === ErrorCode.NONE) return Math.max(0, Number(partition.committedOffset))
      this.#expect('OffsetFetch', partition.errorCode)
      await this.#pause()
    }
  }

  async #read(client: WireClient, offset: number): Promise<string[]> {
    const partitions = [{ partition: 0, fetchOffset: BigInt(offset), partitionMaxBytes: 10_000 }]
    const answer = await this.answerOf(client, 'Fetch', 11, {
      ...{ maxWaitMs: 100, minBytes: 1, maxBytes: 10_000, isolationLevel: 1, sessionId: 0, sessionEpoch: -1 },
      ...{ forgottenTopicsData: [], rackId: '', topics: [{ topic: INPUT, partitions }] },
    })
    const result = answer.responses[0]?.partitions[0]
    this.#check('Fetch', result?.errorCode)
    const read = fetchedRecords(result?.records).filter((record) => record.offset >= offset)
    return read.map(({ value }) => Buffer.from(value ?? []).toString())
  }

  async #addPartitions(client: WireClient): Promise<void> {
    const topics = [{ name: OUTPUT, partitions: [0, 1] }]
    for (;;) {
      const answer = await this.answerOf(client, 'AddPartitionsToTxn', 3, {
        v3AndBelowTransactionalId: this.#setting.transactionalId,
        v3AndBelowProducerId: this.#producerId,
        v3AndBelowProducerEpoch: this.#producerEpoch,
        v3AndBelowTopics: topics,
      })
      const errorCode = answer.resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode
      if (errorCode !== ErrorCode.CONCURRENT_TRANSACTIONS) {
        this.#check('AddPartitionsToTxn', errorCode)
        break
      }
      await this.#pause()
    }
    const added = await this.answerOf(client, 'AddOffsetsToTxn', 3, { ...this.#identity, groupId: GROUP })
    this.#check('AddOffsetsToTxn', added.errorCode)
  }

  /** A batch for each partition. */
  #write(client: WireClient, offset: number, values: readonly string[]): Promise<ResponseOf<'Produce'>>[] {
    const outputs = Array.from({ length: OUTPUT_PARTITIONS }, (): string[] => [])
    for (const [index, value] of values.entries()) {
      outputs[(offset + index) % OUTPUT_PARTITIONS]!.push(transformed(offset + index, value))
    }
    return outputs.flatMap((batch, partition) =>
      batch.length === 0 ? [] : [this.#writeBatch(client, partition, batch)],
    )
  }

  #writeBatch(client: WireClient, partition: number, values: readonly string[]): Promise<ResponseOf<'Produce'>> {
    const { isClassic, transactionalId } = this.#setting
    const baseSequence = this.#sequences[partition] ?? 0
    this.#sequences[partition] = baseSequence + values.length
    const records = buildBatch({
      timestamp: this.host.clock.now(),
      transactional: true,
      producerId: this.#producerId,
      producerEpoch: this.#producerEpoch,
      baseSequence,
      records: values.map((value) => ({ key: null, value: Buffer.from(value) })),
    })
    const topicData = [{ name: OUTPUT, partitionData: [{ index: partition, records }] }]
    return this.answerOf(client, 'Produce', isClassic ? 9 : 12, {
      acks: -1,
      timeoutMs: 30_000,
      transactionalId,
      topicData,
    })
  }

  async #commitOffset(client: WireClient, offset: number): Promise<void> {
    const partitions = [{ partitionIndex: 0, committedOffset: BigInt(offset), committedMetadata: '' }]
    const answer = await this.answerOf(client, 'TxnOffsetCommit', this.#setting.isClassic ? 3 : 5, {
      ...this.#identity,
      groupId: GROUP,
      topics: [{ name: INPUT, partitions }],
    })
    this.#check('TxnOffsetCommit', answer.topics[0]?.partitions[0]?.errorCode)
  }

  async #end(client: WireClient, committed: boolean): Promise<void> {
    const { isClassic } = this.#setting
    const answer = await this.#ending(() =>
      this.answerOf(client, 'EndTxn', isClassic ? 3 : 5, { ...this.#identity, committed }),
    )
    this.#check('EndTxn', answer.errorCode)
    if (isClassic) return
    this.#producerId = answer.producerId
    this.#producerEpoch = answer.producerEpoch
    this.#sequences = []
  }

  async #ending<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    while (this.isHeld) await this.#pause()
    this.#isEnding = true
    try {
      return await ask()
    } finally {
      this.#isEnding = false
    }
  }

  get #identity() {
    const { transactionalId } = this.#setting
    return { transactionalId, producerId: this.#producerId, producerEpoch: this.#producerEpoch }
  }

  #check(name: ApiName, errorCode: number | undefined): void {
    if (errorCode === ErrorCode.NONE) return
    this.#expect(name, errorCode)
    throw new Setback(`${name} answers ${errorCode}`)
  }

  #expect(name: ApiName, errorCode: number | undefined): void {
    assert.ok(errorCode !== undefined && EXPECTED.has(errorCode), `${this.name}: ${name} answers ${errorCode}`)
  }

  #pause(ms = 20): Promise<void> {
    return new Promise((resolve) => this.host.timers.after(ms, resolve))
  }
}

/** What becomes of an input. */
export function transformed(offset: number, value: string): string {
  return `${offset}=${value}`
}
