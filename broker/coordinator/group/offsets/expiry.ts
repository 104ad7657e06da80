// Offsets expire, and groups with nothing left of them are deleted: KIP-211. A member that is there keeps the offsets
// of what it is subscribed to; a group without members keeps all of them for the retention after the last member left;
// one that never had members, each for the retention after its commit. An explicit expiry (commits of v2 to v4) holds
// instead.
// A share group stays until it is deleted: where it has come to is not kept in offsets of this kind.

import type { Group } from '../model/group.ts'
import type { GroupMachine, GroupOutcome } from '../model/group-machine.ts'
import { type GroupRecord, offsetTombstone } from '../model/group-records.ts'
import type { CommittedOffset } from '../model/offset-store.ts'

const EXPIRY_TIMER = 'expiry'

export function scheduleExpiry(machine: GroupMachine): void {
  machine.timers.schedule(EXPIRY_TIMER, machine.config.offsetsRetentionCheckIntervalMs, () => {
    scheduleExpiry(machine)
    return expire(machine)
  })
}

export function expire(machine: GroupMachine): GroupOutcome {
  const records: GroupRecord[] = []
  const deleted: Group[] = []
  for (const [groupId, group] of machine.groups) {
    const left = expireOffsets(machine, group, records)
    if (left > 0 || machine.offsets.hasOpenTransaction(groupId)) continue
    if (!group.isEmpty || !group.shouldExpire) continue
    records.push(...group.tombstones())
    deleted.push(group)
  }
  if (records.length > 0) {
    machine.host.logger.info('group: expired', { records: records.length, groups: deleted.length })
  }
  return {
    records,
    inPieces: true,
    applied: () => {
      for (const group of deleted) machine.forgetTimers(group)
    },
    // They are as old at the next check.
    refused: () => {},
  }
}

/** How many offsets of the group are left. */
function expireOffsets(machine: GroupMachine, group: Group, records: GroupRecord[]): number {
  const { groupId } = group
  let left = 0
  for (const [topic, partitions] of machine.offsets.of(groupId)) {
    for (const [partition, offset] of partitions) {
      const since = group.retainedSince(topic, offset)
      if (
        since !== null &&
        isExpired(machine, offset, since) &&
        !machine.offsets.isUnstable(groupId, topic, partition)
      ) {
        records.push(offsetTombstone(groupId, topic, partition))
      } else {
        left++
      }
    }
  }
  return left
}

function isExpired(machine: GroupMachine, offset: CommittedOffset, since: number): boolean {
  const now = machine.now()
  if (offset.expireTimestamp !== -1n) return BigInt(now) >= offset.expireTimestamp
  return now - since >= machine.config.offsetsRetentionMs
}
