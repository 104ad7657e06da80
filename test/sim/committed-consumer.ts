// A consumer of one partition that sees what is committed alone, over crashes of its broker: it passes over the records
// of transactions that the answers name as aborted, as real clients do.

import { strict as assert } from 'node:assert'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { batchLastOffset, batchProducerId, isControl, isTransactional, viewOf } from '../../protocol/records/batch.ts'
import { controlTypeOf } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import type { WireClient } from '../wire-client.ts'
import { isRetriable } from './fetched.ts'
import { type ClientSetting, LastingClient } from './lasting-client.ts'

interface Aborted {
  readonly producerId: bigint
  readonly firstOffset: bigint
}

export class CommittedConsumer extends LastingClient {
  readonly partition: number
  readonly seen: string[] = []
  /** Records that were aborted. */
  skipped = 0
  readonly #topic: string
  #nextOffset = 0

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
    const fetchOffset = BigInt(this.#nextOffset)
    const partitions = [{ partition: this.partition, fetchOffset, partitionMaxBytes: 1 << 20 }]
    const request = {
      ...{ maxWaitMs: 500, minBytes: 1, maxBytes: 1 << 20, isolationLevel: 1, sessionId: 0, sessionEpoch: -1 },
      ...{ forgottenTopicsData: [], rackId: '', topics: [{ topic: this.#topic, partitions }] },
    }
    this.ask(client, 'Fetch', 11, request, (answer) => {
      const result = answer?.responses[0]?.partitions[0]
      if (result === undefined) return this.reconnect(client)
      if (result.errorCode !== ErrorCode.NONE) {
        assert.ok(isRetriable(result.errorCode), `${this.name}: fetch answers ${result.errorCode}`)
        return this.later(() => this.#fetch(client))
      }
      const stable = Number(result.lastStableOffset)
      this.#take(result.records ?? new Uint8Array(), result.abortedTransactions ?? [])
      const isBelow = this.mayBeKafka || this.#nextOffset <= stable
      assert.ok(isBelow, `${this.name} has read to ${this.#nextOffset}, stable is ${stable}`)
      this.#fetch(client)
    })
  }

  #take(records: Uint8Array, aborted: readonly Aborted[]): void {
    const view = viewOf(records)
    const cursor = new BatchCursor()
    const left = [...aborted]
    const skipping = new Set<bigint>()
    cursor.reset(records, view, 0, records.length)
    while (cursor.next()) {
      const { position, baseOffset } = cursor
      const producerId = batchProducerId(view, position)
      while (left.length > 0 && Number(left[0]!.firstOffset) <= baseOffset) skipping.add(left.shift()!.producerId)
      const read = readBatch(records, view, position)
      if (isControl(view, position)) {
        if (controlTypeOf(read[0]?.key ?? null) === 'abort') skipping.delete(producerId)
      } else if (isTransactional(view, position) && skipping.has(producerId)) {
        this.skipped += read.length
      } else {
        for (const { offset, value } of read) {
          if (offset >= this.#nextOffset) this.seen.push(Buffer.from(value ?? []).toString())
        }
      }
      this.#nextOffset = Math.max(this.#nextOffset, batchLastOffset(view, position) + 1)
    }
  }
}
