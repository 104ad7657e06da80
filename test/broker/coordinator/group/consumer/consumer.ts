// A client of the consumer group protocol (KIP-848), as clients behave: it heartbeats, gives up what it is told to, and
// says what it owns.

import {
  consumerGroupHeartbeat,
  describeConsumerGroups,
} from '../../../../../broker/coordinator/group/consumer/requests.ts'
import type { RequestOf, ResponseInputOf } from '../../../../../protocol/apis.ts'
import { context, TOPIC_IDS, type World } from '../harness.ts'

type Request = RequestOf<'ConsumerGroupHeartbeat'>
type Answer = Omit<ResponseInputOf<'ConsumerGroupHeartbeat'>, 'throttleTimeMs'>

export interface ConsumerOptions {
  readonly topics?: readonly string[]
  readonly regex?: string | null
  readonly instanceId?: string | null
  readonly rackId?: string | null
  readonly assignor?: string | null
  readonly rebalanceTimeoutMs?: number
  readonly version?: number
}

export class Consumer {
  readonly world: World
  readonly groupId: string
  readonly memberId: string
  options: ConsumerOptions
  epoch = 0
  /** `topic-partition`, sorted. */
  owned: string[] = []
  #assigned: readonly { topicId: string; partitions: readonly number[] }[] = []
  #isFull = true

  constructor(world: World, groupId: string, memberId: string, options: ConsumerOptions = {}) {
    this.world = world
    this.groupId = groupId
    this.memberId = memberId
    this.options = options
  }

  /** One request as it stands, and its answer. */
  send(changes: Partial<Request> = {}): Promise<Answer> {
    return this.world.complete(this.post(changes))
  }

  /** The same without waiting: time stands still meanwhile. */
  post(changes: Partial<Request> = {}): Promise<Answer> {
    const { topics = ['orders'], regex = null, instanceId = null, rackId = null, assignor = null } = this.options
    const full = {
      rackId,
      rebalanceTimeoutMs: this.options.rebalanceTimeoutMs ?? 30_000,
      subscribedTopicNames: regex === null || topics.length > 0 ? [...topics] : null,
      subscribedTopicRegex: regex,
      serverAssignor: assignor,
      topicPartitions: this.#assigned.map(({ topicId, partitions }) => ({ topicId, partitions: [...partitions] })),
    }
    const bare = {
      rackId: null,
      rebalanceTimeoutMs: -1,
      subscribedTopicNames: null,
      subscribedTopicRegex: null,
      serverAssignor: null,
      topicPartitions: null,
    }
    const request = {
      groupId: this.groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      instanceId,
      ...(this.#isFull ? full : bare),
      ...changes,
    }
    return consumerGroupHeartbeat(this.world.coordinator, context(this.options.version ?? 1), request)
  }

  /** A heartbeat, and what it tells is done at once. The error code. */
  async heartbeat(): Promise<number> {
    const answer = await this.send()
    if (answer.errorCode !== 0) return answer.errorCode
    this.#isFull = false
    this.epoch = answer.memberEpoch
    if (answer.assignment) this.#own(answer.assignment.topicPartitions)
    return 0
  }

  /** The next heartbeat says everything. */
  subscribe(changes: ConsumerOptions): void {
    this.options = { ...this.options, ...changes }
    this.#isFull = true
  }

  /** Begins anew, with nothing. */
  rejoin(): void {
    this.epoch = 0
    this.#own([])
    this.#isFull = true
  }

  async leave(epoch = -1): Promise<number> {
    return (await this.send({ memberEpoch: epoch })).errorCode
  }

  #own(assigned: readonly { readonly topicId: string; readonly partitions: readonly number[] }[]): void {
    this.#assigned = assigned
    // The next heartbeat confirms it.
    this.#isFull = true
    this.owned = assigned
      .flatMap(({ topicId, partitions }) => partitions.map((one) => `${this.world.topics.nameOf(topicId)}-${one}`))
      .sort()
  }
}

/** Heartbeats of all, until none changes anything any more. */
export async function settle(world: World, consumers: readonly Consumer[], rounds = 8): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const consumer of consumers) {
      const errorCode = await consumer.heartbeat()
      if (errorCode !== 0) throw new Error(`${consumer.memberId}: error ${errorCode}`)
    }
    await world.run(1_100)
  }
}

export async function describeConsumers(world: World, groupId: string) {
  const [described] = await world.complete(describeConsumerGroups(world.coordinator, [groupId]))
  if (described === undefined) throw new Error(`${groupId} is not described`)
  return described
}

export { TOPIC_IDS }
