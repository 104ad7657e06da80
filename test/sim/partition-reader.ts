// Fetches one partition from its beginning, over crashes of its broker; what it makes of the answers its kind says.

import { strict as assert } from 'node:assert'
import type { ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { WireClient } from '../wire-client.ts'
import { isRetriable } from './fetched.ts'
import { type ClientSetting, LastingClient } from './lasting-client.ts'

export type FetchedPartition = ResponseOf<'Fetch'>['responses'][number]['partitions'][number]

export abstract class PartitionReader extends LastingClient {
  readonly partition: number
  readonly #topic: string

  constructor(setting: ClientSetting & { readonly topic: string; readonly partition: number }) {
    super(setting)
    this.#topic = setting.topic
    this.partition = setting.partition
  }

  /** 1: of transactions the records are named that were aborted, and nothing is read beyond the last stable offset. */
  protected abstract readonly isolationLevel: 0 | 1
  protected abstract readonly nextOffset: number
  /** Moves nextOffset on. Throws where the answer contradicts what was seen before. */
  protected abstract take(fetched: FetchedPartition): void

  protected onConnected(client: WireClient): void {
    this.#fetch(client)
  }

  #fetch(client: WireClient): void {
    if (this.isStopped || this.client !== client) return
    const fetchOffset = BigInt(this.nextOffset)
    const partitions = [{ partition: this.partition, fetchOffset, partitionMaxBytes: 1 << 20 }]
    const request = {
      ...{ maxWaitMs: 500, minBytes: 1, maxBytes: 1 << 20, isolationLevel: this.isolationLevel },
      ...{ sessionId: 0, sessionEpoch: -1, forgottenTopicsData: [], rackId: '' },
      topics: [{ topic: this.#topic, partitions }],
    }
    this.ask(client, 'Fetch', 11, request, (answer) => {
      const fetched = answer?.responses[0]?.partitions[0]
      if (fetched === undefined) return this.reconnect(client)
      if (fetched.errorCode !== ErrorCode.NONE) {
        const what = `${this.name}: fetch at ${this.nextOffset} answers ${fetched.errorCode}`
        assert.ok(isRetriable(fetched.errorCode), what)
        return this.later(() => this.#fetch(client))
      }
      this.take(fetched)
      this.#fetch(client)
    })
  }
}
