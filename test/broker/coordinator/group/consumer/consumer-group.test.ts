import t from 'tap'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import { World, type WorldOptions } from '../harness.ts'
import { Consumer, describeConsumers, settle } from './consumer.ts'

async function start(options: WorldOptions = {}): Promise<World> {
  const world = new World(options)
  await world.ready()
  return world
}

const orders = (...partitions: number[]): string[] => partitions.map((one) => `orders-${one}`)

t.test('a member joins at epoch 0, gets a group epoch of 2, and everything there is', async (t) => {
  const world = await start()
  const consumer = new Consumer(world, 'g', 'a')
  const answer = await consumer.send()
  t.match(answer, { errorCode: 0, memberId: 'a', memberEpoch: 2, heartbeatIntervalMs: 5000 })
  t.same(answer.assignment?.topicPartitions, [{ topicId: world.topics.idOf('orders'), partitions: [0, 1, 2, 3] }])
  await consumer.heartbeat()
  t.match(await describeConsumers(world, 'g'), { groupState: 'Stable', groupEpoch: 2, assignmentEpoch: 2 })
})

t.test('partitions move one owner at a time: given up, then taken', async (t) => {
  const world = await start()
  const [a, b] = [new Consumer(world, 'g', 'a'), new Consumer(world, 'g', 'b')]
  await a.heartbeat()
  await world.run(1_100)
  await b.heartbeat()
  t.same(b.owned, [], 'a has everything')
  t.equal((await describeConsumers(world, 'g')).groupState, 'Reconciling')
  await a.heartbeat()
  t.same(a.owned, orders(0, 1), 'a is told to give up two')
  await b.heartbeat()
  t.same(b.owned, [], 'but has not said that it did')
  await a.heartbeat()
  await b.heartbeat()
  t.same(b.owned, orders(2, 3))
  await settle(world, [a, b], 2)
  t.match(await describeConsumers(world, 'g'), { groupState: 'Stable', assignorName: 'uniform' })
  t.equal(await a.leave(), ErrorCode.NONE)
  await settle(world, [b], 2)
  t.same(b.owned, orders(0, 1, 2, 3))
})

