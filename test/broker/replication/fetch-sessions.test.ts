import t from 'tap'
import { Backlog } from '../../../broker/replication/backlog.ts'
import type { FetchPartition, FetchTarget } from '../../../broker/replication/delayed-fetch.ts'
import { FetchSessions } from '../../../broker/replication/fetch-sessions.ts'
import type { Partition } from '../../../broker/replication/partition.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'

function asked(index: number, fetchOffset = 0): FetchPartition {
  const epochs = { currentLeaderEpoch: -1, lastFetchedEpoch: -1 }
  return { topic: 'topic', topicId: ZERO_UUID, index, fetchOffset, maxSize: 1000, ...epochs }
}

function answered(request: FetchPartition, changes: Partial<FetchTarget> = {}): FetchTarget {
  return {
    request,
    partition: null,
    errorCode: ErrorCode.NONE,
    records: [],
    recordsSize: 0,
    highWatermark: 10,
    lastStableOffset: 10,
    logStartOffset: 0,
    abortedTransactions: null,
    divergingEpoch: null,
    ...changes,
  }
}

function sessions(maxSessions = 10) {
  let now = 0
  let next = 100
  const clock = { now: () => now, monotonic: () => now }
  const random = { below: () => next++, fill: (target: Uint8Array) => target }
  return { cache: new FetchSessions(maxSessions, clock, random), pass: (ms: number) => (now += ms) }
}

const request = { usesTopicIds: false, forgotten: [] as FetchPartition[] }
const open = (partitions: FetchPartition[]) => ({ ...request, sessionId: 0, sessionEpoch: 0, partitions })

t.test('a session remembers its partitions and tells what is new', async (t) => {
  const { cache } = sessions()
  const full = cache.resolve(open([asked(0), asked(1)]))
  const { sessionId, targets } = full.finish(full.partitions.map((partition) => answered(partition)))
  t.equal(sessionId, 101)
  t.equal(targets.length, 2, 'the first answer tells all')

  const quiet = cache.resolve({ ...request, sessionId, sessionEpoch: 1, partitions: [] })
  t.same(quiet.partitions, [asked(0), asked(1)])
  t.same(quiet.finish(quiet.partitions.map((partition) => answered(partition))).targets, [])

  const moved = cache.resolve({ ...request, sessionId, sessionEpoch: 2, partitions: [asked(1, 7)] })
  t.same(moved.partitions, [asked(0), asked(1, 7)])
  const news = moved.finish([answered(asked(0)), answered(asked(1, 7), { highWatermark: 11 })]).targets
  t.same(
    news.map(({ request }) => request.index),
    [1],
  )
})

t.test('an error is told again until it is gone, and then its end is told', async (t) => {
  const { cache } = sessions()
  const first = cache.resolve(open([asked(0)]))
  const { sessionId } = first.finish([answered(asked(0))])
  const tell = (sessionEpoch: number, changes: Partial<FetchTarget>) =>
    cache.resolve({ ...request, sessionId, sessionEpoch, partitions: [] }).finish([answered(asked(0), changes)]).targets
  t.equal(tell(1, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }).length, 1)
  t.equal(tell(2, { errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }).length, 1)
  t.equal(tell(3, {}).length, 1)
  t.equal(tell(4, {}).length, 0)
})

t.test('partitions with records go to the end of the order', async (t) => {
  const { cache } = sessions()
  const full = cache.resolve(open([asked(0), asked(1), asked(2)]))
  const { sessionId } = full.finish([answered(asked(0), { recordsSize: 5 }), answered(asked(1)), answered(asked(2))])
  const next = cache.resolve({ ...request, sessionId, sessionEpoch: 1, partitions: [] })
  t.same(
    next.partitions.map(({ index }) => index),
    [1, 2, 0],
  )
})

t.test('forgotten partitions are not fetched', async (t) => {
  const { cache } = sessions()
  const { sessionId } = cache.resolve(open([asked(0), asked(1)])).finish([answered(asked(0)), answered(asked(1))])
  const next = cache.resolve({ ...request, sessionId, sessionEpoch: 1, partitions: [], forgotten: [asked(0)] })
  t.same(next.partitions, [asked(1)])
})

t.test('an unknown session and a wrong epoch are refused', async (t) => {
  const { cache } = sessions()
  const { sessionId } = cache.resolve(open([asked(0)])).finish([answered(asked(0))])
  const resolve = (id: number, sessionEpoch: number, usesTopicIds = false) =>
    cache.resolve({ ...request, usesTopicIds, sessionId: id, sessionEpoch, partitions: [] }).errorCode
  t.equal(resolve(999, 1), ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  t.equal(resolve(sessionId, 2), ErrorCode.INVALID_FETCH_SESSION_EPOCH)
  t.equal(resolve(sessionId, 1, true), ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
  t.equal(resolve(sessionId, 1), ErrorCode.NONE)
})

t.test('epoch -1 closes a session, and without one fetches in full', async (t) => {
  const { cache } = sessions()
  const { sessionId } = cache.resolve(open([asked(0)])).finish([answered(asked(0))])
  const last = cache.resolve({ ...request, sessionId, sessionEpoch: -1, partitions: [asked(0)] })
  t.equal(last.finish([answered(asked(0))]).sessionId, 0)
  t.equal(cache.count, 0)
})

t.test('a session may begin with nothing', async (t) => {
  const { cache } = sessions()
  const { sessionId } = cache.resolve(open([])).finish([])
  t.not(sessionId, 0)
  t.same(cache.resolve({ ...request, sessionId, sessionEpoch: 1, partitions: [asked(4)] }).partitions, [asked(4)])
})

t.test('a topic id that a session has known is gone rather than unknown', async (t) => {
  const { cache } = sessions()
  const { sessionId } = cache
    .resolve(open([asked(0), asked(1)]))
    .finish([
      answered(asked(0), { partition: {} as Partition }),
      answered(asked(1), { errorCode: ErrorCode.UNKNOWN_TOPIC_ID }),
    ])
  const unknown = { errorCode: ErrorCode.UNKNOWN_TOPIC_ID }
  const next = cache.resolve({ ...request, sessionId, sessionEpoch: 1, partitions: [] })
  t.same(
    next.finish([answered(asked(0), unknown), answered(asked(1), unknown)]).targets.map(({ errorCode }) => errorCode),
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, ErrorCode.UNKNOWN_TOPIC_ID],
  )
})

t.test('without room a client fetches without a session, until a stale one gives way', async (t) => {
  const { cache, pass } = sessions(1)
  cache.resolve(open([asked(0)]))
  t.equal(cache.resolve(open([asked(0)])).finish([]).sessionId, 0)
  pass(120_000)
  t.not(cache.resolve(open([asked(0)])).finish([]).sessionId, 0)
  t.equal(cache.count, 1)
})

t.test('a backlog gives back what is reached, in the order of offsets', async (t) => {
  const backlog = new Backlog<string>()
  backlog.push(10, 'a')
  backlog.push(20, 'b')
  backlog.push(10, 'a again')
  t.equal(backlog.shiftUpTo(9), undefined)
  t.equal(backlog.shiftUpTo(15), 'a')
  t.equal(backlog.shiftUpTo(15), 'a again')
  t.equal(backlog.shiftUpTo(15), undefined)
  backlog.push(30, 'c')
  t.same(backlog.takeAbove(20), ['c'])
  t.same(backlog.takeAbove(-1), ['b'])
  t.equal(backlog.isEmpty, true)
})
