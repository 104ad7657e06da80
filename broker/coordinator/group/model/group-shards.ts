// The group coordinator as the requests of a kind see it: the way from a group's id to the shard that has it.

import { ErrorCode } from '../../../../protocol/error-codes.ts'
import type { Reply } from '../../runtime/reply.ts'
import { NOTHING } from '../../runtime/state-machine.ts'
import type { GroupConfig } from './group-config.ts'
import type { GroupMachine, GroupOutcome } from './group-machine.ts'
import type { TopicLookup } from './topic-lookup.ts'

export interface GroupShards {
  readonly config: GroupConfig
  readonly topics: TopicLookup
  /** Runs an event on the shard of the group. */
  run<T>(
    groupId: string,
    event: (machine: GroupMachine, reply: Reply<T>) => GroupOutcome,
    onError: (errorCode: number) => T,
  ): Promise<T>
  /** Runs an event on the shard of a partition of `__consumer_offsets`; undefined: there is none. */
  runOn<T>(
    partition: number | undefined,
    event: (machine: GroupMachine, reply: Reply<T>) => GroupOutcome,
    onError: (errorCode: number) => T,
  ): Promise<T>
}

/** What is told of each group, in the order asked. */
export function describeEach<T>(
  groups: GroupShards,
  groupIds: readonly string[],
  describe: (machine: GroupMachine, groupId: string) => T,
  onError: (groupId: string, errorCode: number) => T,
): Promise<T[]> {
  return Promise.all(
    groupIds.map((groupId) => {
      if (groupId === '') return onError('', ErrorCode.INVALID_GROUP_ID)
      return groups.run<T>(
        groupId,
        (machine, reply) => {
          reply.send(describe(machine, groupId))
          return NOTHING
        },
        (errorCode) => onError(groupId, errorCode),
      )
    }),
  )
}
