// A group coordinator on a real log, on a simulated machine: virtual time, a disk that loses on a crash what was not
// synced.

import { BrokerConfig } from '../../../../broker/config/broker-config.ts'
import { GroupCoordinator } from '../../../../broker/coordinator/group/group-coordinator.ts'
import { type GroupConfig, groupConfigOf } from '../../../../broker/coordinator/group/model/group-config.ts'
import { ReplicaPartition } from '../../../../broker/coordinator/runtime/replica-partition.ts'
import { GROUP_TOPIC } from '../../../../broker/metadata/internal-topics.ts'
import { Partition } from '../../../../broker/replication/partition.ts'
import type { Host } from '../../../../host/host.ts'
import type { SimulatedNode } from '../../../../host/simulated/node.ts'
import { type Simulation, simulate } from '../../../../host/simulated/simulation.ts'
import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ConsumerProtocolSubscription } from '../../../../protocol/messages/groups/consumer-protocol.ts'
import { ZERO_UUID } from '../../../../protocol/wire.ts'
import { createStorageEnvironment } from '../../../../storage/environment.ts'
import { Log } from '../../../../storage/log/log.ts'
import { defaultLogConfig } from '../../../../storage/log/log-config.ts'
import { TestTopics } from './topics.ts'

/** Topics that exist besides `__consumer_offsets`, with 4 partitions each. */
export const TOPIC_IDS: Readonly<Record<string, string>> = {
  orders: 'AAAAAAAAAAAAAAAAAAAAAQ',
  payments: 'AAAAAAAAAAAAAAAAAAAAAg',
}
const TOPIC_PARTITIONS = 4
const GROUP_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAADw'

/** Kafka 4.4's defaults. */
export const DEFAULT_GROUP_CONFIG: GroupConfig = { ...groupConfigOf(new BrokerConfig(), () => new Map()) }

export interface WorldOptions {
  readonly seed?: number
  readonly partitionCount?: number
  readonly config?: Partial<GroupConfig>
  /** Prepares the disk before the broker starts. */
  readonly prepare?: (node: SimulatedNode) => void
}

export class World {
  readonly simulation: Simulation
  readonly node: SimulatedNode
  /** Changes take effect at once. */
  readonly config: { -readonly [Name in keyof GroupConfig]: GroupConfig[Name] }
  readonly topics = new TestTopics()
  readonly #partitionCount: number
  #leaderEpoch = 0
  coordinator: GroupCoordinator
  partitions: Partition[] = []

