// A group that only commits: rising offsets, one after the other, over crashes of its broker.

import { strict as assert } from 'node:assert'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { WireClient } from '../wire-client.ts'
import { type ClientSetting, LastingClient } from './lasting-client.ts'

const groupId = 'readers'

const retriable: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.REQUEST_TIMED_OUT,
]

export class LastingCommitter extends LastingClient {
  readonly #topic: string
  #sent = 0
  #acknowledged = 0

  constructor(setting: ClientSetting & { readonly topic: string }) {
    super(setting)
    this.#topic = setting.topic
  }

  protected onConnected(client: WireClient): void {
    this.ask(client, 'FindCoordinator', 4, { keyType: 0, coordinatorKeys: [groupId] }, (answer) => {
      if (answer === null) return this.reconnect(client)
      if (answer.coordinators[0]?.errorCode === ErrorCode.NONE) this.#commit(client)
      else this.reconnect(client)
    })
  }

  #commit(client: WireClient): void {
    if (this.isStopped || this.client !== client) return
    const committedOffset = BigInt(++this.#sent)
    const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: null }]
    const request = {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      groupInstanceId: null,
      topics: [{ name: this.#topic, partitions }],
    }
    this.ask(client, 'OffsetCommit', 8, request, (answer) => {
      const errorCode = answer?.topics[0]?.partitions[0]?.errorCode
      if (errorCode === ErrorCode.NONE) {
        this.#acknowledged = Number(committedOffset)
        this.later(() => this.#commit(client))
      } else {
        if (errorCode !== undefined) assert.ok(retriable.includes(errorCode), `OffsetCommit answers ${errorCode}`)
        this.reconnect(client)
      }
    })
  }

  async verify(client: WireClient): Promise<void> {
    if (this.#acknowledged === 0) return
    for (;;) {
      const least = this.#acknowledged // it goes on while the answer is on its way
      const topics = [{ name: this.#topic, partitionIndexes: [0] }]
      const answer = await client.send('OffsetFetch', 7, { groupId, topics, requireStable: false })
      if (answer?.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) continue
      assert.equal(answer?.errorCode, ErrorCode.NONE, 'OffsetFetch')
      const committed = Number(answer.topics[0]?.partitions[0]?.committedOffset)
      const range = `${least} to ${this.#sent}`
      assert.ok(committed >= least && committed <= this.#sent, `committed is ${committed}, not ${range}`)
      return
    }
  }
}
