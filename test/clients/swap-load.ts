// What the swap of brokers is done under: produced records of every codec, transactions that are committed, aborted and
// left open for the next broker to end, groups of each kind, settings, quotas and credentials.

import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { ZERO_UUID } from '../../protocol/wire.ts'
import type { WireClient } from '../wire-client.ts'

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
/** Each is waited for: enough of them that the shared journal comes to be. */
const smallAppends = 250
/** To topics that are there already. */
const oldAppends = 30
const patienceMs = 30_000
const transactionTimeoutMs = 600_000

interface Transaction {
  readonly id: string
  readonly producerId: bigint
  readonly producerEpoch: number
}

export class SwapLoad {
  #client: WireClient
  #stage = 0
  /** Begun on an earlier broker. */
  #open: Transaction | null = null

  constructor(client: WireClient) {
    this.#client = client
  }

  async run(client: WireClient): Promise<void> {
    this.#client = client
    const stage = ++this.#stage
    const topic = `stage-${stage}`
    await this.#createTopic(topic)
    await this.#produce(topic, smallAppends)
    await this.#changeOld(stage)
    await this.#endOpenTransaction()
    await this.#transactions(topic)
    await this.#groups(topic)
    await this.#settings(topic)
  }

  async #ask<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name>> {
    const answer = await this.#client.send(name, version, request)
    assert(answer !== null, `the connection was closed on ${name} v${version}`)
    return answer
  }

  /** A coordinator may still be loading, a topic still be made, an earlier transaction still be ending. */
  async #askUntilDone<Name extends ApiName>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
    errorOf: (answer: ResponseOf<Name>) => number,
  ): Promise<ResponseOf<Name>> {
    const until = performance.now() + patienceMs
    for (;;) {
      const answer = await this.#ask(name, version, request)
      const errorCode = errorOf(answer)
      if (errorCode === 0) return answer
      assert(performance.now() < until, `${name}: error ${errorCode}`)
      await sleep(100)
    }
  }

  async #createTopic(name: string): Promise<void> {
    const configs = [{ name: 'segment.bytes', value: '1048576' }]
    const topics = [{ name, numPartitions: 3, replicationFactor: 1, assignments: [], configs }]
    const request = { topics, timeoutMs: 10_000, validateOnly: false }
    const answer = await this.#ask('CreateTopics', 7, request)
    assert.equal(answer.topics[0]?.errorCode, 0)
  }

  /**
   * What the broker before has written last, and may have in its journal, goes on, begins later, or is no more when
   * that broker is back: a journal that were replayed then would bring back or overwrite what it must not.
   */
  async #changeOld(stage: number): Promise<void> {
    if (stage === 1) for (const name of ['lasting', 'trimmed']) await this.#createTopic(name)
    for (const name of ['lasting', 'trimmed']) await this.#produce(name, oldAppends)
    if (stage % 2 === 0) await this.#trim()
    const again = { topics: [{ name: 'again', topicId: ZERO_UUID }], timeoutMs: 10_000 }
    if (stage > 1) await this.#askUntilDone('DeleteTopics', 6, again, (one) => one.responses[0]!.errorCode)
    await this.#createTopic('again')
    // Fewer and fewer: an old record at an offset that is not reached any more would stand out.
    await this.#produce('again', oldAppends - 5 * stage)
  }

  /** By Milena only: Kafka keeps new starts of logs in memory for a minute, and forgets them when it is killed. */
  async #trim(): Promise<void> {
    const partitions = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, offset: -1n }))
    const topics = [{ name: 'trimmed', partitions }]
    const trimmed = await this.#ask('DeleteRecords', 2, { topics, timeoutMs: 10_000 })
    assert(trimmed.topics[0]?.partitions.every(({ errorCode }) => errorCode === 0))
    await this.#produce('trimmed', oldAppends)
  }

  async #produce(topic: string, count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const compression = codecs[number % codecs.length]!
      const records = [0, 1, 2].map((index) =>
        record(`${this.#stage}-${topic}-${number}-${index}`, 'value '.repeat(number % 40)),
      )
      const batch = buildBatch({ timestamp: Date.now(), compression, records })
      await this.#produceBatch(topic, number % 3, batch, null)
    }
  }

  async #produceBatch(topic: string, index: number, records: Uint8Array, transactionalId: string | null) {
    const topicData = [{ name: topic, partitionData: [{ index, records }] }]
    const request = { transactionalId, acks: -1, timeoutMs: 10_000, topicData }
    await this.#askUntilDone('Produce', 12, request, (one) => one.responses[0]!.partitionResponses[0]!.errorCode)
  }

  async #transactions(topic: string): Promise<void> {
    for (const committed of [true, false]) {
      const transaction = await this.#begin(`${topic}-${committed ? 'committed' : 'aborted'}`, topic)
      await this.#end(transaction, committed)
    }
    this.#open = await this.#begin(`${topic}-open`, topic)
  }

  /** Produce v12: the partition is added by the records themselves (KIP-890). */
  async #begin(id: string, topic: string): Promise<Transaction> {
    await this.#findCoordinator(id, 1)
    const init = { transactionalId: id, transactionTimeoutMs }
    const { producerId, producerEpoch } = await this.#askUntilDone('InitProducerId', 4, init, (one) => one.errorCode)
    const records = [record(id, 'in a transaction')]
    const options = { producerId, producerEpoch, baseSequence: 0, transactional: true, timestamp: Date.now() }
    await this.#produceBatch(topic, 0, buildBatch({ ...options, records }), id)
    return { id, producerId, producerEpoch }
  }

  async #end({ id, producerId, producerEpoch }: Transaction, committed: boolean): Promise<void> {
    const request = { transactionalId: id, producerId, producerEpoch, committed }
    await this.#askUntilDone('EndTxn', 5, request, (one) => one.errorCode)
  }

  /** Of a transaction that another broker has begun; the first is committed, the next aborted, and so on. */
  async #endOpenTransaction(): Promise<void> {
    if (this.#open !== null) {
      await this.#findCoordinator(this.#open.id, 1)
      await this.#end(this.#open, this.#stage % 2 === 0)
    }
    this.#open = null
  }

  async #findCoordinator(key: string, keyType: number): Promise<void> {
    const request = { keyType, coordinatorKeys: [key] }
    await this.#askUntilDone('FindCoordinator', 6, request, (one) => one.coordinators[0]!.errorCode)
  }

  async #groups(topic: string): Promise<void> {
    const [manual, modern, share] = [`${topic}-manual`, `${topic}-consumer`, `${topic}-share`]
    for (const group of [manual, modern, share]) await this.#findCoordinator(group, 0)
    await this.#commit(manual, '', -1, topic, 7)
    const memberId = uuid()
    const joining = { groupId: modern, memberId, rebalanceTimeoutMs: 60_000, topicPartitions: [] }
    const joined = await this.#askUntilDone(
      'ConsumerGroupHeartbeat',
      1,
      { ...joining, memberEpoch: 0, subscribedTopicNames: [topic] },
      (one) => one.errorCode,
    )
    await this.#commit(modern, memberId, joined.memberEpoch, topic, 11)
    await this.#ask('ConsumerGroupHeartbeat', 1, { groupId: modern, memberId, memberEpoch: -1 })
    const member = { groupId: share, memberId: uuid() }
    const entering = { ...member, memberEpoch: 0, subscribedTopicNames: [topic] }
    await this.#askUntilDone('ShareGroupHeartbeat', 1, entering, (one) => one.errorCode)
    await this.#ask('ShareGroupHeartbeat', 1, { ...member, memberEpoch: -1 })
    // Of all partitions: the state of others Kafka begins when it comes to it, a second later, or forgets to list.
    const partitions = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, startOffset: 5n }))
    const topics = [{ topicName: topic, partitions }]
    await this.#askUntilDone(
      'AlterShareGroupOffsets',
      0,
      { groupId: share, topics },
      (one) => one.errorCode || (one.responses[0]?.partitions.find(({ errorCode }) => errorCode !== 0)?.errorCode ?? 0),
    )
  }

  async #commit(groupId: string, memberId: string, epoch: number, name: string, offset: number): Promise<void> {
    const partitions = [{ partitionIndex: 1, committedOffset: BigInt(offset), committedMetadata: 'by the load' }]
    const request = { groupId, memberId, generationIdOrMemberEpoch: epoch, topics: [{ name, partitions }] }
    await this.#askUntilDone('OffsetCommit', 9, request, (one) => one.topics[0]!.partitions[0]!.errorCode)
  }

  async #settings(topic: string): Promise<void> {
    const configs = [{ name: 'retention.ms', configOperation: 0, value: '864000000' }]
    const resources = [{ resourceType: 2, resourceName: topic, configs }]
    const altered = await this.#ask('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
    assert.equal(altered.responses[0]?.errorCode, 0)
    const entity = [{ entityType: 'client-id', entityName: topic }]
    const entries = [{ entity, ops: [{ key: 'consumer_byte_rate', value: 1e9, remove: false }] }]
    const quota = await this.#ask('AlterClientQuotas', 1, { entries, validateOnly: false })
    assert.equal(quota.entries[0]?.errorCode, 0)
    const credential = { name: topic, mechanism: 1, iterations: 4096, salt: randomBytes(16) }
    const upsertions = [{ ...credential, saltedPassword: randomBytes(32) }]
    const scram = await this.#ask('AlterUserScramCredentials', 0, { deletions: [], upsertions })
    assert.equal(scram.results[0]?.errorCode, 0)
  }
}

function record(key: string, value: string) {
  return { key: Buffer.from(key), value: Buffer.from(value), headers: [] }
}

/** As Kafka prints its ids. */
function uuid(): string {
  return randomBytes(16).toString('base64url')
}
