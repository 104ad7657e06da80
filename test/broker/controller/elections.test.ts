import t from 'tap'
import { electLeaders } from '../../../broker/controller/elections.ts'
import type { MetadataImage } from '../../../broker/metadata/image.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { after, imageOf, partitionOf, stateOf } from './replicated.ts'

function elect(image: MetadataImage, electionType: number) {
  const topicPartitions = [{ topic: 'a', partitions: [0] }]
  const { records, answer } = electLeaders(stateOf(image), { electionType, topicPartitions, timeoutMs: 1000 })
  const result = answer.replicaElectionResults[0]?.partitionResult[0]
  return { errorCode: result?.errorCode, partition: partitionOf(after(image, records)) }
}

t.test('the preferred replica is elected when it is in sync and alive', async (t) => {
  t.match(elect(imageOf([1, 2], [1, 2], 2), 0), { errorCode: 0, partition: { leader: 1, leaderEpoch: 6, isr: [1, 2] } })
  const unavailable = { errorCode: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, partition: { leader: 2, leaderEpoch: 5 } }
  t.match(elect(imageOf([1, 2], [2], 2), 0), unavailable, 'not in sync')
  t.match(elect(imageOf([3, 2], [3, 2], 2), 0), unavailable, 'not alive')
  t.match(elect(imageOf([1, 2], [1, 2], 1), 0), { errorCode: ErrorCode.ELECTION_NOT_NEEDED })
})

t.test('an unclean election takes who is alive, and says that records may be missing', async (t) => {
  const elected = elect(imageOf([3, 2], [3], -1), 1)
  t.match(elected, { errorCode: 0, partition: { leader: 2, isr: [2], leaderRecoveryState: 1 } })
  t.match(elect(imageOf([3], [3], -1), 1), { errorCode: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE })
  t.match(elect(imageOf([1, 2], [1], 1), 1), { errorCode: ErrorCode.ELECTION_NOT_NEEDED })
})
