// The range assignor: each topic's partitions in runs, to its members in the order of their instance ids, then of their
// member ids. Members of the same place get the same partitions of every topic. Source: RangeAssignor of Apache Kafka.

import type { Assignment } from '../../modern/assignment.ts'
import type { Assign, AssignedMember } from '../../modern/assignor.ts'

interface Range {
  readonly partitionCount: number
  memberCount: number
  next: number
  /** Of the first members, which get one more. */
  extra: number
}

export const assignRange: Assign = ({ members, partitionCount }) => {
  const sorted = [...members].sort(byInstanceThenMember)
  const ranges = new Map<string, Range>()
  for (const { topicIds } of sorted) {
    for (const topicId of topicIds) {
      const range = ranges.get(topicId)
      if (range !== undefined) range.memberCount++
      else ranges.set(topicId, { partitionCount: partitionCount(topicId), memberCount: 1, next: 0, extra: 0 })
    }
  }
  for (const range of ranges.values()) range.extra = range.partitionCount % range.memberCount
  const targets = new Map<string, Assignment>()
  for (const { memberId, topicIds } of sorted) {
    const target = new Map<string, Set<number>>()
    for (const topicId of topicIds) {
      const partitions = takeRun(ranges.get(topicId)!)
      if (partitions.size > 0) target.set(topicId, partitions)
    }
    targets.set(memberId, target)
  }
  return targets
}

function takeRun(range: Range): Set<number> {
  const quota = Math.floor(range.partitionCount / range.memberCount) + (range.extra > 0 ? 1 : 0)
  if (range.extra > 0) range.extra--
  const partitions = new Set<number>()
  for (let index = 0; index < quota; index++) partitions.add(range.next++)
  return partitions
}

function byInstanceThenMember(a: AssignedMember, b: AssignedMember): number {
  if (a.instanceId !== null && b.instanceId !== null) return compare(a.instanceId, b.instanceId)
  if (a.instanceId !== null) return -1
  return b.instanceId !== null ? 1 : compare(a.memberId, b.memberId)
}

/** By UTF-16 units, as Java compares strings. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
