import t from 'tap'
import { compileErrorCount, ErrorCounts } from '../../../broker/metrics/error-counts.ts'
import { type Api, type ApiName, apis } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'

function counted(name: ApiName, version: number, answer: object): [number, number][] {
  const counts = new ErrorCounts()
  compileErrorCount(apis[name].response, version)(answer, counts)
  return [...counts]
}

t.test('every error code of an answer counts once, wherever it stands', async (t) => {
  const partitions = [0, 3, 0, 6, 3].map((errorCode, index) => ({ index, errorCode, baseOffset: 0n }))
  const responses = [
    { name: 'a', partitionResponses: partitions },
    { name: 'b', partitionResponses: [partitions[0]!] },
  ]
  t.same(counted('Produce', 9, { responses }), [
    [ErrorCode.NONE, 3],
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 2],
    [ErrorCode.NOT_LEADER_OR_FOLLOWER, 1],
  ])
  const resultsByPartition = [0, 51].map((partitionErrorCode, partitionIndex) => ({
    partitionIndex,
    partitionErrorCode,
  }))
  t.same(counted('AddPartitionsToTxn', 3, { resultsByTopicV3AndBelow: [{ name: 'a', resultsByPartition }] }), [
    [ErrorCode.NONE, 1],
    [ErrorCode.CONCURRENT_TRANSACTIONS, 1],
  ])
  t.same(counted('Heartbeat', 4, { errorCode: ErrorCode.REBALANCE_IN_PROGRESS }), [
    [ErrorCode.REBALANCE_IN_PROGRESS, 1],
  ])
})

t.test('what a version lacks does not count; what an answer leaves out is NONE', async (t) => {
  t.same(counted('LeaveGroup', 2, { errorCode: 0, members: [{ memberId: 'a', errorCode: 25 }] }), [[0, 1]])
  t.same(counted('LeaveGroup', 3, { errorCode: 0, members: [{ memberId: 'a', errorCode: 25 }] }), [
    [0, 1],
    [25, 1],
  ])
  t.same(counted('OffsetFetch', 8, { groups: [{ groupId: 'g', topics: [] }] }), [[0, 1]])
})

t.test('of every response and version there is a count', async (t) => {
  for (const { name, response } of Object.values<Api>(apis)) {
    for (let version = response.minVersion; version <= response.maxVersion; version++) {
      const counts = new ErrorCounts()
      compileErrorCount(response, version)({}, counts)
      const { errorCode } = response.fields
      const isThere = errorCode !== undefined && version >= errorCode.since && version <= errorCode.until
      t.equal(counts.none, isThere ? 1 : 0, `${name} v${version}`)
    }
  }
})
