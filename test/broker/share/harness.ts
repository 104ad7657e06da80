// A member of a share group that speaks the protocol by itself, against a whole broker on a simulated machine.

import type { RequestInputOf, ResponseOf } from '../../../protocol/apis.ts'
import { fetchedRecords } from '../../sim/fetched.ts'
import type { WireClient } from '../../wire-client.ts'
import type { Client, World } from '../harness.ts'

export interface Acquired {
  readonly topicId: string
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly deliveryCount: number
}

export interface Delivered {
  readonly topicId: string
  readonly partition: number
  readonly offset: number
  readonly value: string
  readonly deliveryCount: number
}

export interface Fetched {
  readonly answer: ResponseOf<'ShareFetch'>
  readonly acquired: readonly Acquired[]
  readonly records: readonly Delivered[]
}

type Topics = RequestInputOf<'ShareAcknowledge'>['topics']

type FetchOptions = Partial<Omit<RequestInputOf<'ShareFetch'>, 'topics'>> & { acknowledge?: Topics; version?: number }

export function batch(first: number, last: number, ...acknowledgeTypes: number[]) {
  return { firstOffset: BigInt(first), lastOffset: BigInt(last), acknowledgeTypes }
}

export class ShareMember {
  readonly groupId: string
  readonly memberId: string
  readonly #client: Pick<WireClient, 'send'>
  memberEpoch = 0
  /** Of the next request. */
  epoch = 0
  #inSession = new Set<string>()
  assigned: { topicId: string; partitions: number[] }[] = []

  constructor(client: Pick<WireClient, 'send'>, groupId: string, memberId: string) {
    this.#client = client
    this.groupId = groupId
    this.memberId = memberId
  }

  async heartbeat(topics: readonly string[] | null = null): Promise<ResponseOf<'ShareGroupHeartbeat'>> {
    const answer = await this.#send('ShareGroupHeartbeat', 1, {
      groupId: this.groupId,
      memberId: this.memberId,
      memberEpoch: this.memberEpoch,
      rackId: null,
      subscribedTopicNames: topics,
    })
    if (answer.errorCode === 0) this.memberEpoch = answer.memberEpoch
    if (answer.assignment !== null) this.assigned = answer.assignment.topicPartitions.map((one) => ({ ...one }))
    return answer
  }

  async leave(): Promise<void> {
    this.memberEpoch = -1
    await this.heartbeat()
    this.memberEpoch = 0
  }

  async fetch(options: FetchOptions = {}): Promise<Fetched> {
    return read(await this.fetchUnread(options))
  }

  async fetchUnread(options: FetchOptions = {}): Promise<ResponseOf<'ShareFetch'>> {
    const { acknowledge = [], version = 2, ...rest } = options
    const topics = new Map<string, Map<number, Topics[number]['partitions'][number]['acknowledgementBatches']>>()
    if (this.epoch === 0) this.#inSession.clear()
    const wanted = new Set<string>()
    for (const { topicId, partitions } of this.assigned) {
      const added = partitions.filter((partition) => !this.#inSession.has(`${topicId}:${partition}`))
      for (const partition of partitions) wanted.add(`${topicId}:${partition}`)
      if (added.length > 0) topics.set(topicId, new Map(added.map((partition) => [partition, []])))
    }
    const forgottenTopicsData = [...this.#inSession].flatMap((name) => {
      const [topicId = '', partition = ''] = name.split(':')
      return wanted.has(name) ? [] : [{ topicId, partitions: [Number(partition)] }]
    })
    for (const { topicId, partitions } of acknowledge) {
      const of = topics.get(topicId) ?? new Map()
      for (const { partitionIndex, acknowledgementBatches } of partitions)
        of.set(partitionIndex, acknowledgementBatches)
      topics.set(topicId, of)
    }
    const answer = await this.#send('ShareFetch', version, {
      groupId: this.groupId,
      memberId: this.memberId,
      shareSessionEpoch: this.epoch,
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 1 << 20,
      maxRecords: 500,
      batchSize: 500,
      shareAcquireMode: 0,
      isRenewAck: false,
      forgottenTopicsData,
      ...rest,
      topics: Array.from(topics, ([topicId, partitions]) => ({
        topicId,
        partitions: Array.from(partitions, ([partitionIndex, acknowledgementBatches]) => {
          return { partitionIndex, acknowledgementBatches }
        }),
      })),
    })
    if (answer.errorCode === 0) {
      this.epoch++
      this.#inSession = wanted
    }
    return answer
  }

  /** One batch of one partition. */
  async acknowledge(
    topicId: string,
    partitionIndex: number,
    batches: readonly ReturnType<typeof batch>[],
    options: { readonly isRenewAck?: boolean; readonly epoch?: number } = {},
  ): Promise<number> {
    const answer = await this.#send('ShareAcknowledge', 2, {
      groupId: this.groupId,
      memberId: this.memberId,
      shareSessionEpoch: options.epoch ?? this.epoch++,
      isRenewAck: options.isRenewAck ?? false,
      topics: [{ topicId, partitions: [{ partitionIndex, acknowledgementBatches: [...batches] }] }],
    })
    return answer.errorCode || (answer.responses[0]?.partitions[0]?.errorCode ?? 0)
  }

  async #send<Name extends 'ShareGroupHeartbeat' | 'ShareFetch' | 'ShareAcknowledge'>(
    name: Name,
    version: number,
    request: RequestInputOf<Name>,
  ): Promise<ResponseOf<Name>> {
    const answer = await this.#client.send(name, version, request)
    if (answer === null) throw new Error(`the connection was closed on ${name}`)
    return answer
  }
}

