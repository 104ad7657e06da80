// The group coordinator as the handlers see it: takes requests, finds the shard of the group, words what comes back.
// What depends on a request's version, and what is wrong before a group is looked at, is decided here; the rest in the
// state machine. Source: GroupCoordinatorService and KafkaApis of Apache Kafka.

import type { Host } from '../../../host/host.ts'
import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { GROUP_TOPIC } from '../../metadata/internal-topics.ts'
import { coordinatorErrorOf } from '../runtime/coordinator-errors.ts'
import type { CoordinatorPartition } from '../runtime/coordinator-partition.ts'
import { CoordinatorRuntime, coordinatorPartition } from '../runtime/coordinator-runtime.ts'
import type { Reply } from '../runtime/reply.ts'
import { NOTHING } from '../runtime/state-machine.ts'
import type { MemberProtocol } from './classic/classic-member.ts'
import { EMPTY_BYTES } from './classic/classic-member.ts'
import { type DescribedGroup, describeError, describeGroup } from './classic/describe.ts'
import { joinError } from './classic/join.ts'
import { heartbeat, joinGroup, leaveGroup, syncGroup } from './classic-protocol.ts'
import {
  type DeleteGroupAnswer,
  type DeleteOffsetsAnswer,
  deleteGroup,
  deleteOffsets,
  deleteOffsetsOfTopics,
} from './deletion.ts'
import { GroupStateMachine } from './group-state-machine.ts'
import { type ListedGroup, listGroups } from './list.ts'
import type { GroupConfig } from './model/group-config.ts'
import type { GroupMachine, GroupOutcome } from './model/group-machine.ts'
import { type GroupRecord, groupRecordFormat } from './model/group-records.ts'
import type { GroupShards } from './model/group-shards.ts'
import { clientOf, type GroupRequestContext } from './model/request-context.ts'
import type { TopicLookup } from './model/topic-lookup.ts'
import { type CommitAnswer, commitError, commitOffsets } from './offsets/offset-commit.ts'
import { assembleCommit, splitCommit } from './offsets/offset-commit-topics.ts'
import { fetchOffsets } from './offsets/offset-fetch.ts'
import { type FetchedGroup, fetchGroups, type GroupFetch } from './offsets/offset-fetch-groups.ts'

export interface GroupCoordinatorOptions {
  readonly host: Host
  readonly config: GroupConfig
  readonly topics: TopicLookup
}

export class GroupCoordinator implements GroupShards {
  readonly config: GroupConfig
  readonly topics: TopicLookup
  readonly #runtime: CoordinatorRuntime<GroupStateMachine, GroupRecord>

