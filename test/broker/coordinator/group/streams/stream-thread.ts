// A thread of a Kafka Streams application as a client of its group (KIP-1071): it heartbeats, gives up what it is told
// to, and says what it has.

import {
  describeStreamsGroups,
  streamsGroupHeartbeat,
} from '../../../../../broker/coordinator/group/streams/requests.ts'
import type { RequestOf, ResponseInputOf } from '../../../../../protocol/apis.ts'
import { context, type World } from '../harness.ts'

type Request = RequestOf<'StreamsGroupHeartbeat'>
type Answer = Omit<ResponseInputOf<'StreamsGroupHeartbeat'>, 'throttleTimeMs'>
export type Topology = NonNullable<Request['topology']>
type Subtopology = Topology['subtopologies'][number]
type TaskIds = NonNullable<Request['activeTasks']>

const NOTHING_READ: Omit<Subtopology, 'subtopologyId'> = {
  sourceTopics: [],
  sourceTopicRegex: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
  copartitionGroups: [],
}

export function subtopology(subtopologyId: string, parts: Partial<Subtopology>): Subtopology {
  return { subtopologyId, ...NOTHING_READ, ...parts }
}

export function internalTopic(name: string, partitions = 0): Subtopology['stateChangelogTopics'][number] {
  return { name, partitions, replicationFactor: 0, topicConfigs: [{ key: 'cleanup.policy', value: 'compact' }] }
}

/** Reads orders, without state. */
export const STATELESS: Topology = { epoch: 0, subtopologies: [subtopology('0', { sourceTopics: ['orders'] })] }

export interface ThreadOptions {
  readonly processId?: string
  readonly instanceId?: string | null
  readonly topology?: Topology
  readonly endpoint?: Request['userEndpoint']
  readonly tags?: Request['clientTags']
  readonly rebalanceTimeoutMs?: number
}

export class StreamThread {
  readonly world: World
  readonly groupId: string
  readonly memberId: string
  readonly options: ThreadOptions
  epoch = 0
  endpointEpoch = -1
  active: TaskIds = []
  standby: TaskIds = []
  last: Answer | undefined

  constructor(world: World, groupId: string, memberId: string, options: ThreadOptions = {}) {
    this.world = world
    this.groupId = groupId
    this.memberId = memberId
    this.options = options
  }

  /** One request as it stands. */
  async ask(changes: Partial<Request> = {}): Promise<Answer> {
    const { instanceId = null, rebalanceTimeoutMs = 30_000, endpoint = null, tags = [] } = this.options
    const isJoining = this.epoch === 0
    const request: Request = {
      groupId: this.groupId,
      memberId: this.memberId,
      memberEpoch: this.epoch,
      endpointInformationEpoch: this.endpointEpoch,
      instanceId,
      rackId: null,
      rebalanceTimeoutMs: isJoining ? rebalanceTimeoutMs : -1,
      topology: isJoining ? (this.options.topology ?? STATELESS) : null,
      activeTasks: this.active,
      standbyTasks: this.standby,
      warmupTasks: [],
      processId: isJoining ? (this.options.processId ?? `process of ${this.memberId}`) : null,
      userEndpoint: isJoining ? endpoint : null,
      clientTags: isJoining ? tags : null,
      taskOffsets: null,
      taskEndOffsets: null,
      shutdownApplication: false,
      ...changes,
    }
    const { world } = this
    const sent = streamsGroupHeartbeat(world.coordinator, context(1), request)
    const { response } = await world.complete(sent)
    return response
  }

  /** A heartbeat, and what it tells is done at once. The error code. */
  async heartbeat(changes: Partial<Request> = {}): Promise<number> {
    const answer = await this.ask(changes)
    this.last = answer
    if (answer.errorCode !== 0) return answer.errorCode
    this.epoch = answer.memberEpoch
    this.endpointEpoch = answer.endpointInformationEpoch
    if (answer.activeTasks) this.active = copy(answer.activeTasks)
    if (answer.standbyTasks) this.standby = copy(answer.standbyTasks)
    return 0
  }

  /** `subtopology-partition`, sorted. */
  get tasks(): string[] {
    return named(this.active)
  }

  get standbys(): string[] {
    return named(this.standby)
  }

  get statuses(): (readonly [number, string])[] {
    return (this.last?.status ?? []).map(({ statusCode, statusDetail }) => [statusCode, statusDetail])
  }

  async leave(epoch = -1): Promise<number> {
    const nothing = { topology: null, rebalanceTimeoutMs: -1, activeTasks: null, standbyTasks: null, warmupTasks: null }
    return (await this.ask({ ...nothing, memberEpoch: epoch })).errorCode
  }

  /** Begins anew, with nothing. */
  restart(): void {
    this.epoch = 0
    this.endpointEpoch = -1
    this.active = []
    this.standby = []
  }
}

type AnsweredTasks = readonly { readonly subtopologyId: string; readonly partitions: readonly number[] }[]

function copy(ids: AnsweredTasks): TaskIds {
  return ids.map(({ subtopologyId, partitions }) => ({ subtopologyId, partitions: [...partitions] }))
}

export function named(ids: AnsweredTasks): string[] {
  return ids.flatMap(({ subtopologyId, partitions }) => partitions.map((one) => `${subtopologyId}-${one}`)).sort()
}

/** Heartbeats of all, until none changes anything any more. */
export async function settle(world: World, threads: readonly StreamThread[], rounds = 6): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const thread of threads) {
      const errorCode = await thread.heartbeat()
      if (errorCode !== 0) throw new Error(`${thread.memberId}: error ${errorCode}: ${thread.last?.errorMessage}`)
    }
    await world.run(3_100)
  }
}

export async function describeStreams(world: World, groupId: string) {
  const [described] = await world.complete(describeStreamsGroups(world.coordinator, [groupId], true))
  if (described === undefined) throw new Error(`${groupId} is not described`)
  return described
}
