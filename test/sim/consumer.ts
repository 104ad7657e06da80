// A consumer of one partition from its beginning, over crashes of its broker. What it has seen it has seen: no later
// state of the log may contradict it.

import { strict as assert } from 'node:assert'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { WireClient } from '../wire-client.ts'
import { fetchedRecords, isRetriable } from './fetched.ts'
import { type ClientSetting, LastingClient } from './lasting-client.ts'

export class LastingConsumer extends LastingClient {
  readonly partition: number
  /** The value at each offset. */
  readonly seen: string[] = []
  readonly #topic: string

  constructor(setting: ClientSetting & { readonly topic: string; readonly partition: number }) {
    super(setting)
    this.#topic = setting.topic
    this.partition = setting.partition
  }

  protected onConnected(client: WireClient): void {
    this.#fetch(client)
  }

  #fetch(client: WireClient): void {
    if (this.isStopped || this.client !== client) return
    const fetchOffset = BigInt(this.seen.length)
    const partitions = [{ partition: this.partition, fetchOffset, partitionMaxBytes: 1 << 20 }]
    const request = {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 0,
      topics: [{ topic: this.#topic, partitions }],
      forgottenTopicsData: [],
      rackId: '',
      sessionId: 0,
      sessionEpoch: -1,
    }
    this.ask(client, 'Fetch', 11, request, (answer) => {
      const result = answer?.responses[0]?.partitions[0]
      if (result === undefined) return this.reconnect(client)
      if (result.errorCode !== ErrorCode.NONE) {
        const what = `${this.name}: fetch at ${this.seen.length} answers ${result.errorCode}`
        assert.ok(isRetriable(result.errorCode), what)
        return this.later(() => this.#fetch(client))
      }
      for (const { offset, value } of fetchedRecords(result.records)) {
        if (offset < this.seen.length) continue
        assert.equal(offset, this.seen.length, `${this.name}: offsets are dense`)
        this.seen.push(Buffer.from(value ?? []).toString())
      }
      const highWatermark = Number(result.highWatermark)
      const isBelow = this.mayBeKafka || this.seen.length <= highWatermark
      assert.ok(isBelow, `${this.name} has read to ${this.seen.length} of ${highWatermark}`)
      this.#fetch(client)
    })
  }
}
