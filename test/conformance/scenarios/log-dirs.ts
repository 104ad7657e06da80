// Moves between log directories, as far as a broker of one directory answers them; and what survives compaction, which
// both are asked to do to the same records.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

const TIME = Date.now() - 60_000
const encoder = new TextEncoder()
const decoder = new TextDecoder()
/** Kafka's cleaner looks every 15 s. */
const CLEANED_MS = 60_000

async function moves(s: Session): Promise<void> {
  await s.topic('moved', 2)
  const { results } = await s.get('DescribeLogDirs', 4, { topics: null })
  const path = results[0]!.logDir
  for (const version of versionsOf('AlterReplicaLogDirs')) {
    const ask = (label: string, dir: string, name: string, partitions: number[]) =>
      s.ask(label, 'AlterReplicaLogDirs', version, { dirs: [{ path: dir, topics: [{ name, partitions }] }] })
    await s.ask('nothing', 'AlterReplicaLogDirs', version, { dirs: [] })
    await ask('where it is', path, 'moved', [0, 1])
    await ask('a directory that is none of its own', '/none', 'moved', [0])
    await ask('a path that is not absolute', 'none', 'moved', [0])
    await ask('an unknown topic', path, 'unknown', [0])
    await ask('an unknown partition', path, 'moved', [7])
    await ask('an unknown topic and directory', '/none', 'unknown', [0])
    await ask('a name that is none', path, 'a b', [0])
  }
  await s.ask('after it all', 'DescribeLogDirs', 4, { topics: [{ topic: 'moved', partitions: [0, 1] }] })
}

async function compaction(s: Session): Promise<void> {
  const configs = {
    'cleanup.policy': 'compact',
    'segment.bytes': '1048576',
    'min.cleanable.dirty.ratio': '0.01',
    'delete.retention.ms': '3600000',
  }
  await s.topic('compacted', 1, configs)
  for (let round = 0; round < 60; round++) {
    const records = Array.from({ length: 20 }, (_, index) => ({
      key: encoder.encode(`k${(round * 7 + index * 13) % 101}`),
      value: (round + index) % 9 === 0 ? null : encoder.encode(`${round}`.padEnd((index * 337) % 4000, '.')),
    }))
    const compression = (['none', 'gzip', 'lz4', 'zstd', 'snappy'] as const)[round % 5]!
    await produce(s, buildBatch({ timestamp: TIME + round, compression, records }))
  }
  // Fills the segment, so that it ends.
  const filler = new Uint8Array(600_000)
  for (let index = 0; index < 4; index++) {
    await produce(s, buildBatch({ timestamp: TIME, records: [{ key: encoder.encode('filler'), value: filler }] }))
  }
  const end = performance.now() + CLEANED_MS
  let found = await read(s)
  while (found.length > 300 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 500))
    found = await read(s)
  }
  // The label is what is compared: a record that only one of them has kept is another label.
  await s.ask(`what is left: ${found.join(' ')}`, 'ListOffsets', 7, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [{ name: 'compacted', partitions: [{ partitionIndex: 0, timestamp: -2n }] }],
  })
}

async function produce(s: Session, records: Uint8Array): Promise<void> {
  const topicData = [{ name: 'compacted', partitionData: [{ index: 0, records }] }]
  const answer = await s.get('Produce', 9, { acks: -1, timeoutMs: 30_000, topicData })
  const code = answer.responses[0]?.partitionResponses[0]?.errorCode
  if (code !== ErrorCode.NONE) throw new Error(`producing: error code ${code}`)
}

/** Every record below the active segment as `offset:key`. */
async function read(s: Session): Promise<string[]> {
  const found: string[] = []
  let next = 0
  for (;;) {
    const { responses } = await s.get('Fetch', 12, {
      maxWaitMs: 10,
      minBytes: 0,
      maxBytes: 4 << 20,
      isolationLevel: 0,
      topics: [
        { topic: 'compacted', partitions: [{ partition: 0, fetchOffset: BigInt(next), partitionMaxBytes: 4 << 20 }] },
      ],
      forgottenTopicsData: [],
      rackId: '',
      sessionId: 0,
      sessionEpoch: -1,
    })
    const bytes = responses[0]?.partitions[0]?.records ?? null
    if (bytes === null || bytes.length === 0) return found
    const before = next
    for (const { offset, key, value } of readRecords(bytes.subarray(0, wholeSize(bytes)))) {
      if (offset < next) continue
      next = offset + 1
      found.push(`${offset}:${key === null ? '' : decoder.decode(key)}${value === null ? '' : `=${value.length}`}`)
    }
    if (next === before) return found
  }
}

/** Kafka may end with a piece of a batch. */
function wholeSize(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  while (at + 12 <= bytes.length && at + 12 + view.getInt32(at + 8) <= bytes.length) at += 12 + view.getInt32(at + 8)
  return at
}

/** A directory that takes no new replicas (KIP-1066): here the only one. */
async function cordoned(s: Session): Promise<void> {
  await s.topic('cordoned-before', 1)
  const { results } = await s.get('DescribeLogDirs', 5, { topics: null })
  const path = results[0]!.logDir
  const alter = async (label: string, value: string | null) => {
    const configs = [{ name: 'cordoned.log.dirs', configOperation: value === null ? 1 : 0, value }]
    const resources = [{ resourceType: 4, resourceName: '1', configs }]
    await s.ask(label, 'IncrementalAlterConfigs', 1, { resources, validateOnly: false })
  }
  const topicOf = (name: string) => ({ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] })
  const look = async (label: string, isCordoned: boolean) => {
    const topics = [{ topic: 'cordoned-before', partitions: [0] }]
    await s.settled(`directories ${label}`, 'DescribeLogDirs', 5, { topics }, ({ results: [one] }) => {
      return one?.isCordoned === isCordoned
    })
    // The controller hears of it with a heartbeat.
    const wanted = isCordoned ? ErrorCode.INVALID_REPLICATION_FACTOR : ErrorCode.NONE
    const asked = { topics: [{ name: 'cordoned-before', count: 9, assignments: null }], validateOnly: true }
    await s.settled(`validated ${label}`, 'CreatePartitions', 3, { ...asked, timeoutMs: 5000 }, ({ results }) => {
      return results[0]?.errorCode === wanted
    })
    const assignments = [{ partitionIndex: 0, brokerIds: [1] }]
    const assigned = { ...topicOf(`cordoned-assigned-${label}`), numPartitions: -1, replicationFactor: -1, assignments }
    await s.ask(`topics ${label}`, 'CreateTopics', 7, {
      topics: [topicOf(`cordoned-${label}`), assigned],
      validateOnly: true,
    })
    for (const count of [isCordoned ? 2 : 3])
      await s.ask(`partitions ${label}`, 'CreatePartitions', 3, {
        topics: [{ name: 'cordoned-before', count, assignments: null }],
        timeoutMs: 5000,
        validateOnly: false,
      })
    await s.ask(`moved to where it is ${label}`, 'AlterReplicaLogDirs', 2, {
      dirs: [{ path, topics: [{ name: 'cordoned-before', partitions: [0] }] }],
    })
  }
  await alter('a directory that there is not', '/none')
  await alter('relative', 'none')
  await alter('all', '*')
  await look('while all are cordoned', true)
  await alter('not any more', null)
  await look('when none is', false)
  await alter('the directory by its name', path)
  await look('while it is cordoned', true)
  await alter('not any more, again', null)
  await look('when it is not any more', false)
}

export const logDirScenarios: Readonly<Record<string, Scenario>> = { 'log directories': moves, cordoned, compaction }
