import t from 'tap'
import { type FetchContext, FetchSessions } from '../../../broker/replication/fetch-sessions.ts'
import type { AskedPartition, FetchTarget } from '../../../broker/replication/fetch-target.ts'
import type { Partition } from '../../../broker/replication/partition.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'

const topic = 'topic'
const topicId = ZERO_UUID

function asked(partition: number, fetchOffset = 0): AskedPartition {
  const epochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  return { partition, fetchOffset: BigInt(fetchOffset), partitionMaxBytes: 1000, ...epochs }
}

function sessions(maxSessions = 10) {
  let now = 0
  let next = 100
  const clock = { now: () => now, monotonic: () => now }
  const random = { below: () => next++, fill: (target: Uint8Array) => target }
  const cache = new FetchSessions(maxSessions, clock, random)
  const resolve = (
    sessionId: number,
    sessionEpoch: number,
    partitions: AskedPartition[] = [],
    forgotten: number[] = [],
    usesTopicIds = false,
  ) => {
    const topics = partitions.length === 0 ? [] : [{ topic, topicId, partitions }]
    const forgottenTopicsData = forgotten.length === 0 ? [] : [{ topic, topicId, partitions: forgotten }]
    return cache.resolve({ sessionId, sessionEpoch, topics, forgottenTopicsData }, usesTopicIds)
  }
  return { cache, resolve, pass: (ms: number) => (now += ms) }
}

/** As a fetch fills its targets: with nothing new, but for the changes of some. */
function answer(targets: readonly FetchTarget[], changes: Record<number, Partial<FetchTarget>> = {}): void {
  const nothing = { errorCode: ErrorCode.NONE, recordsSize: 0, highWatermark: 10, logStartOffset: 0, partition: null }
  for (const target of targets) Object.assign(target, nothing, changes[target.partitionIndex])
}

function tellAndEnd(context: FetchContext): readonly FetchTarget[] {
  const told = context.tell()
  context.end()
  return told
}

const indexes = (targets: readonly FetchTarget[]) => targets.map(({ partitionIndex }) => partitionIndex)
const offsets = (targets: readonly FetchTarget[]) => targets.map(({ fetchOffset }) => fetchOffset)

t.test('a session remembers its partitions and tells what is new', async (t) => {
  const { resolve } = sessions()
  const full = resolve(0, 0, [asked(0), asked(1)])
  answer(full.targets)
  const { sessionId } = full
  t.equal(sessionId, 101)
  t.equal(tellAndEnd(full).length, 2, 'the first answer tells all')

  const quiet = resolve(sessionId, 1)
  t.same(indexes(quiet.targets), [0, 1])
  answer(quiet.targets)
  t.same(tellAndEnd(quiet), [])

  const moved = resolve(sessionId, 2, [asked(1, 7)])
  t.same(offsets(moved.targets), [0, 7])
  answer(moved.targets, { 1: { highWatermark: 11 } })
  t.same(indexes(tellAndEnd(moved)), [1])
})

t.test('an error is told again until it is gone, and then its end is told', async (t) => {
  const { resolve } = sessions()
  const first = resolve(0, 0, [asked(0)])
  answer(first.targets)
  tellAndEnd(first)
  const tell = (sessionEpoch: number, changes: Partial<FetchTarget>) => {
    const next = resolve(first.sessionId, sessionEpoch)
    answer(next.targets, { 0: changes })
    return tellAndEnd(next)
  }
  t.equal(tell(1, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }).length, 1)
  t.equal(tell(2, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }).length, 1)
  t.equal(tell(3, {}).length, 1)
  t.equal(tell(4, {}).length, 0)
})

t.test('partitions with records go to the end of the order', async (t) => {
  const { resolve } = sessions()
  const full = resolve(0, 0, [asked(0), asked(1), asked(2)])
  answer(full.targets, { 0: { recordsSize: 5 } })
  tellAndEnd(full)
  t.same(indexes(resolve(full.sessionId, 1).targets), [1, 2, 0])
})

t.test('forgotten partitions are not fetched', async (t) => {
  const { resolve } = sessions()
  const full = resolve(0, 0, [asked(0), asked(1)])
  tellAndEnd(full)
  t.same(indexes(resolve(full.sessionId, 1, [], [0, 7]).targets), [1])
})

t.test('a fetch that begins before the last one of its session has ended has targets of its own', async (t) => {
  const { resolve } = sessions()
  const first = resolve(0, 0, [asked(0), asked(1)])
  const second = resolve(first.sessionId, 1, [asked(1, 7)], [0])
  t.same(offsets(second.targets), [7])
  t.same(offsets(first.targets), [0, 0])
  answer(first.targets, { 0: { recordsSize: 5 } })
  t.equal(tellAndEnd(first).length, 2)
  answer(second.targets)
  t.same(indexes(tellAndEnd(second)), [1])
  first.end()
  const third = resolve(first.sessionId, 2)
  t.equal(third.targets[0], second.targets[0], 'and the next one goes on with these')
  third.end()
  const fourth = resolve(first.sessionId, 3)
  t.equal(fourth.targets[0], second.targets[0], 'also when it is given up')
  third.end()
  t.not(resolve(first.sessionId, 4).targets[0], second.targets[0], 'an end that is told twice ends no other')
})

t.test('an unknown session and a wrong epoch are refused', async (t) => {
  const { resolve } = sessions()
  const { sessionId } = resolve(0, 0, [asked(0)])
  t.equal(resolve(999, 1).errorCode, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  t.equal(resolve(sessionId, 2).errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  t.equal(resolve(sessionId, 1, [], [], true).errorCode, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  t.equal(resolve(sessionId, 1).errorCode, ErrorCode.NONE)
})

t.test('epoch -1 closes a session, and without one fetches in full', async (t) => {
  const { cache, resolve } = sessions()
  const { sessionId } = resolve(0, 0, [asked(0)])
  t.equal(resolve(sessionId, -1, [asked(0)]).sessionId, 0)
  t.equal(cache.count, 0)
})

t.test('a session may begin with nothing', async (t) => {
  const { resolve } = sessions()
  const first = resolve(0, 0)
  tellAndEnd(first)
  t.not(first.sessionId, 0)
  t.same(indexes(resolve(first.sessionId, 1, [asked(4)]).targets), [4])
})

t.test('a topic id that a session has known is gone rather than unknown', async (t) => {
  const { resolve } = sessions()
  const unknown = { errorCode: ErrorCode.UNKNOWN_TOPIC_ID }
  const full = resolve(0, 0, [asked(0), asked(1)])
  answer(full.targets, { 0: { partition: {} as Partition }, 1: unknown })
  tellAndEnd(full)
  const next = resolve(full.sessionId, 1)
  answer(next.targets, { 0: unknown, 1: unknown })
  t.same(
    tellAndEnd(next).map(({ errorCode }) => errorCode),
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID],
  )
})

t.test('without room a client fetches without a session, until a stale one gives way', async (t) => {
  const { cache, resolve, pass } = sessions(1)
  resolve(0, 0, [asked(0)])
  t.equal(resolve(0, 0, [asked(0)]).sessionId, 0)
  pass(120_000)
  t.not(resolve(0, 0, [asked(0)]).sessionId, 0)
  t.equal(cache.count, 1)
})
