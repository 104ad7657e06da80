// Everything that a broker serves, read over the wire: topics with their ids and settings, records as consumers of both
// isolation levels see them, groups of every kind with their offsets, transactions, quotas and credentials. Two brokers
// that serve the same data directory, one after the other, must answer the same.

import { inspect, isDeepStrictEqual } from 'node:util'
import type { ApiName, RequestInputOf, ResponseOf } from '../../protocol/apis.ts'
import { batchProducerId, isControl, isTransactional, viewOf } from '../../protocol/records/batch.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { type ExpectedPartition, type ExpectedRecord, shownValue } from '../storage/kafka-data.ts'
import type { WireClient } from '../wire-client.ts'

type Ask = <Name extends ApiName>(
  name: Name,
  version: number,
  request: RequestInputOf<Name>,
) => Promise<ResponseOf<Name>>

export interface Served {
  /** `partitions` only of those that are no broker's own. */
  topics: { name: string; id: string; partitions: ExpectedPartition[] }[]
  /** Topic → setting → value, of those that somebody has set. */
  configs: Record<string, Record<string, string | null>>
  /** Group → type, state left out: members come and go. */
  groups: Record<string, string>
  /** Group → `topic-partition` → offset. */
  offsets: Record<string, Record<string, number>>
  shareOffsets: Record<string, Record<string, number>>
  /** Transactional id → state. */
  transactions: Record<string, string>
  quotas: unknown[]
  scram: unknown[]
  features: Record<string, number>
}

const shownLimit = 4000
const LATEST = -1n
const EARLIEST = -2n
/** ConfigSource: set for the topic. */
const DYNAMIC_TOPIC = 1

export async function served(client: WireClient): Promise<Served> {
  const ask: Ask = async (name, version, request) => {
    const answer = await client.send(name, version, request)
    if (answer === null) throw new Error(`the connection was closed on ${name} v${version}`)
    return answer
  }
  const topics = await readTopics(ask)
  const groups = await ask('ListGroups', 5, { statesFilter: [], typesFilter: [] })
  refuseError('ListGroups', groups)
  const types = Object.fromEntries(groups.groups.map(({ groupId, groupType }) => [groupId, groupType]))
  const transactions = await ask('ListTransactions', 0, { stateFilters: [], producerIdFilters: [] })
  refuseError('ListTransactions', transactions)
  const features = await ask('ApiVersions', 4, { clientSoftwareName: 'served', clientSoftwareVersion: '1' })
  return sorted({
    topics,
    configs: await readConfigs(
      ask,
      topics.map(({ name }) => name),
    ),
    groups: types,
    offsets: await readOffsets(ask, types),
    shareOffsets: await readShareOffsets(ask, types),
    transactions: Object.fromEntries(
      transactions.transactionStates.map((one) => [one.transactionalId, one.transactionState]),
    ),
    quotas: listed((await ask('DescribeClientQuotas', 1, { components: [], strict: false })).entries ?? []),
    scram: listed((await ask('DescribeUserScramCredentials', 0, { users: null })).results),
    features: Object.fromEntries(features.finalizedFeatures.map((one) => [one.name, one.maxVersionLevel])),
  })
}

/**
 * Says which part differs. Not by assert.deepEqual: that looks for the shortest way from all of one to all of the
 * other, 10 to 40 s of this thread, while the broker waits for somebody to read what it prints.
 */
export function assertServed(actual: Served, expected: Served): void {
  for (const part of Object.keys(expected) as (keyof Served)[]) {
    if (isDeepStrictEqual(actual[part], expected[part])) continue
    const [is, should] = [actual[part], expected[part]].map((one) => inspect(one, { depth: 6 }).slice(0, shownLimit))
    throw new Error(`${part} differ: they are ${is}\nand should be ${should}`)
  }
}

