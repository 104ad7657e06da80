// Groups that change kind while they are in use, and members of both protocols side by side.

import t from 'tap'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import {
  ConsumerProtocolAssignment,
  ConsumerProtocolSubscription,
} from '../../../../protocol/messages/groups/consumer-protocol.ts'
import { Consumer, describeConsumers, settle } from './consumer/consumer.ts'
import { type Member, World } from './harness.ts'

const VERSION = Uint8Array.of(0, 1)

function subscription(...topics: string[]): Uint8Array {
  const body = ConsumerProtocolSubscription.encodeBytes({ topics, userData: null, ownedPartitions: [] }, 1)
  return Buffer.concat([VERSION, body])
}

function assignment(partitions: readonly number[], userData: Uint8Array | null = null): Uint8Array {
  const assigned = [{ topic: 'orders', partitions: [...partitions] }]
  return Buffer.concat([VERSION, ConsumerProtocolAssignment.encodeBytes({ assignedPartitions: assigned, userData }, 1)])
}

function partitionsOf(bytes: Uint8Array): readonly number[] {
  return ConsumerProtocolAssignment.decode(bytes.subarray(2), 1).assignedPartitions[0]?.partitions ?? []
}

async function start(policy = 'bidirectional'): Promise<World> {
  const world = new World()
  const { get } = world.config
  world.config.get = (name) => (name === 'group.consumer.migration.policy' ? policy : get(name)) as never
  await world.ready()
  return world
}

function classic(world: World, groupInstanceId: string | null = null): Member {
  const protocols = [{ name: 'range', metadata: subscription('orders') }]
  return world.member('g', { protocols, groupInstanceId, sessionTimeoutMs: 45_000 })
}

/** A classic group of one that has all. */
async function classicGroup(world: World, userData: Uint8Array | null = null): Promise<Member> {
  const member = classic(world)
  await world.complete(member.join())
  const assignments = [{ memberId: member.memberId, assignment: assignment([0, 1, 2, 3], userData) }]
  await world.complete(member.sendSync({ assignments }))
  return member
}

/** Joins again and fetches its assignment. */
async function again(world: World, member: Member): Promise<readonly number[]> {
  await world.complete(member.join())
  const { errorCode, assignment: bytes } = await world.complete(member.sendSync())
  t.equal(errorCode, ErrorCode.NONE)
  return partitionsOf(bytes)
}

