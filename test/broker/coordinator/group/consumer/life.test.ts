// Random lives of consumer groups, from a seed: SEED=n node test/broker/coordinator/group/consumer/life.test.ts
//
// Members of both protocols come, heartbeat, change their minds, go away and crash; topics grow; the broker crashes.
// At every moment no partition belongs to two members, and no client owns what the coordinator could give to another.
// In the end, when everybody heartbeats for a while, every partition is owned once.

import t from 'tap'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../../../protocol/messages/groups/consumer-protocol.ts'
import { seed } from '../../../../host/implementations.ts'
import { type Member, World } from '../harness.ts'
import { Consumer, describeConsumers } from './consumer.ts'

const GROUP = 'g'
const TOPICS = ['orders', 'payments']
const REGEXES = ['orders|payments', '.*s', 'pay.+']

class Life {
  readonly world: World
  readonly random: (below: number) => number
  readonly consumers: Consumer[] = []
  readonly classics: Classic[] = []
  #names = 0

  constructor(lifeSeed: number) {
    this.world = new World({ seed: lifeSeed, config: { groupInitialRebalanceDelayMs: 100 } })
    let state = lifeSeed
    this.random = (below) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
  }

  async step(): Promise<void> {
    const { world, random } = this
    const choice = random(100)
    if (choice < 8 && this.consumers.length < 4) this.#join()
    else if (choice < 16 && this.classics.length < 3) this.classics.push(new Classic(world, `c${this.#names++}`))
    else if (choice < 20) await this.#drop()
    else if (choice < 23) this.#consumer()?.subscribe(this.#subscription())
    else if (choice < 25) this.#grow()
    else if (choice < 26) await this.#crash()
    else if (choice < 28 && this.classics.length > 0) await this.#leaveToClassics()
    else if (choice < 32) await world.run(random(12_000))
    else if (choice < 80) await this.#beat(this.#consumer())
    else await this.#classic()?.step()
    await world.run(random(600))
  }

  #join(): void {
    const instanceId = this.random(3) === 0 ? `i${this.random(2)}` : null
    const options = { ...this.#subscription(), instanceId, rebalanceTimeoutMs: 20_000 }
    this.consumers.push(new Consumer(this.world, GROUP, `m${this.#names++}`, options))
  }

  #subscription() {
    if (this.random(4) === 0) return { topics: [], regex: REGEXES[this.random(REGEXES.length)]! }
    const topics = this.random(3) === 0 ? TOPICS : [TOPICS[this.random(2)]!]
    const assignor = this.random(5) === 0 ? 'range' : null
    return { topics, regex: this.random(8) === 0 ? REGEXES[0]! : '', assignor }
  }

  #consumer(): Consumer | undefined {
    return this.consumers[this.random(this.consumers.length)]
  }

  #classic(): Classic | undefined {
    return this.classics[this.random(this.classics.length)]
  }

  async #drop(): Promise<void> {
    const classic = this.random(3) === 0 ? this.#classic() : undefined
    if (classic !== undefined) {
      this.classics.splice(this.classics.indexOf(classic), 1)
      if (this.random(2) === 0) await classic.leave()
      return
    }
    const consumer = this.#consumer()
    if (consumer === undefined) return
    this.consumers.splice(this.consumers.indexOf(consumer), 1)
    const how = this.random(3)
    if (how === 1) await consumer.leave()
    if (how === 2 && consumer.options.instanceId) await consumer.leave(-2)
  }

  /** All that speak the newer protocol go, and the group changes kind; or another takes the place of the last one. */
  async #leaveToClassics(): Promise<void> {
    const all = this.consumers.splice(this.random(2))
    for (const consumer of all) await consumer.leave()
    const last = this.consumers[0]
    const instanceId = last?.options.instanceId
    if (last !== undefined && instanceId) {
      this.consumers.length = 0
      this.classics.push(new Classic(this.world, `c${this.#names++}`, instanceId))
    }
  }

  #grow(): void {
    const name = TOPICS[this.random(2)]!
    const { topics } = this.world
    topics.set(name, { id: topics.idOf(name)!, partitionCount: topics.partitionCount(name) + 1 })
    this.world.coordinator.onTopicsChanged([name])
  }

  async #crash(): Promise<void> {
    this.world.crash()
    await this.world.ready()
  }

  async #beat(consumer: Consumer | undefined): Promise<void> {
    if (consumer === undefined) return
    const errorCode = await consumer.heartbeat()
    if (errorCode === ErrorCode.NONE) return
    const expected: readonly number[] = [
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.FENCED_MEMBER_EPOCH,
      ErrorCode.UNRELEASED_INSTANCE_ID,
      ErrorCode.FENCED_INSTANCE_ID,
      ErrorCode.GROUP_ID_NOT_FOUND,
    ]
    if (!expected.includes(errorCode)) throw new Error(`${consumer.memberId}: error ${errorCode}`)
    if (errorCode === ErrorCode.FENCED_INSTANCE_ID) this.consumers.splice(this.consumers.indexOf(consumer), 1)
    consumer.rejoin()
  }

  /** What is wrong, if anything. */
  async fault(): Promise<string | null> {
    const { errorCode, members } = await describeConsumers(this.world, GROUP)
    if (errorCode !== ErrorCode.NONE) return null
    const owners = new Map<string, string>()
    const owned = new Map<string, Set<string>>()
    for (const { memberId, assignment } of members) {
      const partitions = new Set<string>()
      for (const { topicName, partitions: indexes } of assignment.topicPartitions) {
        for (const index of indexes) partitions.add(`${topicName}-${index}`)
      }
      owned.set(memberId, partitions)
      for (const partition of partitions) {
        const other = owners.get(partition)
        if (other !== undefined) return `${partition} belongs to ${other} and to ${memberId}`
        owners.set(partition, memberId)
      }
    }
    for (const { memberId, owned: believed, epoch } of this.consumers) {
      const known = owned.get(memberId)
      if (known === undefined || epoch <= 0) continue
      const lost = believed.find((partition) => !known.has(partition))
      if (lost !== undefined) return `${memberId} owns ${lost}, which the coordinator could give away`
    }
    return null
  }

  async calm(): Promise<void> {
    this.consumers.push(new Consumer(this.world, GROUP, 'last'))
    for (let round = 0; round < 40; round++) {
      for (const consumer of [...this.consumers]) await this.#beat(consumer)
      for (const classic of this.classics) await classic.step()
      await this.world.run(1_500)
    }
  }

  /** Partitions that are owned not once, of the topics that somebody is subscribed to. */
  async unowned(): Promise<string[]> {
    const { members, groupState } = await describeConsumers(this.world, GROUP)
    if (groupState !== 'Stable') return [`the group is ${groupState}`]
    const counts = new Map<string, number>()
    for (const { assignment } of members) {
      for (const { topicName, partitions } of assignment.topicPartitions) {
        for (const one of partitions) {
          counts.set(`${topicName}-${one}`, (counts.get(`${topicName}-${one}`) ?? 0) + 1)
        }
      }
    }
    const wanted = new Set(
      members.flatMap(({ subscribedTopicNames, subscribedTopicRegex }) => [
        ...subscribedTopicNames,
        ...TOPICS.filter((name) => subscribedTopicRegex && new RegExp(`^(?:${subscribedTopicRegex})$`).test(name)),
      ]),
    )
    const all = TOPICS.filter((name) => wanted.has(name)).flatMap((name) =>
      Array.from({ length: this.world.topics.partitionCount(name) }, (_, index) => `${name}-${index}`),
    )
    return all.filter((partition) => counts.get(partition) !== 1)
  }
}

