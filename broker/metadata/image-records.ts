// The records that make an image from nothing: what a snapshot holds. In Kafka's order; records of types not known here
// last.

import { CORDONED_METADATA_VERSION, KRAFT_VERSION } from './features.ts'
import type { BrokerImage, MetadataImage, TopicImage } from './image.ts'
import { type MetadataRecord, newRecord } from './records.ts'

const KEPT_ORDER = ['controller/', 'quota/', 'acl/', 'scram/', 'token/']

export function recordsOf(image: MetadataImage): MetadataRecord[] {
  const version = image.metadataVersion
  const records: MetadataRecord[] = []
  // metadata.version decides in which versions the rest is written, so it comes first; the version of the quorum stands
  // in a control record.
  const features = [...image.features].filter(([name]) => name !== KRAFT_VERSION)
  features.sort(([left], [right]) => rank(left) - rank(right) || (left < right ? -1 : 1))
  for (const [name, featureLevel] of features) {
    records.push(newRecord('FeatureLevelRecord', version, { name, featureLevel }))
  }
  for (const broker of image.brokers.values()) records.push(brokerRecord(version, broker))
  records.push(...kept(image, 'controller/'))
  for (const topic of image.topics.values()) addTopic(records, version, topic)
  for (const [{ type, name: resourceName }, values] of image.configs) {
    for (const [name, value] of values) {
      records.push(newRecord('ConfigRecord', version, { resourceType: type, resourceName, name, value }))
    }
  }
  records.push(...kept(image, 'quota/'))
  if (image.producerIds !== null) records.push(image.producerIds)
  for (const prefix of KEPT_ORDER.slice(2)) records.push(...kept(image, prefix))
  records.push(...image.unknown)
  return records
}

function rank(feature: string): number {
  return feature === 'metadata.version' ? 0 : 1
}

function* kept(image: MetadataImage, prefix: string): IterableIterator<MetadataRecord> {
  for (const [key, record] of image.kept) if (key.startsWith(prefix)) yield record
}

function brokerRecord(metadataVersion: number, broker: BrokerImage): MetadataRecord {
  const { id, epoch, incarnationId, endPoints, features, rack, fenced, inControlledShutdown, logDirs } = broker
  return newRecord('RegisterBrokerRecord', metadataVersion, {
    brokerId: id,
    brokerEpoch: epoch,
    incarnationId,
    endPoints,
    features,
    rack,
    fenced,
    inControlledShutdown,
    logDirs,
    ...(metadataVersion >= CORDONED_METADATA_VERSION ? { cordonedLogDirs: broker.cordonedLogDirs } : {}),
  })
}

function addTopic(records: MetadataRecord[], metadataVersion: number, topic: TopicImage): void {
  records.push(newRecord('TopicRecord', metadataVersion, { name: topic.name, topicId: topic.id }))
  for (const [partitionId, partition] of topic.partitions.entries()) {
    const { eligibleLeaderReplicas: elr, lastKnownElr, ...rest } = partition
    records.push(
      newRecord('PartitionRecord', metadataVersion, {
        ...rest,
        partitionId,
        topicId: topic.id,
        ...(elr.length > 0 ? { eligibleLeaderReplicas: elr } : {}),
        ...(lastKnownElr.length > 0 ? { lastKnownElr } : {}),
      }),
    )
  }
}