t.test('a classic group becomes a consumer group when a member of the newer protocol comes', async (t) => {
  const world = await start()
  const old = await classicGroup(world)
  await old.commit(5n)
  const young = new Consumer(world, 'g', 'young')
  t.equal(await young.heartbeat(), 0)
  t.equal(young.epoch, 2, 'generations go on as epochs')
  t.same(young.owned, [], 'the other has everything')
  t.equal(await old.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  owns(old, [0, 1, 2, 3])
  t.same(await again(world, old), [0, 1], 'it is told to give two up')
  t.equal(await old.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS, 'until it says that it has')
  owns(old, [0, 1])
  t.same(await again(world, old), [0, 1])
  t.equal(await old.heartbeat(), ErrorCode.NONE)
  await settle(world, [young], 2)
  t.same(young.owned, ['orders-2', 'orders-3'])
  const { members } = await describeConsumers(world, 'g')
  t.same(members.map(({ memberType }) => memberType).sort(), [0, 1])
  t.equal(await world.fetch('g'), 5n, 'offsets stay')
  t.equal(await old.commit(6n), ErrorCode.NONE)
})

/** What it says of itself when it joins. */
function owns(member: Member, partitions: number[]): void {
  const ownedPartitions = [{ topic: 'orders', partitions }]
  const said = { topics: ['orders'], userData: null, ownedPartitions }
  const metadata = Buffer.concat([VERSION, ConsumerProtocolSubscription.encodeBytes(said, 1)])
  member.options = { ...member.options, protocols: [{ name: 'range', metadata }] }
}

t.test('a consumer group becomes a classic one when the last member of the newer protocol goes', async (t) => {
  const world = await start()
  const young = new Consumer(world, 'g', 'young')
  await settle(world, [young], 2)
  const old = classic(world)
  await again(world, old)
  await world.run(1_100)
  t.equal(await young.leave(), 0)
  t.match(await world.describe('g'), { errorCode: 0, groupState: 'PreparingRebalance', protocolType: 'consumer' })
  t.equal(await old.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  const joined = await world.complete(old.join())
  t.equal(joined.leader, old.memberId, 'it leads, and assigns')
  world.crash()
  await world.ready()
  t.equal((await world.describe('g')).errorCode, 0, 'a classic group in the log, too')
})

t.test('a static member may change protocol, and with it the group, without a rebalance', async (t) => {
  const world = await start()
  const young = new Consumer(world, 'g', 'young', { instanceId: 'one' })
  await settle(world, [young], 2)
  const old = classic(world, 'one')
  await world.complete(old.join())
  t.match(await world.describe('g'), { groupState: 'Stable', protocolType: 'consumer' })
  const { assignment: bytes } = await world.complete(old.sendSync({ generationId: 2 }))
  t.same(partitionsOf(bytes), [0, 1, 2, 3])
  const back = new Consumer(world, 'g', 'back', { instanceId: 'one' })
  await settle(world, [back], 2)
  t.same(back.owned.length, 4)
  t.equal((await describeConsumers(world, 'g')).members.length, 1)
})

t.test('who waits for an answer when the group changes kind is told to join again', async (t) => {
  const world = await start()
  await classicGroup(world)
  const waiting = classic(world)
  const joining = waiting.join()
  await world.run(10)
  await new Consumer(world, 'g', 'young').heartbeat()
  t.equal((await world.complete(joining)).errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
})

t.test('an assignor that keeps data of its own in assignments keeps its group classic', async (t) => {
  const world = await start()
  const old = await classicGroup(world, Uint8Array.of(1))
  const answer = await new Consumer(world, 'g', 'young').send()
  t.equal(answer.errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  t.match(answer.errorMessage, /unsupported custom assignor/)
  t.equal(await old.heartbeat(), ErrorCode.NONE)
})

t.test('group.consumer.migration.policy', async (t) => {
  for (const policy of ['disabled', 'DOWNGRADE']) {
    const world = await start(policy)
    const old = await classicGroup(world)
    t.equal((await new Consumer(world, 'g', 'young').send()).errorCode, ErrorCode.GROUP_ID_NOT_FOUND, policy)
    t.equal(await old.heartbeat(), ErrorCode.NONE)
  }
  const none = await start('disabled')
  await new Consumer(none, 'g', 'young').heartbeat()
  const refused = await none.complete(classic(none).sendJoin())
  t.equal(refused.errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  const up = await start('upgrade')
  const young = new Consumer(up, 'g', 'young')
  await settle(up, [young], 2)
  await again(up, classic(up))
  await young.leave()
  t.equal((await describeConsumers(up, 'g')).groupState, 'Assigning', 'a consumer group of classic members')
})

for (const topics of [['orders'], ['orders', 'payments']]) {
  t.test(`a leader that assigned what there is not, or twice, does no harm (${topics.join()})`, async (t) => {
    const world = await start()
    const [a, b] = [classic(world), classic(world)]
    await world.complete(Promise.all([a.join(), b.join()]))
    const leader = a.leaderId === a.memberId ? a : b
    const assignments = [
      { memberId: a.memberId, assignment: assignment([0, 1, 2, 7, 2 ** 31 - 1]) },
      { memberId: b.memberId, assignment: assignment([1, 2, 3, -1]) },
    ]
    const follower = world.complete((leader === a ? b : a).sendSync())
    await world.complete(leader.sendSync({ assignments }))
    await follower
    const young = new Consumer(world, 'g', 'young', { topics })
    for (let round = 0; round < 6; round++) {
      t.equal(await young.heartbeat(), 0)
      for (const old of [a, b]) if ((await old.heartbeat()) !== ErrorCode.NONE) await again(world, old)
      await world.run(1100)
    }
    const { members, groupState } = await describeConsumers(world, 'g')
    t.equal(groupState, 'Stable')
    const owned = members.flatMap(({ assignment: { topicPartitions } }) =>
      topicPartitions.flatMap(({ topicName, partitions }) => partitions.map((one) => `${topicName}-${one}`)),
    )
    const expected = topics.flatMap((topic) => [0, 1, 2, 3].map((one) => `${topic}-${one}`))
    t.same(owned.sort(), expected)
  })
}
