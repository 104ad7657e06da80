// The clients that work on a broker while it crashes, and what must hold in the end:
//
//   every acknowledged record is at its offset; offsets are dense
//   what an idempotent producer has sent is there once and in order; what another has sent, once at most
//   what a consumer has seen is what the log says
//   a committed offset is the last that was acknowledged, or one that was sent later
//   every topic whose creation was acknowledged is there

import { strict as assert } from 'node:assert'
import type { Host } from '../../host/host.ts'
import type { Address } from '../../host/network.ts'
import type { SeededRandom } from '../../host/simulated/random.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { WireClient } from '../wire-client.ts'
import { LastingCommitter } from './committer.ts'
import { LastingConsumer } from './consumer.ts'
import { fetchedRecords } from './fetched.ts'
import type { LastingClient } from './lasting-client.ts'
import { LastingProducer } from './producer.ts'

export const topic = 'letters'
export const partitionCount = 2

export interface WorkloadReport {
  readonly records: number
  /** Producers that a broker made give up; see LastingProducer. */
  readonly givenUp: number
}

export class Workload {
  readonly #hostOf: (name: string) => Host
  readonly #broker: Address
  readonly #producers: LastingProducer[]
  readonly #consumers: LastingConsumer[]
  readonly #committer: LastingCommitter
  readonly #clients: readonly LastingClient[]
  readonly #createdTopics: string[] = []

  /** `hostOf`: the host of the client of that name. `mayBeKafka`: see ClientSetting. */
  constructor(
    hostOf: (name: string) => Host,
    broker: Address,
    random: SeededRandom,
    sizes: readonly number[],
    mayBeKafka = false,
  ) {
    this.#hostOf = hostOf
    this.#broker = broker
    const setting = (name: string) => ({ name, host: hostOf(name), broker, topic, mayBeKafka })
    this.#producers = [0, 1, 2, 3].map((index) => {
      const partition = index % partitionCount
      const own = { partition, isIdempotent: index < 3, random: random.fork(), sizes }
      return new LastingProducer({ ...setting(`p${index}`), ...own })
    })
    this.#consumers = [0, 1].map((partition) => new LastingConsumer({ ...setting(`c${partition}`), partition }))
    this.#committer = new LastingCommitter(setting('committer'))
    this.#clients = [...this.#producers, ...this.#consumers, this.#committer]
  }

  async start(): Promise<void> {
    await this.createTopic(topic, partitionCount)
    for (const client of this.#clients) client.start()
  }

  /** Producers send what they have not got acknowledged, and nothing new. */
  finish(): void {
    for (const producer of this.#producers) producer.finish()
  }

  get isDone(): boolean {
    return this.#producers.every((producer) => producer.isDone) || this.#clients.some((client) => client.fault !== null)
  }

  /** Batches, of all producers. */
  get acknowledged(): number {
    return this.#producers.reduce((sum, producer) => sum + producer.acknowledged.length, 0)
  }

  /** Throws what a client has found wrong. */
  check(): void {
    for (const { name, fault } of this.#clients) {
      if (fault !== null) throw fault instanceof Error ? fault : new Error(`${name}: ${fault}`)
    }
  }

  async createTopic(name: string, numPartitions: number): Promise<void> {
    const client = await this.#connect()
    const topics = [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }]
    const answer = await client.send('CreateTopics', 7, { topics, timeoutMs: 30_000, validateOnly: false })
    const created = answer?.topics[0]
    assert.equal(created?.errorCode, ErrorCode.NONE, `${name} is created: ${created?.errorMessage}`)
    this.#createdTopics.push(name)
    client.close()
  }

  /** After `isDone`. Also answers the logs, partition by partition. */
  async verify(): Promise<WorkloadReport & { readonly logs: readonly string[][] }> {
    this.check()
    const client = await this.#connect()
    const logs: string[][] = []
    for (let partition = 0; partition < partitionCount; partition++) {
      const log = await readLog(client, partition)
      logs.push(log)
      this.#verifyProducers(partition, log)
      for (const { name, seen } of this.#consumers.filter((consumer) => consumer.partition === partition)) {
        assert.deepEqual(seen, log.slice(0, seen.length), `what ${name} has seen`)
      }
    }
    await this.#committer.verify(client)
    const answer = await client.send('Metadata', 9, { topics: null, allowAutoTopicCreation: false })
    const names = answer?.topics.map(({ name }) => name)
    for (const name of this.#createdTopics) assert.ok(names?.includes(name), `${name} is gone; there are ${names}`)
    for (const one of [...this.#clients, client]) 'stop' in one ? one.stop() : one.close()
    const givenUp = this.#producers.filter((producer) => producer.hasGivenUp).length
    return { records: logs.flat().length, givenUp, logs }
  }

  #verifyProducers(partition: number, log: readonly string[]): void {
    const expected = new Set<string>()
    for (const producer of this.#producers.filter((producer) => producer.partition === partition)) {
      const { name, acknowledged, unknown } = producer
      for (const { baseOffset, values } of acknowledged) {
        const there = log.slice(baseOffset, baseOffset + values.length)
        assert.deepEqual(there, values, `${name}: acknowledged at ${baseOffset}`)
      }
      const own = log.filter((value) => value.startsWith(`${name}:`))
      assert.equal(new Set(own).size, own.length, `${name}: each record once at most`)
      const sent = [...acknowledged, ...unknown].flatMap(({ values }) => values)
      if (producer.isIdempotent) {
        assert.deepEqual(own, sent.slice(0, own.length), `${name}: each record in order`)
        if (!producer.hasGivenUp) assert.equal(own.length, sent.length, `${name}: every record`)
      }
      for (const value of sent) expected.add(value)
    }
    for (const [offset, value] of log.entries()) assert.ok(expected.has(value), `nobody sent ${value}, at ${offset}`)
  }

  async #connect(): Promise<WireClient> {
    return new WireClient(await this.#hostOf('admin').network.connect(this.#broker), 'admin')
  }
}

/** All of a partition, offset by offset. */
async function readLog(client: WireClient, partition: number): Promise<string[]> {
  const log: string[] = []
  for (;;) {
    const fetchOffset = BigInt(log.length)
    const answer = await client.send('Fetch', 11, {
      maxWaitMs: 100,
      isolationLevel: 0,
      minBytes: 1,
      topics: [{ topic, partitions: [{ partition, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
      forgottenTopicsData: [],
      rackId: '',
    })
    const result = answer?.responses[0]?.partitions[0]
    assert.equal(result?.errorCode, ErrorCode.NONE, `fetch at ${log.length}`)
    for (const { offset, value } of fetchedRecords(result.records)) {
      if (offset < log.length) continue
      assert.equal(offset, log.length, 'offsets are dense')
      log.push(Buffer.from(value ?? []).toString())
    }
    if (log.length >= Number(result.highWatermark)) return log
  }
}
