// The group that a record of one of the modern kinds changes. As in Kafka a tombstone for what is not there changes
// nothing, for compaction may have taken away what it ended; a simple group, which is nothing but offsets, gives way.

import type { Group } from '../model/group.ts'

/** `hasValue`: the record is no tombstone, and brings its group into being. */
export function replayedGroup<G extends Group>(
  groups: Map<string, Group>,
  Kind: new (groupId: string) => G,
  groupId: string,
  hasValue: boolean,
): G | undefined {
  const group = groups.get(groupId)
  if (group instanceof Kind) return group
  if (!hasValue) return undefined
  const created = new Kind(groupId)
  if (group !== undefined && !group.isSimple) {
    throw new Error(`assertion: a record of a ${created.type} group for ${groupId}, which is a ${group.type} group`)
  }
  groups.set(groupId, created)
  return created
}