  constructor({ host, config, topics }: GroupCoordinatorOptions) {
    this.config = config
    this.topics = topics
    this.#runtime = new CoordinatorRuntime({
      host,
      topic: GROUP_TOPIC,
      format: groupRecordFormat,
      createMachine: (timers) => new GroupStateMachine(host, config, topics, timers),
      partitionCount: () => topics.partitionCount(GROUP_TOPIC),
      commitTimeoutMs: () => config.offsetsCommitTimeoutMs,
      compression: () => config.offsetsTopicCompression,
    })
  }

  /** The partition of `__consumer_offsets` that a group belongs to; undefined while the topic does not exist. */
  partitionOf(groupId: string): number | undefined {
    return this.#runtime.partitionOf(groupId)
  }

  /** As partitionOf, or, while the topic does not exist, the one that it is going to be. */
  partitionToBeOf(groupId: string): number {
    return this.partitionOf(groupId) ?? coordinatorPartition(groupId, this.config.get('offsets.topic.num.partitions'))
  }

  /** This broker leads a partition of `__consumer_offsets` from now on. */
  onElected(index: number, partition: CoordinatorPartition): void {
    this.#runtime.onElected(index, partition)
  }

  onResigned(index: number): void {
    this.#runtime.onResigned(index)
  }

  /** Shards that are loading forget their offsets once they are loaded. */
  onTopicsDeleted(names: readonly string[]): void {
    this.#runtime.runOnAllOnceLoaded((machine) => deleteOffsetsOfTopics(machine, names))
  }

  /** Topics of these names have come, gone or changed: whoever is subscribed to them looks at them anew. */
  onTopicsChanged(names: readonly string[]): void {
    if (names.length === 0) return
    this.#runtime.forEachMachine((machine) => {
      for (const group of machine.groups.values()) {
        if (names.some((name) => group.isSubscribedTo(name))) group.requestMetadataRefresh()
      }
    })
  }

  /** Looks at every state that is loaded, without changing it. */
  forEachMachine(look: (machine: GroupMachine) => void): void {
    this.#runtime.forEachMachine(look)
  }

  close(): void {
    this.#runtime.close()
  }

  runOn<T>(
    partition: number | undefined,
    event: (machine: GroupMachine, reply: Reply<T>) => GroupOutcome,
    onError: (errorCode: number) => T,
  ): Promise<T> {
    return this.#runtime.run(partition, event, (errorCode) => onError(coordinatorErrorOf(errorCode)))
  }

  run<T>(
    groupId: string,
    event: (machine: GroupMachine, reply: Reply<T>) => GroupOutcome,
    onError: (errorCode: number) => T,
  ): Promise<T> {
    return this.runOn(this.partitionOf(groupId), event, onError)
  }

  joinGroup(context: GroupRequestContext, request: RequestOf<'JoinGroup'>): Promise<ResponseInputOf<'JoinGroup'>> {
    const { apiVersion } = context
    // Null names no protocol from v7 on; before, an empty string does.
    const word = (answer: ResponseInputOf<'JoinGroup'>): ResponseInputOf<'JoinGroup'> =>
      apiVersion < 7 && answer.protocolName === null ? { ...answer, protocolName: '' } : answer
    const { groupId, memberId, sessionTimeoutMs } = request
    const { groupMinSessionTimeoutMs, groupMaxSessionTimeoutMs } = this.config
    if (groupId === '') return Promise.resolve(word(joinError(ErrorCode.INVALID_GROUP_ID, memberId)))
    if (sessionTimeoutMs < groupMinSessionTimeoutMs || sessionTimeoutMs > groupMaxSessionTimeoutMs) {
      return Promise.resolve(word(joinError(ErrorCode.INVALID_SESSION_TIMEOUT, memberId)))
    }
    const join = {
      ...request,
      rebalanceTimeoutMs: apiVersion === 0 ? sessionTimeoutMs : request.rebalanceTimeoutMs,
      protocols: copyProtocols(request.protocols),
      ...clientOf(context),
      requiresMemberId: apiVersion >= 4,
      canSkipAssignment: apiVersion >= 9,
    }
    return this.run<ResponseInputOf<'JoinGroup'>>(
      groupId,
      (machine, reply) => joinGroup(machine, join, reply),
      (errorCode) => joinError(errorCode, ''),
    ).then(word)
  }

  syncGroup(request: RequestOf<'SyncGroup'>): Promise<ResponseInputOf<'SyncGroup'>> {
    const failed = (errorCode: number): ResponseInputOf<'SyncGroup'> => ({ errorCode, assignment: EMPTY_BYTES })
    if (request.groupId === '') return Promise.resolve(failed(ErrorCode.INVALID_GROUP_ID))
    return this.run(
      request.groupId,
      (machine, reply) => syncGroup(machine, request, reply),
      // The client takes it for a reason to join again, which it may do as soon as the group is loaded.
      (errorCode) =>
        failed(errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.REBALANCE_IN_PROGRESS : errorCode),
    )
  }

  heartbeat(request: RequestOf<'Heartbeat'>): Promise<ResponseInputOf<'Heartbeat'>> {
    if (request.groupId === '') return Promise.resolve({ errorCode: ErrorCode.INVALID_GROUP_ID })
    return this.run<ResponseInputOf<'Heartbeat'>>(
      request.groupId,
      (machine, reply) => {
        reply.send({ errorCode: heartbeat(machine, request) })
        return NOTHING
      },
      // Sessions begin anew when the loading is over: nothing is lost until then.
      (errorCode) => ({ errorCode: errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : errorCode }),
    )
  }

  /** Below v3 one member leaves, and its error is that of the answer. */
  async leaveGroup(
    context: GroupRequestContext,
    request: RequestOf<'LeaveGroup'>,
  ): Promise<ResponseInputOf<'LeaveGroup'>> {
    if (request.groupId === '') return { errorCode: ErrorCode.INVALID_GROUP_ID }
    const single = { memberId: request.memberId, groupInstanceId: null, reason: null }
    const leaving = context.apiVersion < 3 ? [single] : request.members
    const answer = await this.run<ResponseInputOf<'LeaveGroup'>>(
      request.groupId,
      (machine, reply) => leaveGroup(machine, request.groupId, leaving, reply),
      (errorCode) => ({ errorCode, members: [] }),
    )
    if (context.apiVersion >= 3 || answer.errorCode !== ErrorCode.NONE) return answer
    return { errorCode: answer.members?.[0]?.errorCode ?? ErrorCode.NONE }
  }

  async commitOffsets(
    context: GroupRequestContext,
    request: RequestOf<'OffsetCommit'>,
  ): Promise<ResponseInputOf<'OffsetCommit'>> {
    const { apiVersion } = context
    const split = splitCommit(request.topics, this.topics, apiVersion)
    const { groupId, memberId, groupInstanceId, retentionTimeMs } = request
    const commit = {
      groupId,
      generationId: request.generationIdOrMemberEpoch,
      memberId,
      groupInstanceId,
      retentionTimeMs,
      topics: split.known,
      apiVersion,
    }
    const codes =
      split.known.length === 0
        ? []
        : await this.run<CommitAnswer>(
            groupId,
            (machine, reply) => commitOffsets(machine, commit, reply),
            (errorCode) => commitError(split.known, errorCode),
          )
    return { topics: assembleCommit(request.topics, split, codes) }
  }

  fetchOffsets(
    context: GroupRequestContext,
    request: RequestOf<'OffsetFetch'>,
  ): Promise<ResponseInputOf<'OffsetFetch'>> {
    return fetchGroups(context.apiVersion, request, this.topics, (group) => this.#fetchGroup(group))
  }

  #fetchGroup({ groupId, topics, requireStable, memberId, memberEpoch }: GroupFetch): Promise<FetchedGroup> {
    return this.run<FetchedGroup>(
      groupId,
      (machine, reply) => {
        const errorCode = machine.groups.get(groupId)?.fetchError(memberId, memberEpoch) ?? ErrorCode.NONE
        const fetched = errorCode === ErrorCode.NONE ? fetchOffsets(machine, groupId, topics, requireStable) : []
        reply.send({ errorCode, topics: fetched })
        return NOTHING
      },
      (errorCode) => {
        // Consumers before 3.9 do not expect the other one here.
        const isAway = errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE
        return { errorCode: isAway ? ErrorCode.NOT_COORDINATOR : errorCode, topics: [] }
      },
    )
  }

  async deleteOffsets(request: RequestOf<'OffsetDelete'>): Promise<ResponseInputOf<'OffsetDelete'>> {
    const { groupId, topics } = request
    const answerWith = (errorCode: number) => ({ errorCode, throttleTimeMs: 0, topics: [] })
    if (groupId === '') return answerWith(ErrorCode.INVALID_GROUP_ID)
    const answer = await this.run<DeleteOffsetsAnswer>(
      groupId,
      (machine, reply) => deleteOffsets(machine, groupId, topics, reply),
      (errorCode) => ({ errorCode, topics: [] }),
    )
    if (answer.errorCode !== ErrorCode.NONE) return answerWith(answer.errorCode)
    const answered = topics.map(({ name, partitions }, index) => {
      const count = this.topics.partitionCount(name)
      const codes = answer.topics[index] ?? []
      return {
        name,
        partitions: partitions.map(({ partitionIndex }, position) => ({
          partitionIndex,
          errorCode:
            partitionIndex < count ? (codes[position] ?? ErrorCode.NONE) : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
        })),
      }
    })
    return { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics: answered }
  }

  async listGroups(request: RequestOf<'ListGroups'>): Promise<ResponseInputOf<'ListGroups'>> {
    const answers = await this.#runtime.runOnAll<ListedGroup[] | number>(
      (machine, reply) => {
        reply.send(listGroups(machine, request.statesFilter, request.typesFilter))
        return NOTHING
      },
      (errorCode) => (errorCode === ErrorCode.NOT_COORDINATOR ? [] : coordinatorErrorOf(errorCode)),
    )
    const groups: ListedGroup[] = []
    for (const answer of answers) {
      if (typeof answer === 'number') return { errorCode: answer, groups: [] }
      groups.push(...answer)
    }
    return { errorCode: ErrorCode.NONE, groups }
  }

  async describeGroups(context: GroupRequestContext, groupIds: readonly string[]): Promise<DescribedGroup[]> {
    return Promise.all(
      groupIds.map((groupId) =>
        this.run<DescribedGroup>(
          groupId,
          (machine, reply) => {
            reply.send(describeGroup(machine, groupId, context.apiVersion))
            return NOTHING
          },
          (errorCode) => describeError(groupId, errorCode),
        ),
      ),
    )
  }

  async deleteGroups(request: RequestOf<'DeleteGroups'>): Promise<ResponseInputOf<'DeleteGroups'>> {
    const groupIds = [...new Set(request.groupsNames)]
    const results = await Promise.all(
      groupIds.map(async (groupId) => {
        const answer = await this.run<DeleteGroupAnswer>(
          groupId,
          (machine, reply) => deleteGroup(machine, groupId, reply),
          (errorCode) => ({ errorCode, errorMessage: null }),
        )
        return { groupId, ...answer }
      }),
    )
    return { throttleTimeMs: 0, results }
  }
}

/** The request's memory is used again, and the group keeps them. A name that comes twice counts once. */
function copyProtocols(protocols: readonly MemberProtocol[]): MemberProtocol[] {
  const byName = new Map<string, MemberProtocol>()
  for (const { name, metadata } of protocols) {
    if (!byName.has(name)) byName.set(name, { name, metadata: new Uint8Array(metadata) })
  }
  return [...byName.values()]
}
