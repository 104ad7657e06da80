// The state machine of one shard of `__consumer_offsets` as the functions of requests see it: the groups and offsets of
// the shard, and what these stand on. State changes by replay alone (group-state-machine.ts, which implements this);
// a request looks at it and answers with records, and with what to do when they are in the log.

import type { Host } from '../../../../host/host.ts'
import type { ShardTimers } from '../../runtime/shard.ts'
import type { Outcome } from '../../runtime/state-machine.ts'
import type { Group } from './group.ts'
import type { GroupConfig } from './group-config.ts'
import type { GroupRecord } from './group-records.ts'
import type { OffsetStore } from './offset-store.ts'
import type { TopicLookup } from './topic-lookup.ts'

export type GroupOutcome = Outcome<GroupRecord>

export interface GroupMachine {
  readonly host: Host
  readonly config: GroupConfig
  readonly topics: TopicLookup
  readonly timers: ShardTimers<GroupRecord>
  readonly groups: Map<string, Group>
  readonly offsets: OffsetStore

  now(): number

  /** A member has committed: it is alive, where its kind takes that for a proof. */
  onCommit(group: Group, memberId: string): void

  /** The group is deleted, whatever its kind: nothing of it may wake up again. */
  forgetTimers(group: Group): void
}