t.test('trap 23: epochs are fenced, but for the last one of a member that claims no more than it has', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a')
  await a.heartbeat()
  t.equal((await a.send({ memberEpoch: 3 })).errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  t.equal((await a.send({ memberEpoch: 1 })).errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  t.equal((await a.send({ memberId: 'x' })).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal((await a.send({ groupId: 'none' })).errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  t.equal((await a.send({ memberEpoch: 0, topicPartitions: [] })).memberEpoch, 2, 'it may begin anew')
  await new Consumer(world, 'g', 'b').heartbeat()
  await world.run(1_100)
  await a.heartbeat()
  const answer = await a.send({ memberEpoch: 2 })
  t.equal(answer.errorCode, 0, 'the answer with its new epoch may have been lost')
})

t.test(
  'trap 23: a static member keeps its place while it is away; its instance is released by epoch -2 alone',
  async (t) => {
    const world = await start()
    const first = new Consumer(world, 'g', 'first', { instanceId: 'one' })
    await first.heartbeat()
    const second = new Consumer(world, 'g', 'second', { instanceId: 'one' })
    t.equal(await second.heartbeat(), ErrorCode.UNRELEASED_INSTANCE_ID)
    t.equal((await second.send({ memberEpoch: 2 })).errorCode, ErrorCode.FENCED_INSTANCE_ID)
    t.equal(await first.leave(-2), ErrorCode.NONE)
    t.equal((await describeConsumers(world, 'g')).members[0]?.memberEpoch, -2)
    t.equal(await second.heartbeat(), 0)
    t.same(second.owned, orders(0, 1, 2, 3), 'at once')
    t.equal((await describeConsumers(world, 'g')).groupEpoch, 2, 'nobody else has noticed')
    t.equal(await first.heartbeat(), ErrorCode.FENCED_INSTANCE_ID)
    t.equal(await second.leave(-2), 0)
    await world.run(46_000)
    t.match(
      await describeConsumers(world, 'g'),
      { groupState: 'Empty', members: { length: 0 } },
      'its session has ended',
    )
  },
)

t.test('members that do not heartbeat, or do not give up what they must, are shut out', async (t) => {
  const world = await start()
  const [a, b] = [new Consumer(world, 'g', 'a', { rebalanceTimeoutMs: 10_000 }), new Consumer(world, 'g', 'b')]
  await a.heartbeat()
  await world.run(1_100)
  await b.heartbeat()
  await a.heartbeat()
  // From now on it heartbeats, but still has everything.
  for (let round = 0; round < 12; round++) {
    await world.run(1_000)
    if ((await a.send({ topicPartitions: null })).errorCode !== 0) break
    await b.heartbeat()
  }
  t.equal((await a.send({ topicPartitions: null })).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  await world.run(1_100)
  await settle(world, [b], 2)
  t.same(b.owned, orders(0, 1, 2, 3))
  await world.run(46_000)
  t.match(await describeConsumers(world, 'g'), { groupState: 'Empty', groupEpoch: 5 })
})

t.test('requests that cannot be right are refused with words', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a')
  const codes = async (changes: Parameters<Consumer['send']>[0]) => {
    const { errorCode, errorMessage } = await a.send(changes)
    return [errorCode, errorMessage]
  }
  t.same(await codes({ memberId: '' }), [ErrorCode.INVALID_REQUEST, "MemberId can't be empty."])
  t.same(await codes({ groupId: ' ' }), [ErrorCode.INVALID_REQUEST, "GroupId can't be empty."])
  t.same(await codes({ rebalanceTimeoutMs: -1 }), [
    ErrorCode.INVALID_REQUEST,
    'RebalanceTimeoutMs must be provided in first request.',
  ])
  t.same(await codes({ memberEpoch: -2 }), [ErrorCode.INVALID_REQUEST, "InstanceId can't be null."])
  t.same(await codes({ memberEpoch: -3 }), [ErrorCode.INVALID_REQUEST, 'MemberEpoch is invalid.'])
  t.same(await codes({ serverAssignor: 'best' }), [
    ErrorCode.UNSUPPORTED_ASSIGNOR,
    'ServerAssignor best is not supported. Supported assignors: range, uniform.',
  ])
})

t.test('a group takes as many members as group.consumer.max.size', async (t) => {
  const world = await start()
  const { get } = world.config
  world.config.get = (name) => (name === 'group.consumer.max.size' ? 1 : get(name)) as never
  const a = new Consumer(world, 'g', 'a')
  await a.heartbeat()
  t.equal(await new Consumer(world, 'g', 'b').heartbeat(), ErrorCode.GROUP_MAX_SIZE_REACHED)
  t.equal(await a.heartbeat(), 0)
})

t.test('what a group says for itself while running counts before what the server says', async (t) => {
  const world = await start()
  const own = new Map([
    ['consumer.session.timeout.ms', '50000'],
    ['consumer.heartbeat.interval.ms', '7000'],
    // Below what the server allows.
    ['consumer.assignment.interval.ms', '-1'],
  ])
  world.config.ownValues = (groupId) => (groupId === 'g' ? own : new Map())
  const a = new Consumer(world, 'g', 'a')
  t.equal((await a.send()).heartbeatIntervalMs, 7000)
  await world.run(49_000)
  t.equal((await describeConsumers(world, 'g')).members.length, 1)
  await world.run(2_000)
  t.equal((await describeConsumers(world, 'g')).members.length, 0)
})

t.test('topics that come, grow and go change targets; a member that drops a topic gives it up at once', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a', { topics: ['orders', 'later'] })
  await settle(world, [a], 2)
  t.same(a.owned, orders(0, 1, 2, 3))
  world.topics.set('later', { id: 'AAAAAAAAAAAAAAAAAAAAAw', partitionCount: 1 })
  world.coordinator.onTopicsChanged(['later'])
  await settle(world, [a], 2)
  t.same(a.owned, ['later-0', ...orders(0, 1, 2, 3)])
  world.topics.set('later', { id: 'AAAAAAAAAAAAAAAAAAAAAw', partitionCount: 2 })
  world.coordinator.onTopicsChanged(['later'])
  await settle(world, [a], 2)
  t.same(a.owned, ['later-0', 'later-1', ...orders(0, 1, 2, 3)])
  a.subscribe({ topics: ['later'] })
  await a.heartbeat()
  t.same(a.owned, ['later-0', 'later-1'])
})

t.test('a group survives a crash with its members, epochs and targets', async (t) => {
  const world = await start()
  const [a, b] = [new Consumer(world, 'g', 'a'), new Consumer(world, 'g', 'b', { assignor: 'range', instanceId: 'i' })]
  await settle(world, [a, b])
  const before = await describeConsumers(world, 'g')
  world.crash()
  await world.ready()
  t.same(await describeConsumers(world, 'g'), before)
  t.equal(await a.heartbeat(), 0)
  t.equal(await b.heartbeat(), 0)
  await world.run(46_000)
  t.equal((await describeConsumers(world, 'g')).groupState, 'Empty')
})

t.test(
  'trap 23: a regular expression matches whole names, away from the heartbeat; new topics are found',
  async (t) => {
    const world = await start()
    world.topics.set('orders-old', { id: 'AAAAAAAAAAAAAAAAAAAABQ', partitionCount: 1 })
    const a = new Consumer(world, 'g', 'a', { topics: [], regex: 'orders' })
    await a.heartbeat()
    t.same(a.owned, [], 'it is not known yet what it matches')
    await world.run(10)
    await a.heartbeat()
    t.same(a.owned, orders(0, 1, 2, 3), 'not a part of orders-old')
    a.subscribe({ regex: 'orders.*' })
    await a.heartbeat()
    t.same(a.owned, [], 'what the former one matched it gives up')
    await world.run(11_000)
    await settle(world, [a], 2)
    t.same(a.owned, [...orders(0, 1, 2, 3), 'orders-old-0'].sort())
    world.topics.set('orders-new', { id: 'AAAAAAAAAAAAAAAAAAAABg', partitionCount: 1 })
    await world.run(11_000)
    await settle(world, [a], 3)
    t.ok(a.owned.includes('orders-new-0'))
    world.crash()
    await world.ready()
    t.equal(await a.heartbeat(), 0)
    t.equal((await describeConsumers(world, 'g')).members[0]?.subscribedTopicRegex, 'orders.*')
  },
)

t.test('an expression that cannot be read is refused; one that is built to track back takes no longer', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a', { topics: [], regex: '(' })
  const refused = await a.send()
  t.equal(refused.errorCode, ErrorCode.INVALID_REGULAR_EXPRESSION)
  t.match(refused.errorMessage, /^SubscribedTopicRegex `\(` is not a valid regular expression: missing closing \)/)
  t.equal((await describeConsumers(world, 'g')).errorCode, ErrorCode.GROUP_ID_NOT_FOUND, 'nothing came of it')
  // A machine that tracks back takes 2^249 steps for it; if this test ends, ours does not.
  world.topics.set('x'.repeat(249), { id: 'AAAAAAAAAAAAAAAAAAAABw', partitionCount: 1 })
  a.subscribe({ regex: 'a?'.repeat(4000) })
  t.equal((await a.send()).errorCode, ErrorCode.INVALID_REGULAR_EXPRESSION, 'as it is too long')
  a.subscribe({ regex: '(x+x+)+y|(x|x)*z|o.*s' })
  await a.heartbeat()
  await world.run(10)
  await a.heartbeat()
  t.same(a.owned, orders(0, 1, 2, 3))
})

t.test('a static member that comes back under the id of another member takes its place too', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a', { instanceId: 'one' })
  const b = new Consumer(world, 'g', 'b')
  await settle(world, [a, b], 4)
  t.equal((await a.send({ memberEpoch: -2 })).errorCode, ErrorCode.NONE)
  const both = new Consumer(world, 'g', 'b', { instanceId: 'one' })
  await settle(world, [both], 6)
  t.match(await describeConsumers(world, 'g'), {
    groupState: 'Stable',
    members: [{ memberId: 'b', instanceId: 'one' }],
  })
  t.same(both.owned, orders(0, 1, 2, 3), 'nothing is left with nobody')
})

