// How far the state of tasks is, and how far it could be, as the members report it: sums over the offsets of their
// changelogs. Not in the log. Source: MemberTaskOffsets of Apache Kafka.

import type { RequestOf } from '../../../../protocol/apis.ts'
import { inOrder } from './tasks.ts'

type Reported = RequestOf<'StreamsGroupHeartbeat'>['taskOffsets']

/** By subtopology id, by partition. */
type Offsets = ReadonlyMap<string, ReadonlyMap<number, bigint>>

export interface TaskOffsets {
  readonly offsets: Offsets
  readonly endOffsets: Offsets
}

export const NO_OFFSETS: TaskOffsets = { offsets: new Map(), endOffsets: new Map() }

/** What is not reported stays; a string: what is wrong with it. */
export function reportOffsets(before: TaskOffsets, offsets: Reported, endOffsets: Reported): TaskOffsets | string {
  const reported = offsets === null ? before.offsets : toOffsets(offsets)
  if (typeof reported === 'string') return reported
  const reportedEnds = endOffsets === null ? before.endOffsets : toOffsets(endOffsets)
  if (typeof reportedEnds === 'string') return reportedEnds
  return { offsets: reported, endOffsets: reportedEnds }
}

/** More than any application has tasks: what is kept in memory of a member has an end. */
const MAX_REPORTED = 100_000

function toOffsets(reported: NonNullable<Reported>): Offsets | string {
  if (reported.length > MAX_REPORTED) return `Task offsets of more than ${MAX_REPORTED} tasks are reported.`
  const offsets = new Map<string, Map<number, bigint>>()
  for (const { subtopologyId, partition, offset } of reported) {
    const ofSubtopology = offsets.get(subtopologyId) ?? new Map<number, bigint>()
    if (ofSubtopology.has(partition)) {
      return `Task offsets contain a duplicate entry for subtopology ${subtopologyId} and partition ${partition}.`
    }
    offsets.set(subtopologyId, ofSubtopology.set(partition, offset))
  }
  return offsets
}

export function listOffsets(offsets: Offsets): { subtopologyId: string; partition: number; offset: bigint }[] {
  return inOrder(offsets).flatMap(([subtopologyId, ofSubtopology]) =>
    [...ofSubtopology].sort(([a], [b]) => a - b).map(([partition, offset]) => ({ subtopologyId, partition, offset })),
  )
}
