// What a load needs of a broker besides the load: topics, and where their logs begin and end.

import { setTimeout as sleep } from 'node:timers/promises'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { Peer } from '../../test/conformance/peer.ts'

const pollMs = 5
const earliest = -2n
const latest = -1n
const topicTimeoutMs = 60_000
/** Kafka puts no more than 10,000 records into its metadata log by one request, the one of the topic included. */
const maxPartitionsAtOnce = 5000

export type Offsets = ReadonlyMap<number, number>

export class Admin {
  readonly #peer: Peer

  constructor(bootstrap: string) {
    this.#peer = new Peer(bootstrap)
  }

  close(): void {
    this.#peer.close()
  }

  async ask<N extends ApiName>(name: N, version: number, body: RequestInputOf<N>): Promise<ResponseOf<N>> {
    const answer = await this.#peer.request(name, version, body)
    if (answer.kind === 'body') return answer.body
    throw new Error(`${name}: ${answer.kind === 'undecodable' ? answer.reason : answer.kind}`)
  }

  /** Once this returns every partition is there, but may not be led yet. */
  async createTopic(name: string, partitions: number, settings: Readonly<Record<string, string>> = {}): Promise<void> {
    const configs = Object.entries(settings).map(([name, value]) => ({ name, value }))
    const numPartitions = Math.min(partitions, maxPartitionsAtOnce)
    const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs }
    const usual = { timeoutMs: topicTimeoutMs, validateOnly: false }
    check(name, (await this.ask('CreateTopics', 5, { ...usual, topics: [topic] })).topics[0])
    for (let count = numPartitions; count < partitions; ) {
      count = Math.min(partitions, count + maxPartitionsAtOnce)
      const topics = [{ name, count, assignments: null }]
      check(name, (await this.ask('CreatePartitions', 2, { ...usual, topics })).results[0])
    }
  }

  /** Waits until all of its partitions are led, by which time they can be written to. */
  async awaitLeaders(topic: string, partitions: number): Promise<void> {
    while ((await this.#offsets(topic, partitions, latest)) === undefined) await sleep(pollMs)
  }

  async topic(name: string, partitions: number, settings?: Readonly<Record<string, string>>): Promise<void> {
    await this.createTopic(name, partitions, settings)
    await this.awaitLeaders(name, partitions)
  }

  /** The first group of a broker waits for the topic of the offsets. */
  async awaitCoordinator(groupId: string): Promise<void> {
    for (;;) {
      const { errorCode } = await this.ask('FindCoordinator', 2, { key: groupId, keyType: 0 })
      const offsets = { groupId, topics: [] }
      if (errorCode === 0 && (await this.ask('OffsetFetch', 5, offsets)).errorCode === 0) return
      await sleep(pollMs)
    }
  }

  async deleteTopic(name: string): Promise<void> {
    await this.ask('DeleteTopics', 5, { topicNames: [name], timeoutMs: topicTimeoutMs })
  }

  async startOffsets(topic: string, partitions: number): Promise<Offsets> {
    return this.#known(await this.#offsets(topic, partitions, earliest))
  }

  async endOffsets(topic: string, partitions: number): Promise<Offsets> {
    return this.#known(await this.#offsets(topic, partitions, latest))
  }

  #known(offsets: Offsets | undefined): Offsets {
    if (offsets === undefined) throw new Error('a partition has no leader')
    return offsets
  }

  async #offsets(name: string, count: number, timestamp: bigint): Promise<Offsets | undefined> {
    const partitions = Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp }))
    const { topics } = await this.ask('ListOffsets', 5, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions }],
    })
    const found = topics[0]?.partitions ?? []
    if (found.length < count || found.some(({ errorCode }) => errorCode !== 0)) return undefined
    return new Map(found.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)]))
  }
}

function check(name: string, result: { errorCode: number; errorMessage: string | null } | undefined): void {
  if (result?.errorCode !== 0) throw new Error(`${name}: error ${result?.errorCode} ${result?.errorMessage}`)
}
