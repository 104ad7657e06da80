// Random lives of groups, from a seed: SEED=n node test/broker/coordinator/group/replay.test.ts

import t from 'tap'
import { type ClassicGroup, classicGroup } from '../../../../broker/coordinator/group/classic/classic-group.ts'
import { type JoinRequest, joinError } from '../../../../broker/coordinator/group/classic/join.ts'
import { heartbeat, joinGroup, leaveGroup, syncGroup } from '../../../../broker/coordinator/group/classic-protocol.ts'
import {
  type DeleteGroupAnswer,
  type DeleteOffsetsAnswer,
  deleteGroup,
  deleteOffsets,
} from '../../../../broker/coordinator/group/deletion.ts'
import { GroupStateMachine } from '../../../../broker/coordinator/group/group-state-machine.ts'
import { type GroupRecord, groupRecordFormat } from '../../../../broker/coordinator/group/model/group-records.ts'
import { expire } from '../../../../broker/coordinator/group/offsets/expiry.ts'
import { commitError, commitOffsets } from '../../../../broker/coordinator/group/offsets/offset-commit.ts'
import { LoadFailed, load } from '../../../../broker/coordinator/runtime/load.ts'
import { Shard } from '../../../../broker/coordinator/runtime/shard.ts'
import { NOTHING } from '../../../../broker/coordinator/runtime/state-machine.ts'
import { type Simulation, simulate } from '../../../../host/simulated/simulation.ts'
import type { ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { seed } from '../../../host/implementations.ts'
import { MemoryPartition } from '../runtime/memory-partition.ts'
import { DEFAULT_GROUP_CONFIG, subscription, TOPIC_IDS, World } from './harness.ts'
import { TestTopics } from './topics.ts'

const GROUPS = ['a', 'b']
const INSTANCES = [null, null, null, 'one', 'two']
const PROTOCOLS = ['range', 'sticky', 'cooperative']
const CONFIG = {
  ...DEFAULT_GROUP_CONFIG,
  groupInitialRebalanceDelayMs: 500,
  groupMaxSize: 5,
  offsetsRetentionMs: 60_000,
  offsetsRetentionCheckIntervalMs: 20_000,
}

/** What a client believes. */
interface Client {
  readonly groupId: string
  readonly instance: string | null
  memberId: string
  generationId: number
  isLeader: boolean
  members: readonly string[]
  isWaiting: boolean
  isSynced: boolean
}

class Life {
  readonly simulation: Simulation
  partition = new MemoryPartition()
  shard: Shard<GroupStateMachine, GroupRecord>
  readonly clients: Client[] = []
  /** Assignments that were handed out, by group, its generation, and its life (a deleted group begins anew at 1). */
  readonly told = new Map<string, string>()
  readonly lives = new Map<string, number>()
  violations: string[] = []
  commits = 0
  syncs = 0
  reloads = 0

  constructor(seed: number) {
    this.simulation = simulate(seed)
    this.shard = this.#start()
  }

  get machine(): GroupStateMachine {
    const { machine } = this.shard
    if (machine === undefined) throw new Error('not loaded')
    return machine
  }

  get #random() {
    return this.simulation.random
  }

  #start(): Shard<GroupStateMachine, GroupRecord> {
    const { host } = this.simulation.node('broker')
    return new Shard({
      host,
      name: 'test',
      partition: this.partition,
      format: groupRecordFormat,
      createMachine: (timers) => new GroupStateMachine(host, CONFIG, new TestTopics(), timers),
      compression: () => (this.#random.below(2) === 0 ? 'none' : 'gzip'),
      commitTimeoutMs: () => 5_000,
    })
  }

  async step(): Promise<void> {
    const choice = this.#random.below(100)
    if (choice < 50) this.#proceed()
    else if (choice < 58) this.#join()
    else if (choice < 62) this.#sync()
    else if (choice < 72) this.#commit()
    else if (choice < 75) this.#leave()
    else if (choice < 76) this.#deleteGroup()
    else if (choice < 77) this.#deleteOffset()
    else if (choice < 78) this.#expire()
    else if (choice < 81) this.partition.isEager = this.#random.below(3) !== 0
    else if (choice < 88) this.partition.commit()
    else if (choice < 90) this.#lose()
    else if (choice < 91) await this.#crash()
    else await this.simulation.run(this.#random.below(5) === 0 ? this.#random.below(9_000) : this.#random.below(900))
    await this.simulation.run(1)
  }

  /** A client does what a client does next. */
  #proceed(): void {
    const client = this.#client()
    if (client === undefined || client.generationId === -1) this.#join(client)
    else if (!client.isSynced) this.#sync(client)
    else this.#heartbeat(client)
  }

  #client(): Client | undefined {
    return this.clients[this.#random.below(Math.max(1, this.clients.length))]
  }

  #join(chosen = this.#client()): void {
    let client = chosen
    if (client === undefined || this.clients.length < 4 || this.#random.below(20) === 0) {
      client = {
        groupId: GROUPS[this.#random.below(GROUPS.length)]!,
        instance: INSTANCES[this.#random.below(INSTANCES.length)]!,
        memberId: '',
        generationId: -1,
        isLeader: false,
        members: [],
        isWaiting: false,
        isSynced: false,
      }
      this.clients.push(client)
      if (this.clients.length > 8) this.clients.shift()
    }
    if (client.isWaiting) return
    const joining = client
    joining.isWaiting = true
    const version = 3 + this.#random.below(7)
    const names = PROTOCOLS.slice(this.#random.below(2))
    const request: JoinRequest = {
      groupId: client.groupId,
      sessionTimeoutMs: 6_000 + this.#random.below(3) * 2_000,
      rebalanceTimeoutMs: 3_000,
      memberId: client.memberId,
      groupInstanceId: version >= 5 ? client.instance : null,
      protocolType: 'consumer',
      protocols: names.map((name) => ({ name, metadata: subscription(this.#random.below(2) === 0 ? 'orders' : 'x') })),
      reason: null,
      clientId: 'client',
      clientHost: '/127.0.0.1',
      requiresMemberId: version >= 4,
      canSkipAssignment: version >= 9,
    }
    type Answer = ResponseInputOf<'JoinGroup'>
    this.shard
      .run<Answer>(
        (machine, reply) => joinGroup(machine, request, reply),
        (code) => joinError(code, client.memberId),
      )
      .then((answer) => {
        joining.isWaiting = false
        if (answer.errorCode === ErrorCode.UNKNOWN_MEMBER_ID || answer.errorCode === ErrorCode.FENCED_INSTANCE_ID) {
          joining.memberId = ''
        }
        if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) joining.memberId = answer.memberId
        if (answer.errorCode !== ErrorCode.NONE) return
        joining.memberId = answer.memberId
        joining.isSynced = false
        joining.generationId = answer.generationId ?? -1
        joining.isLeader = answer.leader === answer.memberId
        joining.members = answer.members.map(({ memberId }) => memberId)
      })
  }

  #sync(client = this.#client()): void {
    if (client === undefined || client.isWaiting || client.memberId === '') return
    client.isWaiting = true
    const nonce = this.#random.below(1_000_000)
    const { groupId, generationId, memberId } = client
    // The whole group under one nonce: handed out, it must come from one leader's one assignment.
    const assignments = client.isLeader
      ? client.members.map((member) => ({ memberId: member, assignment: Buffer.from(String(nonce)) }))
      : []
    const request = {
      groupId,
      generationId,
      memberId,
      groupInstanceId: null,
      protocolType: null,
      protocolName: null,
      assignments,
    }
    const life = this.lives.get(groupId) ?? 0
    this.shard
      .run<ResponseInputOf<'SyncGroup'>>(
        (machine, reply) => syncGroup(machine, request, reply),
        (errorCode) => ({ errorCode, assignment: new Uint8Array(0) }),
      )
      .then(({ errorCode, assignment }) => {
        client.isWaiting = false
        client.isSynced = errorCode === ErrorCode.NONE
        if (errorCode !== ErrorCode.NONE) client.generationId = -1
        if (errorCode !== ErrorCode.NONE || assignment.length === 0) return
        this.syncs++
        const key = `${groupId}/${life}/${generationId}`
        const text = Buffer.from(assignment).toString()
        const before = this.told.get(key)
        if (before !== undefined && before !== text) this.violations.push(`${key}: ${before}, then ${text}`)
        this.told.set(key, text)
      })
  }

  #heartbeat(client: Client): void {
    const { groupId, generationId, memberId } = client
    this.shard
      .run<number>(
        (machine, reply) => {
          reply.send(heartbeat(machine, { groupId, generationId, memberId, groupInstanceId: null }))
          return NOTHING
        },
        (errorCode) => errorCode,
      )
      .then((errorCode) => {
        if (errorCode !== ErrorCode.NONE) client.generationId = -1
        if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) client.memberId = ''
      })
  }

  #expire(): void {
    this.shard.run<null>(
      (machine, reply) => {
        reply.send(null)
        return expire(machine)
      },
      () => null,
    )
  }

  #commit(): void {
    const client = this.#client()
    const groupId = client?.groupId ?? GROUPS[0]!
    const isSimple = client === undefined || this.#random.below(3) === 0
    const partition = {
      partitionIndex: this.#random.below(3),
      committedOffset: BigInt(this.#random.below(1000)),
      committedLeaderEpoch: this.#random.below(3) - 1,
      committedMetadata: null,
    }
    const name = this.#random.below(2) === 0 ? 'orders' : 'payments'
    const request = {
      groupId,
      generationId: isSimple ? -1 : client.generationId,
      memberId: isSimple ? '' : client.memberId,
      groupInstanceId: null,
      retentionTimeMs: this.#random.below(4) === 0 ? 30_000n : -1n,
      topics: [{ name, topicId: TOPIC_IDS[name]!, partitions: [partition] }],
      apiVersion: 9,
    }
    this.shard
      .run<readonly (readonly number[])[]>(
        (machine, reply) => commitOffsets(machine, request, reply),
        (errorCode) => commitError(request.topics, errorCode),
      )
      .then(([codes]) => {
        if (codes?.[0] === ErrorCode.NONE) this.commits++
      })
  }

  #leave(): void {
    const client = this.#client()
    if (client === undefined || client.isWaiting) return
    const { memberId, groupId } = client
    const leaving = [{ memberId, groupInstanceId: memberId === '' ? client.instance : null, reason: null }]
    client.memberId = ''
    this.shard.run<ResponseInputOf<'LeaveGroup'>>(
      (machine, reply) => leaveGroup(machine, groupId, leaving, reply),
      (errorCode) => ({ errorCode }),
    )
  }

  #deleteGroup(): void {
    const groupId = GROUPS[this.#random.below(GROUPS.length)]!
    this.shard.run<DeleteGroupAnswer>(
      (machine, reply) => deleteGroup(machine, groupId, reply),
      (errorCode) => ({ errorCode, errorMessage: null }),
    )
  }

  #deleteOffset(): void {
    const groupId = GROUPS[this.#random.below(GROUPS.length)]!
    const topics = [{ name: 'payments', partitions: [{ partitionIndex: this.#random.below(3) }] }]
    this.shard.run<DeleteOffsetsAnswer>(
      (machine, reply) => deleteOffsets(machine, groupId, topics, reply),
      (errorCode) => ({ errorCode, topics: [] }),
    )
  }

  /** The disk loses what was not committed; the shard goes back to what is left. */
  #lose(): void {
    if (this.partition.committedOffset < this.partition.logEndOffset) this.reloads++
    this.partition.fail()
    this.#noteLives()
  }

  async #crash(): Promise<void> {
    this.shard.close()
    const kept = this.partition.batches.filter(({ lastOffset }) => lastOffset < this.partition.committedOffset)
    this.partition = new MemoryPartition(this.partition.leaderEpoch + 1, kept)
    this.shard = this.#start()
    this.reloads++
    await this.simulation.run(1)
  }

  /** A group that is gone from the state may come back at generation 1 with other assignments. */
  #noteLives(): void {
    const { machine } = this.shard
    if (machine === undefined) return
    for (const groupId of GROUPS) {
      if (!machine.groups.has(groupId)) this.lives.set(groupId, (this.lives.get(groupId) ?? 0) + 1)
    }
  }

  /** A machine that has read the log. */
  async replayed(): Promise<GroupStateMachine> {
    const { host } = this.simulation.node('broker')
    const machine = new GroupStateMachine(host, CONFIG, new TestTopics(), {
      schedule: () => {},
      cancel: () => {},
      post: () => {},
      leaderEpoch: 0,
    })
    const loaded = new Promise<void>((resolve, reject) => {
      load({
        host,
        partition: this.partition,
        machine,
        format: groupRecordFormat,
        onUnknown: () => reject(new Error('unknown record')),
        isCancelled: () => false,
        done: (result) => (result instanceof LoadFailed ? reject(result) : resolve()),
      })
    })
    await this.simulation.complete(loaded)
    return machine
  }

  check(replayed: GroupStateMachine): void {
    this.#noteLives()
    const live = this.machine
    const expected = offsetsOf(replayed)
    const actual = offsetsOf(live)
    if (expected !== actual) this.violations.push(`offsets\n live ${actual}\n log  ${expected}`)
    for (const groupId of new Set([...live.groups.keys(), ...replayed.groups.keys()])) {
      const [group, stored] = [classicGroup(live, groupId), classicGroup(replayed, groupId)]
      if (group === undefined || stored === undefined) {
        this.violations.push(`${groupId}: live ${group?.state}, log ${stored?.state}`)
        continue
      }
      this.#checkInvariants(group)
      // Between generations only the generation is comparable: the log's is never ahead.
      if (group.state === 'PreparingRebalance' || group.state === 'CompletingRebalance') {
        if (stored.generationId > group.generationId) this.violations.push(`${groupId}: the log is ahead`)
        continue
      }
      const [a, b] = [durable(group), durable(stored)]
      if (a !== b) this.violations.push(`${groupId}\n live ${a}\n log  ${b}`)
    }
  }

  #checkInvariants(group: ClassicGroup): void {
    const problems: string[] = []
    const members = [...group.members.values()]
    if (group.awaitingJoinCount !== members.filter(({ join }) => join !== null).length) problems.push('join count')
    if (group.leaderId !== null && !group.members.has(group.leaderId)) problems.push('leader')
    if ((group.leaderId === null) !== (members.length === 0)) problems.push('leader and members')
    for (const [instance, memberId] of group.staticMembers) {
      if (group.members.get(memberId)?.groupInstanceId !== instance) problems.push(`instance ${instance}`)
    }
    if (members.filter(({ isStatic }) => isStatic).length !== group.staticMembers.size) problems.push('static members')
    for (const memberId of group.pendingJoin) if (group.members.has(memberId)) problems.push(`pending ${memberId}`)
    for (const memberId of group.pendingSync) if (!group.members.has(memberId)) problems.push(`sync ${memberId}`)
    if (group.state !== 'PreparingRebalance' && group.awaitingJoinCount > 0) problems.push('joins parked')
    if (group.state !== 'CompletingRebalance' && members.some(({ sync }) => sync !== null))
      problems.push('syncs parked')
    if (group.state === 'Empty' && members.length > 0) problems.push('empty with members')
    for (const problem of problems) this.violations.push(`${group.groupId} ${group.state}: ${problem}`)
  }
}

