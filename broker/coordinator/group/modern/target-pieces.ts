// Targets of some thousands of members do not fit into one batch of `__consumer_offsets`.

import type { GroupOutcome } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'

const TARGETS: readonly string[] = [
  'ConsumerGroupTargetAssignmentMember',
  'ShareGroupTargetAssignmentMember',
  'StreamsGroupTargetAssignmentMember',
]

/**
 * They are written in several. Those that a crash leaves without the others are of no epoch yet, and are worked out
 * anew; the records of a group that changes kind stay together.
 */
export function inPiecesByTarget(records: readonly GroupRecord[]): Partial<GroupOutcome> {
  if (records.some(({ kind }) => kind === 'group')) return {}
  return { inPieces: true, beginsPiece: (record) => 'type' in record && TARGETS.includes(record.type) }
}