/** A classic consumer, which assigns for real when it leads. */
class Classic {
  readonly world: World
  readonly #name: string
  readonly #instanceId: string | null
  #member: Member
  #state: 'out' | 'joined' | 'stable' = 'out'
  #join: Promise<unknown> | null = null

  constructor(world: World, name: string, instanceId: string | null = null) {
    this.world = world
    this.#name = name
    this.#instanceId = instanceId
    this.#member = this.#create()
  }

  #create(): Member {
    const body = ConsumerProtocolSubscription.encodeBytes(
      { topics: ['orders'], userData: null, ownedPartitions: [] },
      1,
    )
    const metadata = Buffer.concat([Uint8Array.of(0, 1), body])
    const protocols = [{ name: 'range', metadata }]
    return this.world.member(GROUP, {
      clientId: this.#name,
      groupInstanceId: this.#instanceId,
      protocols,
      sessionTimeoutMs: 20_000,
      rebalanceTimeoutMs: 20_000,
    })
  }

  /** Does what is next, without waiting for others. */
  async step(): Promise<void> {
    if (this.#join !== null) return
    if (this.#state === 'stable') {
      const errorCode = await this.#member.heartbeat()
      if (errorCode === ErrorCode.NONE) return
      if (errorCode !== ErrorCode.REBALANCE_IN_PROGRESS) this.#member = this.#create()
    }
    this.#state = 'out'
    this.#join = this.#enter().finally(() => {
      this.#join = null
    })
    await this.world.run(1)
  }

  async #enter(): Promise<void> {
    const member = this.#member
    const answer = await member.join()
    if (answer.errorCode !== ErrorCode.NONE) {
      this.#member = this.#create()
      return
    }
    const synced = await member.sendSync({
      assignments: member.leaderId === member.memberId ? this.#assign(answer.members) : [],
    })
    if (synced.errorCode === ErrorCode.NONE) this.#state = 'stable'
    else if (synced.errorCode !== ErrorCode.REBALANCE_IN_PROGRESS) this.#member = this.#create()
  }

  #assign(members: readonly { readonly memberId: string }[]) {
    const count = this.world.topics.partitionCount('orders')
    return members.map(({ memberId }, place) => {
      const partitions = Array.from({ length: count }, (_, index) => index).filter(
        (one) => one % members.length === place,
      )
      const body = ConsumerProtocolAssignment.encodeBytes(
        { assignedPartitions: [{ topic: 'orders', partitions }], userData: null },
        1,
      )
      return { memberId, assignment: Buffer.concat([Uint8Array.of(0, 1), body]) }
    })
  }

  async leave(): Promise<void> {
    await this.#member.leave()
  }
}

t.test(`no partition belongs to two members, whatever happens (from seed ${seed})`, { timeout: 60_000 }, async (t) => {
  for (let number = 0; number < 12; number++) {
    const life = new Life(seed + number)
    await life.world.ready()
    for (let step = 0; step < 250; step++) {
      await life.step()
      const fault = await life.fault()
      if (fault !== null) {
        t.fail(`seed ${seed + number}, step ${step}: ${fault}`)
        return
      }
    }
    await life.calm()
    t.same(await life.unowned(), [], `seed ${seed + number}: in the end every partition is owned once`)
    const before = await describeConsumers(life.world, GROUP)
    life.world.crash()
    await life.world.ready()
    t.same(await describeConsumers(life.world, GROUP), before, `seed ${seed + number}: the log says the same`)
  }
})