t.test('a clock that is set back holds up neither targets nor expressions', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a')
  await settle(world, [a], 2)
  const c = new Consumer(world, 'h', 'c', { topics: [], regex: 'orders' })
  await settle(world, [c], 2)
  world.node.clockSkewMs -= 3_600_000
  const b = new Consumer(world, 'g', 'b')
  await settle(world, [a, b], 4)
  t.same([...a.owned, ...b.owned].sort(), orders(0, 1, 2, 3))
  t.equal(b.owned.length, 2)
  c.subscribe({ regex: 'pay.*' })
  await settle(world, [c], 3)
  t.same(c.owned, ['payments-0', 'payments-1', 'payments-2', 'payments-3'])
})

t.test('10,000 members leave at once: one epoch each, and a group of one is left', { timeout: 60_000 }, async (t) => {
  const world = await start()
  const { get } = world.config
  // Targets for all at every join are not what this is about.
  world.config.get = (name) => (name === 'group.consumer.assignment.interval.ms' ? 15_000 : get(name)) as never
  const members = Array.from({ length: 10_000 }, (_, index) => new Consumer(world, 'g', `m${index}`))
  const joins = members.map((member) => member.post())
  await world.complete(Promise.all(joins))
  t.equal((await describeConsumers(world, 'g')).members.length, 10_000)
  const left = await world.complete(Promise.all(members.slice(1).map((member) => member.post({ memberEpoch: -1 }))))
  t.ok(left.every(({ errorCode }) => errorCode === 0))
  await world.run(16_000)
  await settle(world, [members[0]!], 2)
  const described = await describeConsumers(world, 'g')
  t.match(described, { groupState: 'Stable', groupEpoch: 20_000 })
  t.same(members[0]!.owned, orders(0, 1, 2, 3))
})

