// A group that was empty gives out tasks for the first time when a delay is over, for more members may be about to
// come: timer `initial GROUP`.

import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupMachine } from '../model/group-machine.ts'
import type { GroupRecord } from '../model/group-records.ts'
import { inPiecesByTarget } from '../modern/target-pieces.ts'
import { configureTopology } from './configured-topology.ts'
import { retarget } from './progress.ts'
import { streamsConfig } from './streams-config.ts'
import { type StreamsGroup, streamsGroup } from './streams-group.ts'

const initialTimer = (groupId: string): string => `initial ${groupId}`

/** The first member has come; others may be about to. */
export function delayFirstTarget(machine: GroupMachine, groupId: string): void {
  const group = streamsGroup(machine, groupId)
  if (group === undefined || group.isDelayed) return
  group.isDelayed = true
  machine.timers.schedule(initialTimer(groupId), streamsConfig(machine.config, groupId).initialRebalanceDelayMs, () => {
    group.isDelayed = false
    if (streamsGroup(machine, groupId) !== group) return NOTHING
    // The next heartbeat does it if the log refuses.
    const records = firstTarget(machine, group)
    return { records, ...inPiecesByTarget(records), refused: () => {} }
  })
}

export function forgetFirstTarget(machine: GroupMachine, groupId: string): void {
  machine.timers.cancel(initialTimer(groupId))
}

/** The delay of a new group is over. */
function firstTarget(machine: GroupMachine, group: StreamsGroup): GroupRecord[] {
  const { topology, groupEpoch } = group
  if (group.isEmpty || topology === null || group.assignmentEpoch >= groupEpoch) return []
  const configured = group.configured ?? configureTopology(machine.topics, topology)
  // It was refused when it was handed in.
  if ('errorCode' in configured) return []
  const records: GroupRecord[] = []
  retarget(machine, group, { groupEpoch, configured }, null, records)
  return records
}
