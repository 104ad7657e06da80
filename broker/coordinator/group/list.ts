// ListGroups, for one shard: groups of every kind.

import type { ResponseInputOf } from '../../../protocol/apis.ts'
import type { GroupMachine } from './model/group-machine.ts'

export type ListedGroup = ResponseInputOf<'ListGroups'>['groups'][number]

/** Filters are without regard to case; an empty one lets everything through. */
export function listGroups(machine: GroupMachine, states: readonly string[], types: readonly string[]): ListedGroup[] {
  const wantedStates = new Set(states.map((state) => state.toLowerCase()))
  const wantedTypes = new Set(types.map((type) => type.toLowerCase()))
  const listed: ListedGroup[] = []
  for (const { groupId, type, stateName, listedProtocolType } of machine.groups.values()) {
    if (wantedStates.size > 0 && !wantedStates.has(stateName.toLowerCase())) continue
    if (wantedTypes.size > 0 && !wantedTypes.has(type)) continue
    listed.push({ groupId, protocolType: listedProtocolType, groupState: stateName, groupType: type })
  }
  return listed
}