function durable(group: ClassicGroup): string {
  const { state, generationId, protocolType, protocolName, leaderId, stateTimestamp } = group
  const members = [...group.members.values()].map((member) => ({
    id: member.memberId,
    instance: member.groupInstanceId,
    session: member.sessionTimeoutMs,
    rebalance: member.rebalanceTimeoutMs,
    metadata: Buffer.from(member.metadata(protocolName ?? '')).toString('hex'),
    assignment: Buffer.from(member.assignment).toString('hex'),
  }))
  members.sort((a, b) => (a.id < b.id ? -1 : 1))
  const topics = group.subscribedTopics === null ? null : [...group.subscribedTopics].sort()
  // A group without members that was made by an offset has the time of that offset.
  const since = protocolType === null ? 0 : stateTimestamp
  return JSON.stringify({ state, generationId, protocolType, protocolName, leaderId, since, members, topics })
}

function offsetsOf(machine: GroupStateMachine): string {
  const lines = GROUPS.flatMap((groupId) =>
    [...machine.offsets.of(groupId)].flatMap(([topic, partitions]) =>
      [...partitions].map(([partition, offset]) => {
        const { unknownTaggedFields: _, ...fields } = offset
        const values = Object.entries(fields)
          .sort()
          .map(([name, value]) => `${name}=${value}`)
        return `${groupId} ${topic}-${partition} ${values.join(' ')}`
      }),
    ),
  )
  return lines.sort().join('\n')
}

