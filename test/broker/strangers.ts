// Clients that send requests of groups and transactions with fields taken at random: from what the broker has answered
// before, from what others send, and from the limits of their types; in any order and version, over restarts. Whatever
// they are answered, no event of a coordinator fails, no handler does, and who keeps to the rules is served.
//
//   node --conditions=milena-source test/broker/strangers.ts [SEED [REQUESTS [SEEDS]]]

import { SeededRandom } from '../../host/simulated/random.ts'
import { type Api, type ApiName, apis } from '../../protocol/apis.ts'
import type { Field, Fields } from '../../protocol/field.ts'
import { ConsumerProtocolSubscription } from '../../protocol/messages/groups/consumer-protocol.ts'
import { batchOf, type Client, World } from './harness.ts'

const APIS: readonly ApiName[] = [
  ...(['JoinGroup', 'JoinGroup', 'JoinGroup', 'SyncGroup', 'Heartbeat', 'LeaveGroup', 'OffsetCommit'] as const),
  ...(['OffsetFetch', 'DescribeGroups', 'ListGroups', 'DeleteGroups', 'OffsetDelete', 'FindCoordinator'] as const),
  ...(['ConsumerGroupHeartbeat', 'ConsumerGroupHeartbeat', 'ConsumerGroupHeartbeat', 'ConsumerGroupDescribe'] as const),
  ...(['StreamsGroupHeartbeat', 'StreamsGroupHeartbeat', 'StreamsGroupHeartbeat', 'StreamsGroupDescribe'] as const),
  ...(['ShareGroupHeartbeat', 'ShareGroupHeartbeat', 'ShareGroupDescribe', 'DescribeShareGroupOffsets'] as const),
  ...(['AlterShareGroupOffsets', 'DeleteShareGroupOffsets', 'ShareFetch', 'ShareAcknowledge'] as const),
  ...(['InitProducerId', 'InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'EndTxn', 'EndTxn'] as const),
  ...([
    'TxnOffsetCommit',
    'WriteTxnMarkers',
    'ListTransactions',
    'DescribeTransactions',
    'Produce',
    'Produce',
  ] as const),
  ...(['DescribeProducers', 'StreamsGroupTopologyDescriptionUpdate'] as const),
]
const TOPICS = ['q', 'r']
const INTERNAL = ['__consumer_offsets', '__transaction_state', '__share_group_state']
const FAULTS = /an event failed|a handler failed|assertion/

export class Strangers {
  readonly world: World
  readonly #random: SeededRandom
  /** Of this run: with fewer kinds of requests the state goes deeper. */
  readonly #apis: readonly ApiName[]
  readonly #pools: Record<string, unknown[]>
  #client: Client
  requests = 0
  #eventsRead = 0
  readonly #identities: { transactionalId: string; producerId: bigint; producerEpoch: number }[] = []
  readonly #topicIds: string[]
  #hasLostTransactions = false

  private constructor(world: World, client: Client, random: SeededRandom, topicIds: string[]) {
    this.world = world
    this.#client = client
    this.#random = random
    this.#topicIds = topicIds
    this.#apis =
      random.below(3) === 0
        ? APIS
        : [...['InitProducerId' as const], ...Array.from({ length: 9 }, () => APIS[random.below(APIS.length)]!)]
    const subscription = (...topics: string[]) =>
      Buffer.concat([Uint8Array.of(0, 0), ConsumerProtocolSubscription.encodeBytes({ topics, userData: null }, 0)])
    this.#pools = {
      group: ['g', 'h', 'i', 'a b', '', 'x'.repeat(300)],
      member: ['', 'nobody', 'a', 'b', 'c d'],
      instance: [null, null, 'one', 'two', ''],
      epoch: [-3, -2, -1, 0, 0, 0, 1, 2, 3, 4, 5, 32766, 32767, -32768],
      topic: [...TOPICS, 'missing', ''],
      topicId: [...topicIds, 'AAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAQ'],
      partition: [0, 1, 2, 3, -1, 99, 2 ** 31 - 1],
      timeout: [6000, 30_000, 30_000, 60_000, -1, 0, 2 ** 31 - 1],
      protocolType: ['consumer', 'consumer', 'consumer', 'connect', '', null],
      protocolName: ['range', 'range', 'roundrobin', '', null],
      metadata: [subscription('q'), subscription('q', 'r'), subscription(), Uint8Array.of(0, 9, 1), new Uint8Array()],
      regex: [null, null, '', 'q|r', '.*', '(', 'a{1000}', '\\\\Qq'],
      assignor: [null, 'uniform', 'range', 'none'],
      transaction: ['now', 'then', 'late', ''],
      producerId: [-1n, 0n, 99n],
      producerEpoch: [-1, 0, 0, 1, 2, 32766, 32767],
      subtopology: ['0', '1', ''],
    }
  }

  static async start(seed: number): Promise<Strangers> {
    const world = await World.start(null as never, {
      ...{ 'transaction.state.log.num.partitions': '2', 'share.coordinator.state.topic.num.partitions': '1' },
      ...{
        'transaction.abort.timed.out.transaction.cleanup.interval.ms': '1000',
        'group.consumer.assignment.interval.ms': '0',
      },
      ...{ 'offsets.retention.check.interval.ms': '5000', 'group.streams.initial.rebalance.delay.ms': '0' },
    })
    const client = await world.connect()
    const ids: string[] = []
    for (const topic of TOPICS) ids.push(await client.createTopic(topic, 3))
    for (const keyType of [0, 1]) await client.request('FindCoordinator', 4, { keyType, coordinatorKeys: ['g'] })
    await world.simulation.run(1000)
    return new Strangers(world, client, new SeededRandom(seed), ids)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random.below(from.length)]!
  }

  async run(count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      await this.#step()
      const { events } = this.world.node.logger
      for (const { message, fields } of events.slice(this.#eventsRead)) {
        const text = `${message} ${String(fields['error'] ?? '')}`
        if (FAULTS.test(text)) throw new Error(`after ${this.requests} requests: ${text}`)
      }
      this.#eventsRead = events.length
    }
  }

  /** When everybody is gone and all timeouts are over: no transaction hangs, no group waits for anybody. */
  async settle(): Promise<void> {
    await this.world.simulation.run(1_000_000)
    this.#client = await this.world.connect()
    await this.run(0)
    if (this.#hasLostTransactions) return
    for (const topic of [...TOPICS, '__consumer_offsets']) {
      const topics = [{ name: topic, partitionIndexes: [0, 1, 2, 3] }]
      const answer = await this.#client.request('DescribeProducers', 0, { topics })
      for (const { partitionIndex, activeProducers } of answer.topics[0]!.partitions) {
        for (const { producerId, producerEpoch, currentTxnStartOffset } of activeProducers) {
          if (currentTxnStartOffset < 0n) continue
          throw new Error(`${topic}-${partitionIndex}: the transaction of ${producerId}, ${producerEpoch} hangs`)
        }
      }
    }
    const { groups } = await this.#client.request('ListGroups', 5, { statesFilter: [], typesFilter: [] })
    for (const { groupId, groupState, groupType } of groups) {
      if (groupState !== 'Empty') throw new Error(`${groupType} group '${groupId}' is ${groupState}`)
      const fetched = await this.#client.request('OffsetFetch', 8, {
        ...{ groups: [{ groupId, topics: null }], requireStable: true },
      })
      const codes = fetched.groups[0]!.topics.flatMap(({ partitions }) => partitions.map(({ errorCode }) => errorCode))
      if (codes.some((code) => code !== 0)) throw new Error(`group '${groupId}': errors ${codes}`)
    }
  }

  /** Of the broker as strangers have left it. */
  async serve(): Promise<void> {
    const keys = { coordinatorKeys: ['new'] }
    const isMissing = async (keyType: number): Promise<boolean> => {
      const answer = await this.#client.request('FindCoordinator', 4, { keyType, ...keys })
      return answer.coordinators[0]!.errorCode !== 0
    }
    while ((await isMissing(0)) || (await isMissing(1))) await this.world.simulation.run(100)
    await this.world.simulation.run(1000)
    const member = { groupId: 'new', memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 1000, topicPartitions: [] }
    const joined = await this.#client.request('ConsumerGroupHeartbeat', 1, { ...member, subscribedTopicNames: ['q'] })
    const classic = { groupId: 'newer', memberId: '', protocolType: 'consumer', sessionTimeoutMs: 6000 }
    const protocols = [{ name: 'range', metadata: new Uint8Array() }]
    const entered = await this.#client.request('JoinGroup', 0, { ...classic, protocols })
    const producer = { transactionalId: 'new', transactionTimeoutMs: 1000 }
    const begun = await this.#client.request('InitProducerId', 4, producer)
    const codes = [joined, entered, begun].map(({ errorCode }) => errorCode)
    if (codes.some((code) => code !== 0)) throw new Error(`new members and producers are not served: errors ${codes}`)
  }

  async #step(): Promise<void> {
    const kind = this.#random.below(100)
    if (kind === 0) await this.world.simulation.run(this.#pick([100, 5000, 40_000]))
    else if (kind === 1) await this.#restart()
    else if (kind === 2) await this.#remakeTopic()
    else await this.#request()
  }

  async #restart(): Promise<void> {
    if (this.#random.below(2) === 0) this.world.node.crash()
    else this.world.node.kill()
    await this.world.restart()
    this.#client = await this.world.connect()
  }

  async #remakeTopic(): Promise<void> {
    const name = this.#random.below(20) === 0 ? this.#pick(INTERNAL) : this.#pick(TOPICS)
    const topics = [{ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }]
    await this.#client.request('DeleteTopics', 6, { topics, timeoutMs: 1000 })
    if (name === '__transaction_state') this.#hasLostTransactions = true
    if (INTERNAL.includes(name)) return
    const topicId = await this.#client.createTopic(name, this.#pick([1, 3, 4]))
    this.#topicIds[TOPICS.indexOf(name)] = topicId
    this.#pools.topicId!.push(topicId)
  }

  async #request(): Promise<void> {
    const name = this.#pick(this.#apis)
    const api: Api = apis[name]
    const version = api.minVersion + this.#random.below(api.maxVersion - api.minVersion + 1)
    if (name === 'InitProducerId' && version === 6) return
    if (name === 'Produce' && version < 3) return
    const strange = this.#struct(api.request.fields, version, name)
    const body = this.#random.below(3) === 0 ? strange : { ...strange, ...this.#sensible(name, strange) }
    this.requests++
    if (this.#client.isClosed) this.#client = await this.world.connect()
    const sent = this.#client.send(name, version, body as never)
    // Some answers wait for others.
    let answer: unknown = 'none yet'
    void sent.then((one) => {
      answer = one
      this.#learn(one)
      this.#meet(body, one)
    })
    await this.world.simulation.run(5)
    if (answer === 'none yet' && this.#random.below(2) === 0) this.#client = await this.world.connect()
  }

  /** Fields that let more of the request come to be looked at. */
  #sensible(name: ApiName, { memberEpoch, memberId, transactionalId }: Record<string, unknown>): object {
    const group = this.#pick(['g', 'h', 'i'])
    const member = memberId === '' ? 'a' : memberId
    const plain = { groupId: group, rackId: null, instanceId: this.#pick([null, null, 'one']) }
    switch (name) {
      case 'ConsumerGroupHeartbeat':
        return {
          ...{ ...plain, memberId: member, rebalanceTimeoutMs: 30_000, serverAssignor: this.#pick([null, 'uniform']) },
          ...{ subscribedTopicNames: this.#pick([['q'], ['q', 'r'], []]) },
          ...(memberEpoch === 0 && { topicPartitions: [] }),
        }
      case 'StreamsGroupHeartbeat': {
        const tasks = this.#pick([[], null, [{ subtopologyId: '0', partitions: [0] }]])
        return {
          ...{
            ...plain,
            memberId: member,
            rebalanceTimeoutMs: 30_000,
            processId: 'p',
            userEndpoint: null,
            clientTags: null,
          },
          ...(memberEpoch === 0
            ? { topology: this.#topology(), activeTasks: [], standbyTasks: [], warmupTasks: [] }
            : { topology: null, activeTasks: tasks, standbyTasks: [], warmupTasks: [] }),
        }
      }
      case 'ShareGroupHeartbeat':
        return { groupId: this.#pick(['s', 's', 'g']), memberId: member, rackId: null, subscribedTopicNames: ['q'] }
      case 'JoinGroup':
        return {
          ...{ groupId: group, sessionTimeoutMs: 30_000, protocolType: 'consumer' },
          protocols: [{ name: 'range', metadata: this.#pick(this.#pools.metadata!) }],
        }
      case 'SyncGroup':
        return { groupId: group, protocolType: 'consumer', protocolName: null }
      case 'InitProducerId':
        return { transactionalId: this.#pick(['now', 'then']), transactionTimeoutMs: this.#pick([1000, 60_000]) }
      case 'EndTxn':
        return this.#known() ?? { transactionalId: this.#pick(['now', transactionalId]) }
      case 'TxnOffsetCommit':
      case 'AddOffsetsToTxn':
        return { ...this.#known(), groupId: group }
      case 'AddPartitionsToTxn': {
        const known = this.#known()
        if (known === undefined) return {}
        return {
          v3AndBelowTransactionalId: known.transactionalId,
          v3AndBelowProducerId: known.producerId,
          v3AndBelowProducerEpoch: known.producerEpoch,
          v3AndBelowTopics: [{ name: this.#pick(TOPICS), partitions: [this.#pick([0, 1])] }],
          transactions: [{ ...known, verifyOnly: false, topics: [{ name: this.#pick(TOPICS), partitions: [0] }] }],
        }
      }
      case 'Produce': {
        const known = this.#known()
        if (known === undefined) return {}
        const baseSequence = this.#pick([0, 0, 1, 2])
        const records = batchOf(['x'], { ...known, baseSequence, transactional: true })
        const partitionData = [{ index: this.#pick([0, 1]), records }]
        const one = this.#random.below(2)
        const topicData = [{ name: TOPICS[one]!, topicId: this.#topicIds[one]!, partitionData }]
        return { transactionalId: known.transactionalId, acks: -1, timeoutMs: 1000, topicData }
      }
      case 'ShareFetch':
      case 'ShareAcknowledge':
        return { groupId: 's', memberId: member }
      default:
        return {}
    }
  }

  /** What answers tell is what the next requests name. */
  #learn(answer: unknown): void {
    if (typeof answer !== 'object' || answer === null) return
    for (const [name, value] of Object.entries(answer)) {
      if (name === 'memberId' && typeof value === 'string' && value !== '') this.#remember('member', value)
      if (name === 'producerId' && typeof value === 'bigint') this.#remember('producerId', value)
      if (name === 'producerEpoch') this.#remember('producerEpoch', value)
      if (name === 'generationId' || name === 'memberEpoch') this.#remember('epoch', value)
      if (Array.isArray(value)) for (const one of value) this.#learn(one)
    }
  }

  #known() {
    return this.#identities[this.#random.below(4)]
  }

  /** A producer that the broker knows, for as long as it does. */
  #meet({ transactionalId }: Record<string, unknown>, answer: unknown): void {
    if (typeof transactionalId !== 'string' || typeof answer !== 'object' || answer === null) return
    const { producerId, producerEpoch } = answer as { producerId?: bigint; producerEpoch?: number }
    if (producerId === undefined || producerEpoch === undefined || producerId < 0n) return
    this.#identities.push({ transactionalId, producerId, producerEpoch })
    if (this.#identities.length > 4) this.#identities.shift()
  }

  #remember(pool: string, value: unknown): void {
    const values = this.#pools[pool]!
    values.push(value)
    if (values.length > 24) values.splice(3 + this.#random.below(6), 1)
  }

  #struct(fields: Fields, version: number, path: string): Record<string, unknown> {
    const value: Record<string, unknown> = {}
    for (const [name, field] of Object.entries(fields)) {
      if (version < field.since || version > field.until) continue
      if (field.tag !== undefined && this.#random.below(2) === 0) continue
      value[name] = this.#value(field, name, version, path)
    }
    return value
  }

  #value(field: Field, name: string, version: number, path: string): unknown {
    const mayBeNull = version >= field.nullableSince
    if (name === 'topology') return this.#random.below(3) === 0 ? null : this.#topology()
    const pool = this.#poolOf(name, path)
    if (pool !== null && field.type !== 'array' && field.type !== 'struct') {
      const value = this.#pick(pool)
      return value === null && !mayBeNull ? this.#pick(pool.filter((one) => one !== null)) : value
    }
    if (mayBeNull && this.#random.below(3) === 0) return null
    if (field.type === 'array') {
      const length = this.#pick([0, 1, 1, 1, 2, 3])
      return Array.from({ length }, () => this.#value(field.element!, name, version, path))
    }
    if (field.type === 'struct') return this.#struct(field.fields!, version, path)
    return this.#scalar(field)
  }

  #poolOf(name: string, path: string): readonly unknown[] | null {
    if (name === 'topic' || name === 'topics' || (name === 'name' && /Txn|Offset|Produce|Markers/.test(path)))
      return this.#pools.topic!
    if (name === 'name') return this.#pools.protocolName!.filter((one) => one !== null)
    if (/^(groupId|group|groups|groupsNames|groupIds)$/.test(name)) return this.#pools.group!
    if (name === 'coordinatorKeys' || name === 'key') return [...this.#pools.group!, ...this.#pools.transaction!]
    if (/^memberIds?$/.test(name)) return this.#pools.member!
    if (/[iI]nstanceId$/.test(name)) return this.#pools.instance!
    if (/^(generationId|memberEpoch|generationIdOrMemberEpoch|topologyEpoch|shareSessionEpoch)$/.test(name)) {
      return this.#pools.epoch!
    }
    if (name === 'topicId') return this.#pools.topicId!
    if (/^(partitions?|partitionIndex(es)?|partitionId|index)$/.test(name)) return this.#pools.partition!
    if (/TimeoutMs$/.test(name)) return this.#pools.timeout!
    if (name === 'protocolType' || name === 'protocolName' || name === 'metadata') return this.#pools[name]!
    if (/[rR]egex|Pattern$/.test(name)) return this.#pools.regex!
    if (name === 'serverAssignor') return this.#pools.assignor!
    if (name === 'subscribedTopicNames') return this.#pools.topic!
    if (/ransactionalIds?$/.test(name)) return this.#pools.transaction!
    if (/roducerId$/.test(name)) return this.#pools.producerId!
    if (/roducerEpoch$/.test(name)) return this.#pools.producerEpoch!
    if (name === 'subtopologyId') return this.#pools.subtopology!
    if (name === 'maxWaitMs') return [0, 10]
    if (name === 'acks') return [-1, -1, 1, 2]
    return null
  }

  #topology() {
    const topic = (name: string) => ({
      name,
      partitions: this.#pick([0, 0, 2, -1]),
      replicationFactor: 1,
      topicConfigs: [],
    })
    return {
      epoch: this.#pick([0, 0, 1, -1]),
      subtopologies: ['0', '1'].slice(0, this.#pick([1, 1, 2, 0])).map((subtopologyId) => ({
        subtopologyId,
        sourceTopics: [this.#pick(this.#pools.topic as string[])],
        sourceTopicRegex: this.#random.below(9) === 0 ? ['q.*'] : [],
        stateChangelogTopics: this.#random.below(2) === 0 ? [] : [topic('log')],
        repartitionSinkTopics: this.#random.below(4) === 0 ? ['between'] : [],
        repartitionSourceTopics: this.#random.below(4) === 0 ? [topic('between')] : [],
        copartitionGroups:
          this.#random.below(4) === 0
            ? [{ sourceTopics: [this.#pick([0, 1, -1])], sourceTopicRegex: [], repartitionSourceTopics: [] }]
            : [],
      })),
    }
  }

  #scalar(field: Field): unknown {
    switch (field.type) {
      case 'bool':
        return this.#random.below(2) === 0
      case 'int64':
        return this.#pick([0n, 1n, -1n, 7n, (1n << 63n) - 1n, -(1n << 63n)])
      case 'float64':
        return this.#pick([0, -1, Number.NaN])
      case 'string':
        return this.#pick(['', 'a', 'uniform', 'Stable', 'x'.repeat(5000)])
      case 'uuid':
        return this.#pick(this.#pools.topicId!)
      case 'bytes':
        return this.#pick([new Uint8Array(), Uint8Array.of(1, 2, 3)])
      case 'records':
        return this.#records()
      case 'uint16':
        return this.#pick([0, 9092, 65_535])
      case 'int8':
        return this.#pick([0, 1, 2, 3, 4, -1, 127])
      default:
        return this.#pick([0, 1, 2, -1, 100, 32_767])
    }
  }

  #records(): Uint8Array {
    const producerId = this.#pick(this.#pools.producerId as bigint[])
    const producerEpoch = this.#pick(this.#pools.producerEpoch as number[])
    const transactional = this.#random.below(3) > 0
    return batchOf(['x'], { producerId, producerEpoch, baseSequence: this.#pick([0, 0, 1, 2]), transactional })
  }
}

if (import.meta.main) {
  const [first = '1', count = '2000', seeds = '1'] = process.argv.slice(2)
  for (let seed = Number(first); seed < Number(first) + Number(seeds); seed++) {
    const strangers = await Strangers.start(seed)
    try {
      await strangers.run(Number(count))
      await strangers.settle()
      await strangers.serve()
      process.stdout.write(`seed ${seed}: ${strangers.requests} requests\n`)
    } catch (error) {
      const text = error instanceof Error ? error.stack : error
      process.stdout.write(`seed ${seed}, after ${strangers.requests} requests: ${text}\n`)
      process.exitCode = 1
    }
  }
}
