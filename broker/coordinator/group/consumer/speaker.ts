// A member that speaks, by a heartbeat of either protocol: laid over its group as that stands.

import type { GroupMachine } from '../model/group-machine.ts'
import { count } from '../modern/counts.ts'
import { type ConsumerGroup, mostWanted } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'

/** A member that speaks: as it was before, and as it is now. */
export interface Speaker {
  readonly group: ConsumerGroup
  readonly before: ConsumerMember
  readonly after: ConsumerMember
  /** The static member whose place it takes. */
  readonly replaces: ConsumerMember | null
}

export interface Subscribed {
  readonly groupEpoch: number
  /** Asked only when a target is due: it looks at every topic. */
  readonly isHomogeneous: () => boolean
  readonly hasSubscriptionChanged: boolean
}

/** The first one of group.consumer.assignors. */
export function defaultAssignor(machine: GroupMachine): string {
  return machine.config.get('group.consumer.assignors')?.[0] ?? 'uniform'
}

/** With what the speaker asks for now. */
export function preferredAssignor(machine: GroupMachine, { group, before, after }: Speaker): string {
  const counts = new Map(group.assignorCounts)
  if (before.serverAssignor !== null) count(counts, before.serverAssignor, -1)
  if (after.serverAssignor !== null) count(counts, after.serverAssignor, 1)
  return mostWanted(counts) ?? defaultAssignor(machine)
}

export function hasAssignorChanged(machine: GroupMachine, speaker: Speaker): boolean {
  const preferred = speaker.group.preferredAssignor ?? defaultAssignor(machine)
  return preferred !== preferredAssignor(machine, speaker)
}
