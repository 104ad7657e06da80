// Groups as large, and as many requests at once, as somebody may send: a crowd that leaves, offsets beyond the size of
// a batch, metadata of 1 MiB. Those of consumer groups are in consumers.test.ts.

import t from 'tap'
import type { RequestOf, ResponseInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { context, form, Member, TOPIC_IDS, World } from './harness.ts'

async function start(): Promise<World> {
  const world = new World({ config: { groupInitialRebalanceDelayMs: 100 } })
  await world.ready()
  return world
}

async function crowd(world: World, size: number): Promise<Member[]> {
  const members = Array.from({ length: size }, () => new Member(world, 'g', {}))
  const joins = await world.complete(Promise.all(members.map((member) => member.join())))
  if (joins.some(({ errorCode }) => errorCode !== ErrorCode.NONE)) throw new Error('not all have joined')
  return members
}

function leave(world: World, members: readonly Member[]): Promise<ResponseInputOf<'LeaveGroup'>> {
  const leaving: RequestOf<'LeaveGroup'>['members'] = members.map(({ memberId }) => {
    return { memberId, groupInstanceId: null, reason: null }
  })
  return world.coordinator.leaveGroup(context(5), { groupId: 'g', memberId: '', members: leaving })
}

t.test('10,000 classic members leave at once, by one request', { timeout: 60_000 }, async (t) => {
  const world = await start()
  const members = await crowd(world, 10_000)
  const answer = await world.complete(leave(world, members))
  t.equal(answer.errorCode, ErrorCode.NONE)
  t.ok(answer.members?.every(({ errorCode }) => errorCode === ErrorCode.NONE))
  t.match(await world.describe('g'), { groupState: 'Empty', members: { length: 0 } })
})

t.test('4,000 members of a stable classic group leave at once, by a request each', { timeout: 60_000 }, async (t) => {
  const world = await start()
  const members = await crowd(world, 4000)
  const synced = await world.complete(Promise.all(members.map((member) => member.sendSync())))
  t.ok(synced.every(({ errorCode }) => errorCode === ErrorCode.NONE))
  t.equal(await world.stateOf('g'), 'Stable')
  const answers = await world.complete(Promise.all(members.map((member) => leave(world, [member]))))
  t.ok(answers.every((answer) => answer.members?.[0]?.errorCode === ErrorCode.NONE))
  t.match(await world.describe('g'), { groupState: 'Empty', members: { length: 0 } })
  world.crash()
  await world.ready()
  t.match(await world.describe('g'), { groupState: 'Empty', members: { length: 0 } })
})

t.test('10,000 sessions of classic members end at once: the group is empty', { timeout: 60_000 }, async (t) => {
  const world = await start()
  await crowd(world, 10_000)
  await world.run(60_000)
  t.match(await world.describe('g'), { groupState: 'Empty', members: { length: 0 } })
  await form(world, world.member('g'))
  t.equal(await world.stateOf('g'), 'Stable')
})

t.test('a classic member whose metadata takes 1 MiB joins in vain, and the group goes on without it', async (t) => {
  const world = await start()
  const a = world.member('g')
  await form(world, a)
  const metadata = Buffer.alloc(1 << 20)
  const large = world.member('g', { protocols: [{ name: 'range', metadata }] })
  const joins = Promise.all([large.join(), a.join()])
  await world.complete(joins)
  const syncs = await world.complete(Promise.all([large.sendSync(), a.sendSync()]))
  t.same(
    syncs.map(({ errorCode }) => errorCode),
    [ErrorCode.UNKNOWN_SERVER_ERROR, ErrorCode.UNKNOWN_SERVER_ERROR],
    'their assignment is not in the log',
  )
  const again = world.complete(a.join())
  await world.complete(leave(world, [large]))
  t.equal((await again).errorCode, ErrorCode.NONE)
  t.equal((await world.complete(a.sendSync())).errorCode, ErrorCode.NONE)
  t.match(await world.describe('g'), { groupState: 'Stable', members: [{ memberId: a.memberId }] })
})

t.test('a group with more offsets than a batch takes tombstones of is deleted all the same', async (t) => {
  const world = await start()
  const groupId = 'g'.repeat(150)
  const count = 10_000
  world.topics.set('orders', { id: TOPIC_IDS.orders!, partitionCount: count })
  for (let first = 0; first < count; first += 2500) {
    const partitions = Array.from({ length: 2500 }, (_, index) => ({
      partitionIndex: first + index,
      committedOffset: 1n,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    }))
    const answer = await world.complete(
      world.coordinator.commitOffsets(context(9), {
        ...{ groupId, generationIdOrMemberEpoch: -1, memberId: '', groupInstanceId: null, retentionTimeMs: -1n },
        topics: [{ name: 'orders', topicId: TOPIC_IDS.orders!, partitions }],
      }),
    )
    t.ok(answer.topics[0]!.partitions.every(({ errorCode }) => errorCode === ErrorCode.NONE))
  }
  const { results } = await world.complete(world.coordinator.deleteGroups({ groupsNames: [groupId] }))
  t.match(results, [{ groupId, errorCode: ErrorCode.NONE }])
  t.equal(await world.fetch(groupId, 'orders', count - 1), -1n)
  world.crash()
  await world.ready()
  t.equal(await world.stateOf(groupId), 'Dead')
})

t.test('ids that are asked for and never used are bounded, and forgotten', { timeout: 60_000 }, async (t) => {
  const world = await start()
  const asked = await world.complete(Promise.all(Array.from({ length: 10_001 }, () => world.member('g').sendJoin())))
  const codes = asked.map(({ errorCode }) => errorCode)
  t.equal(codes.filter((code) => code === ErrorCode.MEMBER_ID_REQUIRED).length, 10_000)
  t.equal(codes.at(-1), ErrorCode.GROUP_MAX_SIZE_REACHED)
  await world.run(11_000)
  await form(world, world.member('g'))
  t.equal(await world.stateOf('g'), 'Stable')
})

t.test('static members that wait for nobody, and do not come back, keep nobody busy until they are gone', async (t) => {
  const world = await start()
  const away = world.member('g', { groupInstanceId: 'one', rebalanceTimeoutMs: 0, sessionTimeoutMs: 10_000 })
  await form(world, away)
  const other = world.member('g', { rebalanceTimeoutMs: 0 })
  other.memberId = (await world.complete(other.sendJoin())).memberId
  const joining = other.sendJoin()
  await world.complete(leave(world, [other]))
  t.equal((await joining).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  // With a timer of 0 ms that arms itself again, virtual time stands still.
  await world.run(5000)
  t.match(await world.describe('g'), { groupState: 'PreparingRebalance', members: [{ groupInstanceId: 'one' }] })
  await world.run(10_000)
  t.match(await world.describe('g'), { groupState: 'Empty', members: { length: 0 } })
})

t.test('a zombie member: fenced by generation, id and instance, whatever it asks for', async (t) => {
  const world = await start()
  const zombie = world.member('g', { groupInstanceId: 'one' })
  await form(world, zombie)
  const next = world.member('g', { groupInstanceId: 'one' })
  await form(world, next)
  t.equal(await zombie.heartbeat(), ErrorCode.FENCED_INSTANCE_ID)
  t.equal((await world.complete(zombie.sendSync())).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  t.equal((await world.complete(zombie.sendJoin())).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  const { topics } = await world.complete(zombie.sendCommit(9n))
  t.equal(topics[0]!.partitions[0]!.errorCode, ErrorCode.FENCED_INSTANCE_ID)
  const late = { groupInstanceId: null, memberId: zombie.memberId }
  t.equal(await zombie.heartbeat(late), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await next.heartbeat({ generationId: next.generationId - 1 }), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await next.heartbeat({ generationId: next.generationId + 1 }), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await next.heartbeat(), ErrorCode.NONE)
  t.equal(await world.fetch('g'), -1n, 'nothing of the zombie has been committed')
})