function read(answer: ResponseOf<'ShareFetch'>): Fetched {
  const acquired: Acquired[] = []
  const records: Delivered[] = []
  for (const { topicId, partitions } of answer.responses) {
    for (const { partitionIndex: partition, acquiredRecords, records: bytes } of partitions) {
      const inOrder = fetchedRecords(bytes)
      for (const { firstOffset, lastOffset, deliveryCount } of acquiredRecords) {
        const [first, last] = [Number(firstOffset), Number(lastOffset)]
        acquired.push({ topicId, partition, first, last, deliveryCount })
        for (const { offset, value } of inOrder) {
          if (offset < first || offset > last) continue
          records.push({ topicId, partition, offset, value: String(value && Buffer.from(value)), deliveryCount })
        }
      }
    }
  }
  return { answer, acquired, records }
}

/** Coordinators are found before members ask them, as clients do it; the group begins with the oldest record. */
export async function prepareGroup(
  world: World,
  client: Client,
  groupId: string,
  configs: Record<string, string> = {},
) {
  const all = { 'share.auto.offset.reset': 'earliest', 'share.assignment.interval.ms': '0', ...configs }
  await client.request('IncrementalAlterConfigs', 1, {
    resources: [
      {
        resourceType: 32,
        resourceName: groupId,
        configs: Object.entries(all).map(([name, value]) => ({ name, value, configOperation: 0 })),
      },
    ],
    validateOnly: false,
  })
  for (;;) {
    const found = await client.request('FindCoordinator', 6, { key: '', keyType: 0, coordinatorKeys: [groupId] })
    if (found.coordinators[0]?.errorCode === 0) break
    await world.simulation.run(100)
  }
  // The shard loads its log in turns of its own.
  await world.simulation.run(100)
}

/** A member with its partitions. */
export async function joined(
  world: World,
  client: Client,
  groupId: string,
  memberId: string,
  topics: readonly string[],
): Promise<ShareMember> {
  const member = new ShareMember(client, groupId, memberId)
  const answer = await world.simulation.complete(member.heartbeat(topics))
  if (answer.errorCode !== 0) throw new Error(`${memberId}: ${answer.errorCode} ${answer.errorMessage}`)
  return member
}
