// What a server-side assignor is given and what it answers. Members and topics come in an order that decides where
// partitions that could go to several of them go. Source: GroupSpec, SubscribedTopicDescriber of Apache Kafka.

import type { Assignment } from './assignment.ts'

export interface AssignedMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Topics that exist. */
  readonly topicIds: ReadonlySet<string>
  /** Its last target. */
  readonly target: Assignment
}

export interface AssignorInput {
  readonly members: readonly AssignedMember[]
  /** All are subscribed to the same topics. */
  readonly isHomogeneous: boolean
  partitionCount(topicId: string): number
}

/** The new target of every member, by member id; whoever is missing gets nothing. */
export type Assign = (input: AssignorInput) => ReadonlyMap<string, Assignment>

/** A target while it is worked out. */
export type Draft = Map<string, Set<number>>

export function draftOf(assignment: Assignment): Draft {
  return new Map([...assignment].map(([topicId, partitions]) => [topicId, new Set(partitions)]))
}

export function give(draft: Draft, topicId: string, partition: number): void {
  const partitions = draft.get(topicId)
  if (partitions === undefined) draft.set(topicId, new Set([partition]))
  else partitions.add(partition)
}

export function take(draft: Draft, topicId: string, partition: number): void {
  const partitions = draft.get(topicId)
  partitions?.delete(partition)
  if (partitions?.size === 0) draft.delete(topicId)
}