t.test('blanks in the ids of groups and members mix up nobody: each session ends by itself', async (t) => {
  const world = await start()
  // Both groups are in the same partition.
  const silent = new Consumer(world, 'a', 'X c')
  const alive = new Consumer(world, 'a X', 'c')
  t.equal(await silent.heartbeat(), ErrorCode.NONE)
  for (let second = 0; second < 60; second += 5) {
    t.equal(await alive.heartbeat(), ErrorCode.NONE)
    await world.run(5000)
  }
  const membersOf = async (groupId: string) =>
    (await describeConsumers(world, groupId)).members.map(({ memberId }) => memberId)
  t.same(await membersOf('a'), [])
  t.same(await membersOf('a X'), ['c'])
})

t.test('10,000 sessions that end at once empty the group', { timeout: 60_000 }, async (t) => {
  const world = await start()
  const { get } = world.config
  world.config.get = (name) => (name === 'group.consumer.assignment.interval.ms' ? 15_000 : get(name)) as never
  const members = Array.from({ length: 10_000 }, (_, index) => new Consumer(world, 'g', `m${index}`))
  await world.complete(Promise.all(members.map((member) => member.post())))
  await world.run(46_000)
  t.match(await describeConsumers(world, 'g'), { groupState: 'Empty', members: { length: 0 } })
})

t.test('a member whose metadata takes 1 MiB is refused, and the group goes on', async (t) => {
  const world = await start()
  const a = new Consumer(world, 'g', 'a')
  await settle(world, [a], 2)
  const topics = Array.from({ length: 40_000 }, (_, index) => `a-name-of-a-topic-that-takes-room-${index}`)
  const large = new Consumer(world, 'g', 'large', { topics })
  t.equal(await large.heartbeat(), ErrorCode.UNKNOWN_SERVER_ERROR)
  const back = new Consumer(world, 'g', 'a-static', { topics, instanceId: 'one' })
  t.equal(await back.heartbeat(), ErrorCode.UNKNOWN_SERVER_ERROR)
  t.equal(await a.heartbeat(), ErrorCode.NONE)
  t.match(await describeConsumers(world, 'g'), { groupState: 'Stable', groupEpoch: 2, members: [{ memberId: 'a' }] })
})
