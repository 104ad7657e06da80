// Replicas of partitions moved (KIP-455, KIP-860). What needs no copying is done at once: another order, fewer
// replicas. New replicas are added first and the old ones removed when those are in sync, which a cluster of brokers
// sees to. Source: ReplicationControlManager.alterPartitionReassignments.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { MetadataImage, PartitionImage } from '../metadata/image.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import { type ControllerState, type Decision, type Fault, fault, isActive, NO_FAULT, recordMaker } from './decision.ts'
import { directoryFor } from './placement.ts'
import { assignmentFault } from './topics.ts'

type Answer = ResponseInputOf<'AlterPartitionReassignments'>

export function alterReassignments(
  { image }: ControllerState,
  request: RequestOf<'AlterPartitionReassignments'>,
): Decision<Answer> {
  const { allowReplicationFactorChange, topics } = request
  const records: MetadataRecord[] = []
  const responses = topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex, replicas }) => {
      const done = reassign(image, name, partitionIndex, replicas, allowReplicationFactorChange)
      if ('errorCode' in done) return { partitionIndex, ...done }
      records.push(...done)
      return { partitionIndex, ...NO_FAULT }
    }),
  }))
  // Where nothing was asked for, Kafka's message is empty and not null.
  const errorMessage = topics.length === 0 ? '' : null
  // The default, where nothing was asked.
  const isAllowed = allowReplicationFactorChange || topics.length === 0
  const answer = {
    throttleTimeMs: 0,
    allowReplicationFactorChange: isAllowed,
    errorCode: ErrorCode.NONE,
    errorMessage,
    responses,
  }
  return { records, answer }
}

function reassign(
  image: MetadataImage,
  name: string,
  index: number,
  target: readonly number[] | null,
  allowFactorChange: boolean,
): MetadataRecord[] | Fault {
  const topic = image.topics.byName(name)
  const unknown = (message: string) => fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, message)
  if (topic === undefined) return unknown(`Unable to find a topic named ${name}.`)
  const partition = topic.partitions[index]
  if (partition === undefined) return unknown(`Unable to find partition ${name}:${index}.`)
  const isOngoing = partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0
  if (target === null && !isOngoing) return fault(ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, null)
  const before = partition.replicas.filter((id) => !partition.addingReplicas.includes(id))
  const wanted = target ?? before
  const wrong = target === null ? null : assignmentFault(image, target, undefined)
  if (wrong !== null) return wrong
  if (!allowFactorChange && wanted.length !== before.length) {
    const change = `is changed from ${before.length} to ${wanted.length}`
    return fault(ErrorCode.INVALID_REPLICATION_FACTOR, `The replication factor ${change}`)
  }
  if (!isOngoing && sameList(wanted, partition.replicas)) return []
  const change = changeTo(image, partition, before, wanted)
  if ('errorCode' in change) return change
  return [recordMaker(image)('PartitionChangeRecord', { topicId: topic.id, partitionId: index, ...change })]
}

/** What is in sync is the new set at once; otherwise the partition has both until the new ones have caught up. */
function changeTo(
  image: MetadataImage,
  partition: PartitionImage,
  before: readonly number[],
  wanted: readonly number[],
) {
  const { directories, isr, leader, replicas } = partition
  const directoriesOf = (ids: readonly number[]) =>
    ids.map((id) => directories[replicas.indexOf(id)] ?? directoryFor(image.brokers.get(id)))
  const adding = wanted.filter((id) => !before.includes(id))
  if (adding.length > 0) {
    const all = [...wanted, ...before.filter((id) => !wanted.includes(id))]
    const removing = before.filter((id) => !wanted.includes(id))
    const marks = { addingReplicas: adding, removingReplicas: removing }
    return { replicas: all, ...marks, directories: directoriesOf(all) }
  }
  const left = isr.filter((id) => wanted.includes(id))
  if (left.length === 0) {
    const message = `None of the replicas ${wanted.join(', ')} is in sync.`
    return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  const next = left.includes(leader) ? leader : (left.find((id) => isActive(image.brokers.get(id))) ?? leader)
  return {
    ...{ replicas: wanted, isr: left, addingReplicas: [], removingReplicas: [], directories: directoriesOf(wanted) },
    ...(next === leader ? {} : { leader: next }),
  }
}

function sameList(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((id, index) => id === right[index])
}

export function listReassignments(
  { image }: ControllerState,
  request: RequestOf<'ListPartitionReassignments'>,
): Decision<ResponseInputOf<'ListPartitionReassignments'>> {
  const asked = request.topics ?? Array.from(image.topics.values(), ({ name }) => ({ name, partitionIndexes: null }))
  const topics = asked.flatMap(({ name, partitionIndexes }) => {
    const all = image.topics.byName(name)?.partitions ?? []
    const partitions = [...(partitionIndexes ?? all.keys())].flatMap((partitionIndex) => {
      const { replicas = [], addingReplicas = [], removingReplicas = [] } = all[partitionIndex] ?? {}
      if (addingReplicas.length === 0 && removingReplicas.length === 0) return []
      return [{ partitionIndex, replicas, addingReplicas, removingReplicas }]
    })
    return partitions.length === 0 ? [] : [{ name, partitions }]
  })
  return { records: [], answer: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, topics } }
}
