// What classic members say to each other inside JoinGroup and SyncGroup, which a consumer group has to read and write
// when it serves them: their subscription, and their assignment. A version that is not known yet is read as the latest
// one. Source: ConsumerProtocol of Apache Kafka.

import { MalformedRequest } from '../../../../protocol/errors.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../../protocol/messages/groups/consumer-protocol.ts'
import type { TopicLookup } from '../model/topic-lookup.ts'
import type { Assignment, TopicPartitions } from '../modern/assignment.ts'

export const CONSUMER_PROTOCOL = 'consumer'
const LATEST_VERSION = 3

/** null: it is not what it should be. */
export function readSubscription(metadata: Uint8Array): ConsumerProtocolSubscription | null {
  return readVersioned(metadata, (bytes, version) => ConsumerProtocolSubscription.decode(bytes, version))
}

export function readAssignment(assignment: Uint8Array): ConsumerProtocolAssignment | null {
  return readVersioned(assignment, (bytes, version) => ConsumerProtocolAssignment.decode(bytes, version))
}

/** In the version of what the member has said. */
export function writeAssignment(topics: TopicLookup, assignment: Assignment, metadata: Uint8Array): Uint8Array {
  const version = Math.min(versionOf(metadata) ?? 0, LATEST_VERSION)
  const assignedPartitions = [...assignment].flatMap(([topicId, partitions]) => {
    const topic = topics.nameOf(topicId)
    return topic === undefined ? [] : [{ topic, partitions: [...partitions].sort((a, b) => a - b) }]
  })
  const body = ConsumerProtocolAssignment.encodeBytes({ assignedPartitions, userData: null }, version)
  return Buffer.concat([Uint8Array.of(version >> 8, version), body])
}

/** By id; topics that are gone are left out. */
export function withIds(
  topics: TopicLookup,
  named: readonly { readonly topic: string; readonly partitions: readonly number[] }[],
): TopicPartitions[] {
  return named.flatMap(({ topic, partitions }) => {
    const topicId = topics.idOf(topic)
    return topicId === undefined ? [] : [{ topicId, partitions }]
  })
}

function versionOf(bytes: Uint8Array): number | null {
  return bytes.length < 2 || bytes[0]! >= 0x80 ? null : (bytes[0]! << 8) | bytes[1]!
}

function readVersioned<T>(bytes: Uint8Array, read: (body: Uint8Array, version: number) => T): T | null {
  const version = versionOf(bytes)
  if (version === null) return null
  try {
    return read(bytes.subarray(2), Math.min(version, LATEST_VERSION))
  } catch (error) {
    if (error instanceof MalformedRequest) return null
    throw error
  }
}
