// Groups as large, and as many requests at once, as somebody may send: a crowd that leaves, offsets beyond the size of
// a batch, metadata of 1 MiB. Those of consumer groups are in consumer/consumer-group.test.ts.

import t from 'tap'
import type { RequestOf, ResponseInputOf } from '../../../../protocol/apis.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { viewOf } from '../../../../protocol/records/batch.ts'
import { BatchCursor } from '../../../../protocol/records/cursor.ts'
import { Consumer, describeConsumers, settle } from './consumer/consumer.ts'
import { context, form, Member, TOPIC_IDS, World, writeLog } from './harness.ts'

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

interface CrowdOptions {
  readonly size: number
  /** How many of them are members of the classic protocol. */
  readonly classicCount?: number
  /** Of their ids; their tombstones take three times as much. */
  readonly idSize?: number
}

/** A consumer group; the ids of members of the classic protocol come first. */
async function consumerCrowd(world: World, { size, classicCount = 0, idSize = 36 }: CrowdOptions): Promise<string[]> {
  const { get } = world.config
  // A target for all at every join is not what this is about.
  world.config.get = (name) => (name === 'group.consumer.assignment.interval.ms' ? 15_000 : get(name)) as never
  const ids = Array.from({ length: size - classicCount }, (_, index) => `${index}`.padStart(idSize, '-'))
  const consumers = ids.map((id) => new Consumer(world, 'g', id))
  await world.complete(Promise.all(consumers.map((one) => one.post())))
  const classic = classicCount === 0 ? [] : await crowd(world, classicCount)
  return [...classic, ...consumers].map(({ memberId }) => memberId)
}

function leaveByIds(world: World, memberIds: readonly string[]): Promise<ResponseInputOf<'LeaveGroup'>> {
  return world.complete(world.coordinator.leaveGroup(context(5), leaveRequest(memberIds)))
}

function leaveRequest(memberIds: readonly string[]): RequestOf<'LeaveGroup'> {
  const members = memberIds.map((memberId) => ({ memberId, groupInstanceId: null, reason: null }))
  return { groupId: 'g', memberId: '', members }
}

const allLeft = ({ errorCode, members }: ResponseInputOf<'LeaveGroup'>) =>
  errorCode === ErrorCode.NONE && members?.every((member) => member.errorCode === ErrorCode.NONE)

const idsOf = async (world: World) => (await describeConsumers(world, 'g')).members.map(({ memberId }) => memberId)

t.test('10,000 members of a consumer group leave at once, by one request', { timeout: 60_000 }, async (t) => {
  const world = await start()
  const ids = await consumerCrowd(world, { size: 10_000 })
  const before = world.log.logEndOffset
  t.ok(allLeft(await leaveByIds(world, ids.slice(3))))
  t.equal(world.log.logEndOffset, before + 1 + 9997 * 3)
  t.same(await idsOf(world), ids.slice(0, 3))
  world.crash()
  await world.ready()
  t.same(await idsOf(world), ids.slice(0, 3))
  t.ok(allLeft(await leaveByIds(world, ids.slice(0, 3))))
  t.same(await idsOf(world), [])
  t.match(await describeConsumers(world, 'g'), { groupState: 'Empty', groupEpoch: 10_003 })
})

t.test('a target that takes more than a batch of the log is given out all the same', async (t) => {
  const world = await start()
  const size = 1200
  world.topics.set('orders', { id: TOPIC_IDS.orders!, partitionCount: size })
  const ids = await consumerCrowd(world, { size, idSize: 1000 })
  await world.run(16_000)
  const before = world.log.logEndOffset
  const last = new Consumer(world, 'g', ids.at(-1)!)
  t.equal(await last.heartbeat(), ErrorCode.NONE)
  t.ok(world.log.logEndOffset > before + size)
  t.equal((await targetsOf(world)).size, size, 'a partition each')
  const log = world.readLog()
  const ends = [...batchEnds(log)]
  // Of the target the first batch reached the disk, and not the second, nor anything later.
  const after = new World({ prepare: (node) => writeLog(node, log.subarray(0, ends.at(-2))) })
  after.topics.set('orders', { id: TOPIC_IDS.orders!, partitionCount: size })
  await after.ready()
  t.match(await describeConsumers(after, 'g'), { groupState: 'Assigning', groupEpoch: size + 1 })
  await after.run(2000)
  t.equal(await new Consumer(after, 'g', ids[7]!).heartbeat(), ErrorCode.NONE)
  t.equal((await targetsOf(after)).size, size)
})

/** Every partition that is in somebody's target; one that is in two is a failure. */
async function targetsOf(world: World): Promise<Set<string>> {
  const { members } = await describeConsumers(world, 'g')
  const targets = members.flatMap(({ targetAssignment }) =>
    targetAssignment.topicPartitions.flatMap(({ topicId, partitions }) => partitions.map((one) => `${topicId} ${one}`)),
  )
  t.equal(new Set(targets).size, targets.length)
  return new Set(targets)
}

t.test('members of both protocols whose tombstones take more than a batch leave at once', async (t) => {
  const world = await start()
  const ids = await consumerCrowd(world, { size: 1000, classicCount: 20, idSize: 500 })
  t.ok(allLeft(await leaveByIds(world, ids)))
  t.same(await idsOf(world), [])
})

t.test('when they leave but for a few of the classic protocol, the group becomes classic', async (t) => {
  const world = await start()
  const ids = await consumerCrowd(world, { size: 1000, classicCount: 20, idSize: 500 })
  t.ok(allLeft(await leaveByIds(world, ids.slice(15))))
  await world.run(1)
  const described = await world.describe('g')
  t.equal(described.groupState, 'PreparingRebalance')
  t.same(described.members.map(({ memberId }) => memberId).sort(), ids.slice(0, 15).sort())
})

t.test('a group that is too large to become classic lets the last member of the newer protocol go', async (t) => {
  const world = await start()
  const ids = await consumerCrowd(world, { size: 8001, classicCount: 8000 })
  t.ok(allLeft(await leaveByIds(world, ids.slice(-1))))
  await world.run(1)
  t.equal((await idsOf(world)).length, 8000, 'it is served as it is')
})

t.test('a crash in the midst of a crowd that leaves: who is left gets everything', async (t) => {
  const world = await start()
  const ids = await consumerCrowd(world, { size: 1000, idSize: 500 })
  t.ok(allLeft(await leaveByIds(world, ids.slice(1))))
  const log = world.readLog()
  const ends = [...batchEnds(log)]
  // As the log is when the last batch, of two, did not reach the disk.
  const cut = log.subarray(0, ends.at(-2))
  const after = new World({ prepare: (node) => writeLog(node, cut) })
  await after.ready()
  const left = await idsOf(after)
  t.ok(left.length > 1 && left.length < 900, `${left.length}`)
  const all = await describeConsumers(after, 'g')
  t.ok(all.members.every(({ memberEpoch }) => memberEpoch > 0))
  const [first, ...others] = left
  t.ok(allLeft(await leaveByIds(after, others)))
  const stayed = new Consumer(after, 'g', first!)
  stayed.epoch = 0
  await after.run(2000)
  await settle(after, [stayed], 3)
  t.equal(stayed.owned.length, 4)
})

function* batchEnds(log: Uint8Array): Generator<number> {
  const cursor = new BatchCursor()
  cursor.reset(log, viewOf(log), 0, log.length)
  while (cursor.next()) yield cursor.position + cursor.size
}

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