t.test(`replaying the log gives the live state, whatever happens (from seed ${seed})`, async (t) => {
  let [commits, syncs, reloads] = [0, 0, 0]
  for (let run = 0; run < 40; run++) {
    const life = new Life(seed * 1000 + run)
    await life.simulation.run(1)
    for (let step = 0; step < 150 && life.violations.length === 0; step++) {
      await life.step()
      if (life.shard.phase !== 'active') await life.simulation.run(1)
      life.check(await life.replayed())
    }
    const errors = life.simulation.node('broker').logger.events.filter(({ level }) => level === 'error')
    life.violations.push(...errors.map(({ message, fields }) => `${message} ${JSON.stringify(fields)}`))
    if (life.violations.length > 0) {
      t.fail(`seed ${seed * 1000 + run}: ${life.violations.join('; ')}`)
      return
    }
    commits += life.commits
    syncs += life.syncs
    reloads += life.reloads
  }
  t.ok(commits > 100 && syncs > 100 && reloads > 50, `${commits} commits, ${syncs} assignments, ${reloads} reloads`)
})

t.test(
  `acknowledged commits survive crashes of a disk that loses what was not synced (from seed ${seed})`,
  async (t) => {
    let survived = 0
    for (let run = 0; run < 25; run++) {
      const world = new World({ seed: seed * 1000 + run, partitionCount: 2 })
      const { random } = world.simulation
      const acknowledged = new Map<string, bigint>()
      const sent = new Map<string, bigint>()
      let next = 1n
      for (let round = 0; round < 6; round++) {
        await world.ready()
        const crashAfterMs = random.below(40)
        const groups = ['g0', 'g1', 'g2', 'g3']
        for (let count = 0; count < 60; count++) {
          const groupId = groups[random.below(groups.length)]!
          const offset = next++
          sent.set(groupId, offset)
          world
            .member(groupId)
            .sendCommit(offset)
            .then(({ topics }) => {
              if (topics[0]!.partitions[0]!.errorCode === ErrorCode.NONE) acknowledged.set(groupId, offset)
            })
          if (random.below(4) === 0) await world.run(random.below(3))
        }
        await world.run(crashAfterMs)
        if (random.below(3) === 0) world.kill()
        else world.crash()
        await world.ready()
        for (const groupId of groups) {
          const offset = await world.fetch(groupId)
          if (offset >= 0n) survived++
          const least = acknowledged.get(groupId) ?? -1n
          const most = sent.get(groupId) ?? -1n
          if (offset < least || offset > most) {
            t.fail(`seed ${seed * 1000 + run}: ${groupId} has ${offset}, acknowledged ${least}, sent ${most}`)
            return
          }
          if (offset >= 0n) acknowledged.set(groupId, offset)
        }
      }
    }
    t.ok(survived > 100, `${survived} commits survived`)
  },
)
