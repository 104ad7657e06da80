// Elections and reassignments where partitions have more than one replica: as pure decisions on an image.

import t from 'tap'
import type { ControllerState } from '../../../broker/controller/decision.ts'
import { electLeaders } from '../../../broker/controller/elections.ts'
import { updateFeatures } from '../../../broker/controller/features.ts'
import { alterReassignments, listReassignments } from '../../../broker/controller/reassignments.ts'
import { MetadataDelta } from '../../../broker/metadata/delta.ts'
import { MetadataImage } from '../../../broker/metadata/image.ts'
import { type MetadataRecord, newRecord } from '../../../broker/metadata/records.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'

const VERSION = 33
const TOPIC = 'Topic1Topic1Topic1Topg'
const DIRECTORY = 'Dir1Dir1Dir1Dir1Dir1Aw'

function after(image: MetadataImage, records: readonly MetadataRecord[]): MetadataImage {
  const delta = new MetadataDelta(image)
  for (const record of records) delta.apply(record)
  return delta.finish(image.offset + 1, 1, 0)
}

/** Three brokers, of which 3 is fenced, and one partition. */
function imageOf(replicas: number[], isr: number[], leader: number, level = VERSION): MetadataImage {
  const records: MetadataRecord[] = [
    newRecord('FeatureLevelRecord', VERSION, { name: 'metadata.version', featureLevel: level }),
  ]
  for (const brokerId of [1, 2, 3]) {
    records.push(
      newRecord('RegisterBrokerRecord', VERSION, {
        ...{ brokerId, brokerEpoch: BigInt(brokerId), incarnationId: DIRECTORY, endPoints: [], rack: null },
        features: [
          { name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 33 },
          { name: 'eligible.leader.replicas.version', minSupportedVersion: 0, maxSupportedVersion: 1 },
        ],
        ...{ fenced: brokerId === 3, inControlledShutdown: false, logDirs: [DIRECTORY] },
      }),
    )
  }
  records.push(
    newRecord('TopicRecord', VERSION, { name: 'a', topicId: TOPIC }),
    newRecord('PartitionRecord', VERSION, {
      ...{ partitionId: 0, topicId: TOPIC, replicas, isr, leader, removingReplicas: [], addingReplicas: [] },
      ...{ leaderEpoch: 5, partitionEpoch: 5, directories: replicas.map(() => DIRECTORY) },
    }),
  )
  return after(MetadataImage.empty, records)
}

// What these decisions look at; the rest of a controller's state is not theirs.
const stateOf = (image: MetadataImage) => ({ image, quorum: { nodeId: 1 } }) as ControllerState
const partitionOf = (image: MetadataImage) => image.topics.partition('a', 0)

function elect(image: MetadataImage, electionType: number) {
  const topicPartitions = [{ topic: 'a', partitions: [0] }]
  const { records, answer } = electLeaders(stateOf(image), { electionType, topicPartitions, timeoutMs: 1000 })
  const result = answer.replicaElectionResults[0]?.partitionResult[0]
  return { errorCode: result?.errorCode, partition: partitionOf(after(image, records)) }
}

function reassign(image: MetadataImage, replicas: number[] | null, allowReplicationFactorChange = true) {
  const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, replicas }] }]
  const request = { timeoutMs: 1000, allowReplicationFactorChange, topics }
  const { records, answer } = alterReassignments(stateOf(image), request)
  return { errorCode: answer.responses[0]?.partitions[0]?.errorCode, image: after(image, records) }
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

t.test('a feature asks for what it rests on; metadata goes down only where nothing is lost', async (t) => {
  const update = (level: number, feature: string, maxVersionLevel: number, upgradeType = 1) =>
    updateFeatures(stateOf(imageOf([1], [1], 1, level)), {
      ...{ timeoutMs: 1000, validateOnly: false },
      featureUpdates: [{ feature, maxVersionLevel, allowDowngrade: false, upgradeType }],
    }).answer.errorCode
  const refused = ErrorCode.INVALID_UPDATE_VERSION
  t.equal(update(22, 'eligible.leader.replicas.version', 1), refused)
  t.equal(update(23, 'eligible.leader.replicas.version', 1), 0)
  t.equal(update(29, 'metadata.version', 24, 2), 0)
  t.equal(update(29, 'metadata.version', 22, 2), refused)
  t.equal(update(29, 'metadata.version', 33), 0)
  t.equal(update(33, 'group.version', 1), refused, 'a broker is registered without it')
})
