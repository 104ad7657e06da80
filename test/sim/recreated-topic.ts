// A topic that is deleted and created again under its name, between the crashes of its broker: what was acknowledged
// since its last creation is there, and nothing of what its predecessors held is.

import { strict as assert } from 'node:assert'
import type { Host } from '../../host/host.ts'
import type { Address } from '../../host/network.ts'
import type { SeededRandom } from '../../host/simulated/random.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { WireClient } from '../wire-client.ts'

const name = 'again'

export class RecreatedTopic {
  readonly #host: Host
  readonly #broker: Address
  readonly #random: SeededRandom
  #exists = false
  /** By offset. */
  #values: string[] = []
  #logStartOffset = 0
  #serial = 0

  constructor(host: Host, broker: Address, random: SeededRandom) {
    this.#host = host
    this.#broker = broker
    this.#random = random
  }

  /** On a broker that has just started, and whose disk is well. */
  async work(): Promise<void> {
    const client = new WireClient(await this.#host.network.connect(this.#broker), name)
    const rounds = this.#random.between(1, 3)
    for (let round = 0; round < rounds; round++) {
      if (!this.#exists) await this.#create(client)
      const count = this.#random.pick([0, 3, 20])
      for (let index = 0; index < count; index++) await this.#produce(client)
      if (this.#random.chance(0.4)) await this.#deleteRecords(client)
      if (this.#random.chance(0.6)) await this.#delete(client)
    }
    client.close()
  }

  async #create(client: WireClient): Promise<void> {
    const topics = [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }]
    const answer = await client.send('CreateTopics', 7, { topics, timeoutMs: 30_000, validateOnly: false })
    assert.equal(answer?.topics[0]?.errorCode, ErrorCode.NONE, `${name} is created`)
    this.#exists = true
  }

  async #delete(client: WireClient): Promise<void> {
    const answer = await client.send('DeleteTopics', 5, { topicNames: [name], timeoutMs: 30_000 })
    assert.equal(answer?.responses[0]?.errorCode, ErrorCode.NONE, `${name} is deleted`)
    this.#exists = false
    this.#values = []
    this.#logStartOffset = 0
  }

  async #produce(client: WireClient): Promise<void> {
    const value = `${this.#serial++}`
    const records = buildBatch({
      timestamp: this.#host.clock.now(),
      records: [{ key: null, value: Buffer.from(value) }],
    })
    const topicData = [{ name, partitionData: [{ index: 0, records }] }]
    const answer = await client.send('Produce', 9, { acks: -1, timeoutMs: 30_000, topicData })
    const result = answer?.responses[0]?.partitionResponses[0]
    const expected = { errorCode: ErrorCode.NONE, baseOffset: BigInt(this.#values.length) }
    assert.deepEqual({ errorCode: result?.errorCode, baseOffset: result?.baseOffset }, expected, `${name}: ${value}`)
    this.#values.push(value)
  }

  async #deleteRecords(client: WireClient): Promise<void> {
    const offset = this.#random.between(this.#logStartOffset, this.#values.length)
    const topics = [{ name, partitions: [{ partitionIndex: 0, offset: BigInt(offset) }] }]
    const answer = await client.send('DeleteRecords', 2, { topics, timeoutMs: 30_000 })
    assert.equal(answer?.topics[0]?.partitions[0]?.errorCode, ErrorCode.NONE, `${name}: records are deleted`)
    this.#logStartOffset = offset
  }

  /** After a restart. */
  async verify(): Promise<void> {
    if (!this.#exists) return
    const client = new WireClient(await this.#host.network.connect(this.#broker), name)
    const found: string[] = []
    let offset = this.#logStartOffset
    while (offset < this.#values.length) {
      const answer = await client.send('Fetch', 11, {
        maxWaitMs: 100,
        isolationLevel: 0,
        minBytes: 1,
        topics: [
          { topic: name, partitions: [{ partition: 0, fetchOffset: BigInt(offset), partitionMaxBytes: 1 << 20 }] },
        ],
        forgottenTopicsData: [],
        rackId: '',
      })
      const result = answer?.responses[0]?.partitions[0]
      assert.equal(result?.errorCode, ErrorCode.NONE, `${name}: fetch at ${offset} of ${this.#values.length}`)
      assert.equal(result.logStartOffset, BigInt(this.#logStartOffset), `${name}: log start offset`)
      for (const record of readRecords(result.records ?? new Uint8Array())) {
        if (record.offset < offset) continue
        assert.equal(record.offset, offset++, `${name}: offsets are dense`)
        found.push(Buffer.from(record.value ?? []).toString())
      }
    }
    assert.deepEqual(found, this.#values.slice(this.#logStartOffset), name)
    client.close()
  }
}
