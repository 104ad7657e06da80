import t from 'tap'
import { alterReassignments, listReassignments } from '../../../broker/controller/reassignments.ts'
import type { MetadataImage } from '../../../broker/metadata/image.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { after, DIRECTORY, imageOf, partitionOf, stateOf } from './replicated.ts'

function reassign(image: MetadataImage, replicas: number[] | null, allowReplicationFactorChange = true) {
  const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, replicas }] }]
  const request = { timeoutMs: 1000, allowReplicationFactorChange, topics }
  const { records, answer } = alterReassignments(stateOf(image), request)
  return { errorCode: answer.responses[0]?.partitions[0]?.errorCode, image: after(image, records) }
}

t.test('fewer replicas, or others first, are taken at once, and the leader moves if it must', async (t) => {
  const fewer = reassign(imageOf([1, 2], [1, 2], 2), [1])
  t.equal(fewer.errorCode, 0)
  t.match(partitionOf(fewer.image), { replicas: [1], isr: [1], leader: 1, leaderEpoch: 6, directories: [DIRECTORY] })
  const turned = reassign(imageOf([1, 2], [1, 2], 1), [2, 1])
  t.match(partitionOf(turned.image), { replicas: [2, 1], isr: [1, 2], leader: 1, leaderEpoch: 5 })
  const lost = reassign(imageOf([1, 2], [1], 1), [2])
  t.equal(lost.errorCode, ErrorCode.INVALID_REPLICA_ASSIGNMENT, 'nobody in sync would be left')
})

t.test('a new replica is added before the old one goes; it is listed meanwhile, and can be called off', async (t) => {
  const begun = reassign(imageOf([1], [1], 1), [2])
  t.match(partitionOf(begun.image), {
    replicas: [2, 1],
    addingReplicas: [2],
    removingReplicas: [1],
    isr: [1],
    leader: 1,
  })
  const listed = listReassignments(stateOf(begun.image), { timeoutMs: 1000, topics: null })
  const moving = { partitionIndex: 0, replicas: [2, 1], addingReplicas: [2], removingReplicas: [1] }
  t.match(listed.answer.topics, [{ name: 'a', partitions: [moving] }])
  const ended = reassign(begun.image, null)
  t.equal(ended.errorCode, 0)
  t.match(partitionOf(ended.image), {
    replicas: [1],
    addingReplicas: { length: 0 },
    removingReplicas: { length: 0 },
    leader: 1,
  })
  t.equal(reassign(ended.image, null).errorCode, ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
  t.equal(reassign(imageOf([1], [1], 1), [1, 2], false).errorCode, ErrorCode.INVALID_REPLICATION_FACTOR)
})