async function readTopics(ask: Ask): Promise<Served['topics']> {
  const metadata = await ask('Metadata', 12, { topics: null })
  const topics: Served['topics'] = []
  for (const { name, topicId, partitions, isInternal } of metadata.topics) {
    if (name === null || isInternal) continue
    const read: ExpectedPartition[] = []
    for (let index = 0; index < partitions.length; index++) read.push(await readPartition(ask, name, index))
    topics.push({ name, id: topicId, partitions: read })
  }
  return topics.sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function readPartition(ask: Ask, topic: string, partition: number): Promise<ExpectedPartition> {
  const offsetOf = async (timestamp: bigint, isolationLevel: number): Promise<number> => {
    const partitions = [{ partitionIndex: partition, timestamp }]
    const topics = [{ name: topic, partitions }]
    const answer = await ask('ListOffsets', 7, { replicaId: -1, isolationLevel, topics })
    return Number(answer.topics[0]!.partitions[0]!.offset)
  }
  const endOffset = await offsetOf(LATEST, 0)
  const beginningOffset = await offsetOf(EARLIEST, 0)
  const stableOffset = await offsetOf(LATEST, 1)
  const place = { topic, partition, beginningOffset }
  return {
    partition,
    beginningOffset,
    endOffset,
    read_uncommitted: await readRecords(ask, { ...place, endOffset }, false),
    read_committed: await readRecords(ask, { ...place, endOffset: stableOffset }, true),
  }
}

interface Range {
  readonly topic: string
  readonly partition: number
  readonly beginningOffset: number
  readonly endOffset: number
}

/** As the Java client does: records of aborted transactions are left out by the list that comes with the answer. */
async function readRecords(ask: Ask, range: Range, isCommitted: boolean): Promise<ExpectedRecord[]> {
  const records: ExpectedRecord[] = []
  const cursor = new BatchCursor()
  let offset = range.beginningOffset
  while (offset < range.endOffset) {
    const answer = await ask('Fetch', 12, {
      maxWaitMs: 100,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: isCommitted ? 1 : 0,
      sessionId: 0,
      sessionEpoch: -1,
      topics: [
        {
          topic: range.topic,
          partitions: [{ partition: range.partition, fetchOffset: BigInt(offset), partitionMaxBytes: 1 << 20 }],
        },
      ],
      forgottenTopicsData: [],
      rackId: '',
    })
    const { errorCode, records: bytes, abortedTransactions } = answer.responses[0]!.partitions[0]!
    if (errorCode !== 0 || bytes === null) throw new Error(`fetch of ${range.topic} at ${offset}: error ${errorCode}`)
    const aborted = [...(abortedTransactions ?? [])].sort((a, b) => Number(a.firstOffset - b.firstOffset))
    const abortedNow = new Set<bigint>()
    const view = viewOf(bytes)
    const startedAt = offset
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      const { position } = cursor
      offset = cursor.lastOffset + 1
      const producerId = batchProducerId(view, position)
      while (aborted.length > 0 && Number(aborted[0]!.firstOffset) <= cursor.lastOffset) {
        abortedNow.add(aborted.shift()!.producerId)
      }
      if (isControl(view, position)) {
        abortedNow.delete(producerId)
        continue
      }
      if (isCommitted && isTransactional(view, position) && abortedNow.has(producerId)) continue
      for (const record of readBatch(bytes, view, position)) {
        if (record.offset < startedAt) continue
        const key = record.key === null ? null : new TextDecoder().decode(record.key)
        records.push([record.offset, record.timestamp, key, shownValue(record.value)])
      }
    }
    // The last records may have been compacted away.
    if (offset === startedAt) break
  }
  return records
}

async function readConfigs(ask: Ask, topics: readonly string[]): Promise<Served['configs']> {
  const { results } = await ask('DescribeConfigs', 4, {
    resources: topics.map((resourceName) => ({ resourceType: 2, resourceName, configurationKeys: null })),
    includeSynonyms: false,
    includeDocumentation: false,
  })
  const own = results.map(({ resourceName, configs }) => {
    const set = configs.filter(({ configSource }) => configSource === DYNAMIC_TOPIC)
    return [resourceName, Object.fromEntries(set.map(({ name, value }) => [name, value]))] as const
  })
  return Object.fromEntries(own)
}

async function readOffsets(ask: Ask, types: Served['groups']): Promise<Served['offsets']> {
  const ids = Object.keys(types).filter((id) => types[id] !== 'share')
  if (ids.length === 0) return {}
  const { groups } = await ask('OffsetFetch', 8, {
    groups: ids.map((groupId) => ({ groupId, topics: null })),
    requireStable: true,
  })
  for (const group of groups) refuseError(group.groupId, group)
  return Object.fromEntries(
    groups.map(({ groupId, topics }) => [
      groupId,
      Object.fromEntries(
        topics.flatMap(({ name, partitions }) =>
          partitions.map((one) => [`${name}-${one.partitionIndex}`, Number(one.committedOffset)]),
        ),
      ),
    ]),
  )
}

async function readShareOffsets(ask: Ask, types: Served['groups']): Promise<Served['shareOffsets']> {
  const ids = Object.keys(types).filter((id) => types[id] === 'share')
  if (ids.length === 0) return {}
  const { groups } = await ask('DescribeShareGroupOffsets', 0, {
    groups: ids.map((groupId) => ({ groupId, topics: null })),
  })
  for (const group of groups) refuseError(group.groupId, group)
  return Object.fromEntries(
    groups.map(({ groupId, topics }) => [
      groupId,
      Object.fromEntries(
        topics.flatMap(({ topicName, partitions }) =>
          partitions.map((one) => [`${topicName}-${one.partitionIndex}`, Number(one.startOffset)]),
        ),
      ),
    ]),
  )
}

/** A coordinator that is still loading, say: whoever asked asks again. */
function refuseError(what: string, { errorCode }: { readonly errorCode: number }): void {
  if (errorCode !== 0) throw new Error(`${what}: error ${errorCode}`)
}

function listed<T>(things: readonly T[]): T[] {
  return [...things].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

/** Brokers list things in an order of their own. */
function sorted<T>(value: T): T {
  if (Array.isArray(value) || value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)])) as T
}