  constructor(options: WorldOptions = {}) {
    this.simulation = simulate(options.seed ?? 1)
    this.node = this.simulation.node('broker')
    this.config = { ...DEFAULT_GROUP_CONFIG, ...options.config }
    this.#partitionCount = options.partitionCount ?? 1
    this.topics.set(GROUP_TOPIC, { id: GROUP_TOPIC_ID, partitionCount: this.#partitionCount })
    for (const [name, id] of Object.entries(TOPIC_IDS)) this.topics.set(name, { id, partitionCount: TOPIC_PARTITIONS })
    options.prepare?.(this.node)
    this.coordinator = this.#start(this.node.host)
  }

  #start(host: Host): GroupCoordinator {
    const coordinator = new GroupCoordinator({
      host,
      config: this.config,
      topics: this.topics,
    })
    const environment = createStorageEnvironment(host)
    this.#leaderEpoch++
    this.partitions = Array.from({ length: this.#partitionCount }, (_, index) => {
      const directory = `/data/${GROUP_TOPIC}-${index}`
      const config = { ...defaultLogConfig, cleanupPolicy: ['compact'] as const }
      const log = Log.open({ environment, directory, topic: GROUP_TOPIC, partition: index, config })
      const partition = new Partition(GROUP_TOPIC, 'id', index, log, { syncsAcksAll: true })
      partition.becomeLeader(this.#leaderEpoch, 1)
      coordinator.onElected(index, new ReplicaPartition(partition))
      return partition
    })
    return coordinator
  }

  get log(): Log {
    return this.partitions[0]!.log
  }

  /** The bytes of its batches. */
  readLog(): Uint8Array {
    const chunks: Uint8Array[] = []
    const end = this.log.logEndOffset
    for (let offset = 0; offset < end; ) {
      const from = offset
      this.log.readSync(from, 10_000_000, end, true, (_error, slices, _size, nextOffset) => {
        chunks.push(...slices.map((slice) => new Uint8Array(slice)))
        offset = nextOffset
      })
    }
    return Buffer.concat(chunks)
  }

  crash(): void {
    this.node.crash()
    this.coordinator = this.#start(this.node.restart())
  }

  kill(): void {
    this.node.kill()
    this.coordinator = this.#start(this.node.restart())
  }

  deleteTopic(name: string): void {
    this.topics.delete(name)
    this.coordinator.onTopicsDeleted([name])
  }

  run(ms: number): Promise<void> {
    return this.simulation.run(ms)
  }

  complete<T>(promise: Promise<T>): Promise<T> {
    return this.simulation.complete(promise)
  }

  /** Until the log is loaded. */
  ready(): Promise<void> {
    return this.run(50)
  }

  member(groupId: string, options: MemberOptions = {}): Member {
    return new Member(this, groupId, options)
  }

  async fetch(groupId: string, topic = 'orders', partition = 0, requireStable = false): Promise<bigint> {
    const request = { groupId, topics: [{ name: topic, partitionIndexes: [partition] }], groups: [], requireStable }
    const answer = await this.complete(this.coordinator.fetchOffsets(context(7), request))
    if (answer.errorCode !== 0) throw new Error(`fetch of ${groupId}: error ${answer.errorCode}`)
    return answer.topics?.[0]?.partitions[0]?.committedOffset ?? -2n
  }

  async describe(groupId: string, apiVersion = 6): Promise<ResponseInputOf<'DescribeGroups'>['groups'][number]> {
    const [described] = await this.complete(this.coordinator.describeGroups(context(apiVersion), [groupId]))
    if (described === undefined) throw new Error(`${groupId} is not described`)
    return described
  }

  async stateOf(groupId: string): Promise<string> {
    return (await this.describe(groupId)).groupState
  }
}

export function context(apiVersion: number, clientId: string | null = 'client') {
  return { apiVersion, clientId, clientHost: '127.0.0.1' }
}

export function subscription(...topics: string[]): Uint8Array {
  return Buffer.concat([Uint8Array.of(0, 0), ConsumerProtocolSubscription.encodeBytes({ topics, userData: null }, 0)])
}

/** What the log of `__consumer_offsets-0` begins with. */
export function writeLog(node: SimulatedNode, bytes: Uint8Array): void {
  const { disk } = node.host
  disk.makeDirectory('/data/__consumer_offsets-0')
  const file = disk.open('/data/__consumer_offsets-0/00000000000000000000.log', 'write')
  file.writeSync([bytes], 0)
  file.syncSync()
  file.close()
}

export interface MemberOptions {
  readonly version?: number
  readonly clientId?: string
  readonly groupInstanceId?: string | null
  readonly protocolType?: string
  readonly protocols?: readonly { name: string; metadata: Uint8Array }[]
  readonly sessionTimeoutMs?: number
  readonly rebalanceTimeoutMs?: number
}

type JoinAnswer = ResponseInputOf<'JoinGroup'>
type SyncAnswer = ResponseInputOf<'SyncGroup'>

/** A client of the group protocol, as clients behave. */
export class Member {
  readonly world: World
  readonly groupId: string
  options: Required<MemberOptions>
  memberId = ''
  generationId = -1
  leaderId = ''
  lastJoin: JoinAnswer | null = null

  constructor(world: World, groupId: string, options: MemberOptions) {
    this.world = world
    this.groupId = groupId
    this.options = {
      version: 9,
      clientId: 'client',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: subscription('orders') }],
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 30_000,
      ...options,
    }
  }

