// An image whose partition has more than one replica, as this broker's own never has: for decisions that are pure
// functions of an image.

import type { ControllerState } from '../../../broker/controller/decision.ts'
import { MetadataDelta } from '../../../broker/metadata/delta.ts'
import { MetadataImage } from '../../../broker/metadata/image.ts'
import { type MetadataRecord, newRecord } from '../../../broker/metadata/records.ts'

const VERSION = 33
const TOPIC = 'Topic1Topic1Topic1Topg'
export const DIRECTORY = 'Dir1Dir1Dir1Dir1Dir1Aw'

export function after(image: MetadataImage, records: readonly MetadataRecord[]): MetadataImage {
  const delta = new MetadataDelta(image)
  for (const record of records) delta.apply(record)
  return delta.finish(image.offset + 1, 1, 0)
}

/** Three brokers, of which 3 is fenced, and one partition. */
export function imageOf(replicas: number[], isr: number[], leader: number, level = VERSION): MetadataImage {
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
export const stateOf = (image: MetadataImage) => ({ image, quorum: { nodeId: 1 } }) as ControllerState
export const partitionOf = (image: MetadataImage) => image.topics.partition('a', 0)
