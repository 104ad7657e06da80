// What scenarios of share groups have in common: a group with its settings, a member that has partitions, records, and
// requests that say nothing out of the ordinary.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import type { Session } from '../session.ts'

export const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAbw'
export const [ACCEPT, RELEASE, REJECT, RENEW, GAP] = [1, 2, 3, 4, 0]

export type Heartbeat = Partial<RequestInputOf<'ShareGroupHeartbeat'>>

export const heartbeatBody = (groupId: string, extra: Heartbeat = {}): RequestInputOf<'ShareGroupHeartbeat'> => ({
  groupId,
  memberId: 'member',
  memberEpoch: 0,
  rackId: null,
  subscribedTopicNames: null,
  ...extra,
})

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

export async function configure(s: Session, groupId: string, configs: Record<string, string>): Promise<void> {
  const rows = Object.entries(configs).map(([name, value]) => ({ name, value, configOperation: 0 }))
  await s.get('IncrementalAlterConfigs', 1, {
    resources: [{ resourceType: 32, resourceName: groupId, configs: rows }],
    validateOnly: false,
  })
}

/** Joins and waits until it has `count` partitions; returns the member's epoch. */
export async function member(s: Session, groupId: string, memberId: string, topic: string, count = 1): Promise<number> {
  const body = heartbeatBody(groupId, { memberId, subscribedTopicNames: [topic] })
  let answer = await s.get('ShareGroupHeartbeat', 1, body)
  for (let round = 0; round < 100; round++) {
    const assigned = answer.assignment?.topicPartitions.flatMap(({ partitions }) => partitions) ?? []
    if (assigned.length >= count) return answer.memberEpoch
    await pause(100)
    const { memberEpoch } = answer
    answer = await s.get('ShareGroupHeartbeat', 1, { ...body, memberEpoch, subscribedTopicNames: [topic] })
  }
  throw new Error(`${groupId}: ${memberId} gets nothing`)
}

export type Fetch = Partial<RequestInputOf<'ShareFetch'>>
export type Batches = RequestInputOf<'ShareFetch'>['topics'][number]['partitions'][number]['acknowledgementBatches']

export const range = (first: number, last: number, ...acknowledgeTypes: number[]) => {
  return { firstOffset: BigInt(first), lastOffset: BigInt(last), acknowledgeTypes }
}

export const fetchBody = (
  groupId: string,
  memberId: string,
  epoch: number,
  extra: Fetch = {},
): RequestInputOf<'ShareFetch'> => ({
  groupId,
  memberId,
  shareSessionEpoch: epoch,
  maxWaitMs: 200,
  minBytes: 1,
  maxBytes: 1 << 20,
  maxRecords: 100,
  batchSize: 100,
  topics: [],
  forgottenTopicsData: [],
  ...extra,
})

export async function produce(s: Session, name: string, from: number, count: number, index = 0): Promise<void> {
  const records = Array.from({ length: count }, (_, at) => ({ key: null, value: Buffer.from(`v${from + at}`) }))
  const batch = buildBatch({ timestamp: 1_700_000_000_000, records })
  await s.get('Produce', 9, {
    acks: -1,
    timeoutMs: 10_000,
    topicData: [{ name, partitionData: [{ index, records: batch }] }],
  })
}