  /** One JoinGroup, as it stands. */
  sendJoin(changes: Partial<RequestOf<'JoinGroup'>> = {}): Promise<JoinAnswer> {
    const { version, clientId, groupInstanceId, protocolType, protocols } = this.options
    const { sessionTimeoutMs, rebalanceTimeoutMs } = this.options
    const request = {
      groupId: this.groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: this.memberId,
      groupInstanceId,
      protocolType,
      protocols: [...protocols],
      reason: null,
      ...changes,
    }
    return this.world.coordinator.joinGroup(context(version, clientId), request)
  }

  /** JoinGroup until the member is in a generation or refused. */
  async join(): Promise<JoinAnswer> {
    for (;;) {
      const answer = await this.sendJoin()
      this.lastJoin = answer
      if (answer.errorCode === 79) {
        this.memberId = answer.memberId
        continue
      }
      if (answer.errorCode === 0) {
        this.memberId = answer.memberId
        this.generationId = answer.generationId ?? -1
        this.leaderId = answer.leader
      }
      return answer
    }
  }

  /** The leader gives every member an assignment that names it. */
  sendSync(changes: Partial<RequestOf<'SyncGroup'>> = {}): Promise<SyncAnswer> {
    const isLeader = this.leaderId === this.memberId
    const members = this.lastJoin?.members ?? []
    const assignments = members.map(({ memberId }) => ({ memberId, assignment: Buffer.from(`for ${memberId}`) }))
    return this.world.coordinator.syncGroup({
      groupId: this.groupId,
      generationId: this.generationId,
      memberId: this.memberId,
      groupInstanceId: this.options.groupInstanceId,
      protocolType: null,
      protocolName: null,
      assignments: isLeader ? assignments : [],
      ...changes,
    })
  }

  async joinAndSync(): Promise<SyncAnswer> {
    const answer = await this.join()
    if (answer.errorCode !== 0) throw new Error(`join of ${this.groupId}: error ${answer.errorCode}`)
    return this.sendSync()
  }

  async heartbeat(changes: Partial<RequestOf<'Heartbeat'>> = {}): Promise<number> {
    const { groupId, generationId, memberId } = this
    const { groupInstanceId } = this.options
    const request = { groupId, generationId, memberId, groupInstanceId, ...changes }
    return (await this.world.complete(this.world.coordinator.heartbeat(request))).errorCode
  }

  sendCommit(offset: bigint, changes: CommitChanges = {}): Promise<ResponseInputOf<'OffsetCommit'>> {
    const { version = 9, metadata = null, partition = 0, topic = 'orders', topicId, ...rest } = changes
    const committed = {
      partitionIndex: partition,
      committedOffset: offset,
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    }
    return this.world.coordinator.commitOffsets(context(version), {
      groupId: this.groupId,
      generationIdOrMemberEpoch: this.generationId,
      memberId: this.memberId,
      retentionTimeMs: -1n,
      groupInstanceId: this.options.groupInstanceId,
      topics: [{ name: topic, topicId: topicId ?? TOPIC_IDS[topic] ?? ZERO_UUID, partitions: [committed] }],
      ...rest,
    })
  }

  async commit(offset: bigint, changes: CommitChanges = {}): Promise<number> {
    const { topics } = await this.world.complete(this.sendCommit(offset, changes))
    return topics[0]?.partitions[0]?.errorCode ?? -2
  }

  async leave(): Promise<ResponseInputOf<'LeaveGroup'>> {
    const members = [{ memberId: this.memberId, groupInstanceId: this.options.groupInstanceId, reason: null }]
    const request = { groupId: this.groupId, memberId: '', members }
    return this.world.complete(this.world.coordinator.leaveGroup(context(5), request))
  }
}

export interface CommitChanges extends Partial<Omit<RequestOf<'OffsetCommit'>, 'topics'>> {
  readonly version?: number
  readonly metadata?: string | null
  readonly partition?: number
  readonly topic?: string
  readonly topicId?: string
}

/** Has the members form the next generation of their group; all of them join and fetch their assignments. */
export async function form(world: World, ...members: Member[]): Promise<SyncAnswer[]> {
  return world.complete(Promise.all(members.map((member) => member.joinAndSync())))
}
