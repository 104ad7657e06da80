import t from 'tap'
import type { GroupConfig } from '../../../../../broker/coordinator/group/model/group-config.ts'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import { World, type WorldOptions } from '../harness.ts'
import {
  describeStreams,
  internalTopic,
  named,
  STATELESS,
  StreamThread,
  settle,
  subtopology,
  type ThreadOptions,
} from './stream-thread.ts'

async function start(options: WorldOptions = {}): Promise<World> {
  const world = new World(options)
  await world.ready()
  return world
}

const own = (values: Record<string, string>): Partial<GroupConfig> => ({
  ownValues: () => new Map(Object.entries(values)),
})
const AT_ONCE = own({ 'streams.initial.rebalance.delay.ms': '0' })
const ALL = ['0-0', '0-1', '0-2', '0-3']

const STATEFUL = {
  epoch: 0,
  subtopologies: [
    subtopology('0', { sourceTopics: ['orders'], repartitionSinkTopics: ['app-by-user-repartition'] }),
    subtopology('1', {
      repartitionSourceTopics: [internalTopic('app-by-user-repartition')],
      stateChangelogTopics: [internalTopic('app-store-changelog')],
    }),
  ],
}

function createInternal(world: World): void {
  world.topics.set('app-by-user-repartition', { id: 'AAAAAAAAAAAAAAAAAAAACQ', partitionCount: 4 })
  world.topics.set('app-store-changelog', { id: 'AAAAAAAAAAAAAAAAAAAACg', partitionCount: 4 })
}

t.test('the first member waits for others, then gets every task', async (t) => {
  const world = await start()
  const a = new StreamThread(world, 'app', 'a')
  t.equal(await a.heartbeat(), 0)
  t.match(a.last, {
    memberEpoch: 1,
    heartbeatIntervalMs: 5000,
    taskOffsetIntervalMs: 60_000,
    acceptableRecoveryLag: 10_000n,
  })
  t.same(a.statuses, [[5, 'Assignment delayed due to the configured initial rebalance delay.']])
  t.match(await describeStreams(world, 'app'), { groupState: 'Assigning', groupEpoch: 2, assignmentEpoch: 1 })
  await world.run(3_100)
  await a.heartbeat()
  t.same([a.epoch, a.tasks, a.statuses], [2, ALL, []])
  t.match(await describeStreams(world, 'app'), {
    groupState: 'Stable',
    assignmentEpoch: 2,
    assignorName: 'sticky',
    topologyDescriptionStatus: 1,
    topology: { epoch: 0, subtopologies: [{ subtopologyId: '0', sourceTopics: ['orders'] }] },
  })
})

t.test('tasks move one owner at a time: given up, then taken; and back when a member leaves', async (t) => {
  const world = await start({ config: AT_ONCE })
  const [a, b] = [new StreamThread(world, 'app', 'a'), new StreamThread(world, 'app', 'b')]
  await a.heartbeat()
  t.same([a.epoch, a.tasks], [2, ALL])
  await world.run(1_100)
  await b.heartbeat()
  t.same(b.tasks, [], 'a has everything')
  t.equal((await describeStreams(world, 'app')).groupState, 'Reconciling')
  await a.heartbeat()
  t.equal(a.tasks.length, 2, 'a is told to give up two')
  await b.heartbeat()
  t.same(b.tasks, [], 'but has not said that it did')
  await a.heartbeat()
  await b.heartbeat()
  t.same([...a.tasks, ...b.tasks].sort(), ALL)
  const kept = a.tasks
  t.equal(await b.leave(), 0)
  await settle(world, [a], 2)
  t.same(a.tasks, ALL)
  t.ok(kept.every((task) => a.tasks.includes(task)))
})

t.test('a member that joins within the interval between targets is told that it must wait', async (t) => {
  const world = await start({ config: AT_ONCE })
  const [a, b] = [new StreamThread(world, 'app', 'a'), new StreamThread(world, 'app', 'b')]
  await a.heartbeat()
  await b.heartbeat()
  t.same(b.statuses, [[5, 'Assignment delayed due to the configured assignment interval.']])
  t.equal((await describeStreams(world, 'app')).groupState, 'Assigning')
  await world.run(1_100)
  await settle(world, [a, b], 2)
  t.same([...a.tasks, ...b.tasks].sort(), ALL)
})

t.test('nobody gets tasks while source or internal topics are missing, and all are told what is', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a', { topology: STATEFUL })
  world.topics.delete('orders')
  await a.heartbeat()
  t.same(a.statuses, [[1, 'Source topics orders are missing.']])
  t.match(await describeStreams(world, 'app'), { groupState: 'NotReady', groupEpoch: 2 })
  world.topics.set('orders', { id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionCount: 4 })
  await world.run(1_100)
  await a.heartbeat()
  t.same(a.statuses, [[3, 'Internal topics are missing: app-by-user-repartition, app-store-changelog']])
  createInternal(world)
  world.topics.set('app-store-changelog', { id: 'AAAAAAAAAAAAAAAAAAAACg', partitionCount: 3 })
  await world.run(1_100)
  await a.heartbeat()
  const wrong = 'Existing topic app-store-changelog has different number of partitions: expected 4, found 3'
  t.same(a.statuses, [[2, wrong]])
  createInternal(world)
  await world.run(1_100)
  await a.heartbeat()
  t.same(a.statuses, [])
  t.same(a.tasks, [...ALL, '1-0', '1-1', '1-2', '1-3'])
  const { topology } = await describeStreams(world, 'app')
  t.match(topology?.subtopologies?.[1], { stateChangelogTopics: [{ name: 'app-store-changelog', partitions: 4 }] })
})

t.test('copartitioned topics must agree, and loops cannot be resolved', async (t) => {
  const world = await start({ config: AT_ONCE })
  world.topics.set('payments', { id: 'AAAAAAAAAAAAAAAAAAAAAg', partitionCount: 3 })
  const group = { sourceTopics: [0, 1], sourceTopicRegex: [], repartitionSourceTopics: [] }
  const joined = subtopology('0', { sourceTopics: ['orders', 'payments'], copartitionGroups: [group] })
  const a = new StreamThread(world, 'join', 'a', { topology: { epoch: 0, subtopologies: [joined] } })
  await a.heartbeat()
  t.same(a.statuses, [[2, 'Following topics do not have the same number of partitions: [{orders=4, payments=3}]']])
  const loop = subtopology('0', {
    repartitionSourceTopics: [internalTopic('again')],
    repartitionSinkTopics: ['again'],
  })
  const b = new StreamThread(world, 'loop', 'b', { topology: { epoch: 0, subtopologies: [loop] } })
  t.equal(await b.heartbeat(), ErrorCode.STREAMS_INVALID_TOPOLOGY)
  t.match(b.last?.errorMessage, /There may be loops in the topology/)
})

t.test(
  'standby tasks go to another process, take over when the active one goes, and come with the config',
  async (t) => {
    const values: Record<string, string> = { 'streams.initial.rebalance.delay.ms': '0' }
    const world = await start({ config: { ownValues: () => new Map(Object.entries(values)) } })
    createInternal(world)
    const options: ThreadOptions = { topology: STATEFUL }
    const [a, b] = [new StreamThread(world, 'app', 'a', options), new StreamThread(world, 'app', 'b', options)]
    await settle(world, [a, b])
    t.same([a.standbys, b.standbys], [[], []])
    const { groupEpoch } = await describeStreams(world, 'app')
    values['streams.num.standby.replicas'] = '1'
    await settle(world, [a, b])
    t.equal((await describeStreams(world, 'app')).groupEpoch, groupEpoch + 1)
    t.same([...a.tasks, ...b.tasks].sort(), [...ALL, '1-0', '1-1', '1-2', '1-3'])
    const stateful = (tasks: readonly string[]) => tasks.filter((task) => task.startsWith('1-'))
    t.same(a.standbys, stateful(b.tasks), 'the state of each is kept by the other')
    t.same(b.standbys, stateful(a.tasks))
    await b.leave()
    await settle(world, [a])
    t.same([a.tasks, a.standbys], [[...ALL, '1-0', '1-1', '1-2', '1-3'], []], 'one process keeps no state twice')
  },
)

t.test('two threads of a process never hold the same task, in whatever role', async (t) => {
  const world = await start({
    config: own({ 'streams.initial.rebalance.delay.ms': '0', 'streams.num.standby.replicas': '1' }),
  })
  createInternal(world)
  const thread = (memberId: string, processId: string) =>
    new StreamThread(world, 'app', memberId, { processId, topology: STATEFUL })
  const threads = [thread('a1', 'a'), thread('a2', 'a'), thread('b1', 'b')]
  const check = () => {
    const held = threads.flatMap(({ options, tasks, standbys }) =>
      [...tasks, ...standbys].map((task) => `${options.processId} ${task}`),
    )
    t.equal(new Set(held).size, held.length)
    const active = threads.flatMap(({ tasks }) => tasks)
    t.equal(new Set(active).size, active.length)
  }
  for (let round = 0; round < 8; round++) {
    for (const member of threads) {
      t.equal(await member.heartbeat(), 0)
      check()
    }
    await world.run(1_100)
  }
  t.equal(threads.flatMap(({ tasks }) => tasks).length, 8)
  t.equal(threads.flatMap(({ standbys }) => standbys).length, 4)
})

t.test('epochs are fenced, but for the last one of a member that claims no more than it has', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a')
  await a.heartbeat()
  t.equal((await a.ask({ memberEpoch: 3 })).errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  t.equal((await a.ask({ memberEpoch: 1 })).errorCode, ErrorCode.FENCED_MEMBER_EPOCH)
  t.equal((await a.ask({ memberId: 'x' })).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal((await a.ask({ groupId: 'none' })).errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  await new StreamThread(world, 'app', 'b').heartbeat()
  await world.run(1_100)
  await new StreamThread(world, 'app', 'b').heartbeat()
  const before = a.epoch
  a.active = []
  await a.heartbeat()
  t.ok(a.epoch > before)
  t.equal((await a.ask({ memberEpoch: before })).errorCode, 0, 'the answer with its new epoch may have been lost')
})

t.test('a static member keeps its tasks while it is away; nobody else notices when it comes back', async (t) => {
  const world = await start({ config: AT_ONCE })
  const options = { instanceId: 'one', processId: 'p' }
  const first = new StreamThread(world, 'app', 'first', options)
  await first.heartbeat()
  const second = new StreamThread(world, 'app', 'second', options)
  t.equal(await second.heartbeat(), ErrorCode.UNRELEASED_INSTANCE_ID)
  t.equal(await first.leave(-2), 0)
  t.equal((await describeStreams(world, 'app')).members[0]?.memberEpoch, -2)
  t.equal(await second.heartbeat(), 0)
  t.same([second.epoch, second.tasks], [2, ALL])
  t.match(await describeStreams(world, 'app'), {
    groupEpoch: 2,
    groupState: 'Stable',
    members: [{ memberId: 'second' }],
  })
  first.epoch = 2
  t.equal(await first.heartbeat(), ErrorCode.FENCED_INSTANCE_ID)
  t.equal(await second.leave(-2), 0)
  await world.run(46_000)
  t.match(await describeStreams(world, 'app'), { groupState: 'Empty', members: { length: 0 } }, 'its session has ended')
})

t.test('members that do not heartbeat, or do not give up what they must, are shut out', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a', { rebalanceTimeoutMs: 10_000 })
  const b = new StreamThread(world, 'app', 'b')
  await a.heartbeat()
  await world.run(1_100)
  await b.heartbeat()
  for (let round = 0; round < 12; round++) {
    const held = { activeTasks: null, standbyTasks: null, warmupTasks: null }
    if ((await a.ask(held)).errorCode !== 0) break
    await world.run(1_000)
    await b.heartbeat()
  }
  t.equal((await a.ask()).errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
  await settle(world, [b], 2)
  t.same(b.tasks, ALL)
  await world.run(46_000)
  t.equal((await describeStreams(world, 'app')).groupState, 'Empty')
})

t.test('one member asks for the end of the application, and all are told until they are gone', async (t) => {
  const world = await start({ config: AT_ONCE })
  const [a, b] = [new StreamThread(world, 'app', 'a'), new StreamThread(world, 'app', 'b')]
  await settle(world, [a, b], 2)
  await a.heartbeat({ shutdownApplication: true })
  const told = 'Streams group member a encountered a fatal error and requested a shutdown for the entire application.'
  await b.heartbeat()
  t.same([a.statuses, b.statuses], [[[4, told]], [[4, told]]])
  await a.leave()
  await b.heartbeat()
  t.same(b.statuses, [[4, told]])
  await b.leave()
  const c = new StreamThread(world, 'app', 'c')
  await c.heartbeat()
  t.same(c.statuses, [])
})

t.test('processes learn who serves which partitions under which endpoint', async (t) => {
  const world = await start({ config: AT_ONCE })
  const at = (port: number) => ({ endpoint: { host: 'localhost', port } })
  const [a, b] = [new StreamThread(world, 'app', 'a', at(1)), new StreamThread(world, 'app', 'b', at(2))]
  await a.heartbeat()
  const everything = [{ topic: 'orders', partitions: [0, 1, 2, 3] }]
  t.match(a.last?.partitionsByUserEndpoint, [{ userEndpoint: { port: 1 }, activePartitions: everything }])
  await a.heartbeat()
  t.equal(a.last?.partitionsByUserEndpoint ?? null, null, 'nothing has changed')
  await settle(world, [a, b], 4)
  await a.heartbeat({ endpointInformationEpoch: -1 })
  const known = a.last?.partitionsByUserEndpoint ?? []
  const byPort = (port: number) => known.find(({ userEndpoint }) => userEndpoint.port === port)?.activePartitions
  t.same(byPort(1), [{ topic: 'orders', partitions: a.active[0]?.partitions }])
  t.same(byPort(2), [{ topic: 'orders', partitions: b.active[0]?.partitions }])
})

t.test('task offsets are told, kept in memory and described; a task that comes twice is refused', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a')
  const offset = (partition: number, offset: bigint) => ({ subtopologyId: '0', partition, offset })
  await a.heartbeat({ taskOffsets: [offset(1, 5n), offset(0, 7n)], taskEndOffsets: [offset(0, 9n)] })
  const member = async () => (await describeStreams(world, 'app')).members[0]
  t.match(await member(), { taskOffsets: [offset(0, 7n), offset(1, 5n)], taskEndOffsets: [offset(0, 9n)] })
  t.equal(await a.heartbeat({ taskOffsets: [offset(1, 5n), offset(1, 6n)] }), ErrorCode.INVALID_REQUEST)
  await a.heartbeat({ taskOffsets: [] })
  t.match(await member(), { taskOffsets: { length: 0 }, taskEndOffsets: [offset(0, 9n)] })
})

t.test('an old topology may go on, another one is refused, and tasks that are not of it are', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a', { topology: { ...STATELESS, epoch: 3 } })
  await a.heartbeat()
  const old = new StreamThread(world, 'app', 'old')
  t.equal(await old.heartbeat(), 0)
  t.same(old.statuses[0], [0, "The member's topology epoch 0 is behind the group's topology epoch 3."])
  for (const epoch of [3, 4]) {
    const topology = { epoch, subtopologies: [subtopology('0', { sourceTopics: ['payments'] })] }
    const other = new StreamThread(world, 'app', 'other', { topology })
    t.equal(await other.heartbeat(), ErrorCode.INVALID_REQUEST)
    t.equal(other.last?.errorMessage, 'Topology updates are not supported yet.')
  }
  const active = [{ subtopologyId: '0', partitions: [4] }]
  t.equal(await a.heartbeat({ activeTasks: active }), ErrorCode.INVALID_REQUEST)
  t.match(a.last?.errorMessage, /Task 4 for subtopology 0 is invalid/)
  const missing = [{ subtopologyId: '9', partitions: [0] }]
  t.equal(await a.heartbeat({ activeTasks: missing }), ErrorCode.INVALID_REQUEST)
})

t.test('requests that cannot be right are refused with words', async (t) => {
  const world = await start()
  const a = new StreamThread(world, 'app', 'a')
  const codes = async (changes: Parameters<StreamThread['ask']>[0]) => {
    const { errorCode, errorMessage } = await a.ask(changes)
    return [errorCode, errorMessage]
  }
  const invalid = (words: string) => [ErrorCode.INVALID_REQUEST, words]
  t.same(await codes({ memberId: '' }), invalid("MemberId can't be empty."))
  t.same(await codes({ groupId: ' ' }), invalid("GroupId can't be empty."))
  t.same(await codes({ rebalanceTimeoutMs: -1 }), invalid('RebalanceTimeoutMs must be provided in first request.'))
  t.same(await codes({ topology: null }), invalid('Topology must be non-null when (re-)joining.'))
  t.same(await codes({ warmupTasks: null }), invalid('If one task-type is non-null, all must be non-null.'))
  t.same(await codes({ memberEpoch: 1 }), invalid('Topology can only be provided when (re-)joining.'))
  t.same(await codes({ memberEpoch: -2 }), invalid("InstanceId can't be null."))
  t.same(await codes({ memberEpoch: -3 }), invalid('MemberEpoch is -3, but must be greater than or equal to -2.'))
  const wrong = (words: string) => [ErrorCode.STREAMS_INVALID_TOPOLOGY, words]
  const log = subtopology('0', { sourceTopics: ['orders'], stateChangelogTopics: [internalTopic('log', 2)] })
  const fixed = 'Changelog topic log must have an undefined partition count, but it is set to 2.'
  t.same(await codes({ topology: { epoch: 0, subtopologies: [log] } }), wrong(fixed))
})

t.test('a topology that does not fit into a record is refused, and the group goes on without it', async (t) => {
  const world = await start({ config: AT_ONCE })
  const names = Array.from({ length: 6_000 }, (_, index) => `${'x'.repeat(180)}${index}`)
  const large = { epoch: 0, subtopologies: [subtopology('0', { sourceTopics: names })] }
  const a = new StreamThread(world, 'app', 'a', { topology: large })
  t.equal(await a.heartbeat(), ErrorCode.UNKNOWN_SERVER_ERROR)
  t.equal((await describeStreams(world, 'app')).errorCode, ErrorCode.GROUP_ID_NOT_FOUND)
  t.equal(await new StreamThread(world, 'app', 'b').heartbeat(), 0)
})

t.test('a thousand threads join, share and leave at once', async (t) => {
  const world = await start({ config: AT_ONCE })
  world.topics.set('orders', { id: 'AAAAAAAAAAAAAAAAAAAAAQ', partitionCount: 1_000 })
  const threads = Array.from({ length: 1_000 }, (_, index) => {
    return new StreamThread(world, 'app', `m${index}`, { processId: `p${index % 50}` })
  })
  await settle(world, threads, 4)
  t.ok(threads.every(({ tasks }) => tasks.length === 1))
  for (const thread of threads) await thread.leave()
  t.match(await describeStreams(world, 'app'), { groupState: 'Empty', members: { length: 0 } })
})

t.test('offsets: members commit with their epochs, or with that of when they got the task', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a')
  await a.heartbeat()
  const plain = world.member('app')
  const commit = (generationIdOrMemberEpoch: number, memberId: string, partition = 0, version = 9) =>
    plain.commit(7n, { generationIdOrMemberEpoch, memberId, partition, version })
  t.equal(await commit(2, 'a'), 0)
  t.equal(await commit(3, 'a'), ErrorCode.STALE_MEMBER_EPOCH)
  t.equal(await commit(-1, ''), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await commit(2, 'a', 0, 8), ErrorCode.UNSUPPORTED_VERSION)
  const b = new StreamThread(world, 'app', 'b')
  await world.run(1_100)
  await settle(world, [b, a, a, b], 1)
  const kept = a.active[0]?.partitions[0] ?? -1
  t.ok(a.epoch > 2)
  t.equal(await commit(2, 'a', kept), 0, 'it has had the task since epoch 2')
  t.equal(await commit(2, 'b', b.active[0]?.partitions[0] ?? -1), ErrorCode.STALE_MEMBER_EPOCH)
  await a.leave()
  await b.leave()
  t.equal(await commit(-1, ''), 0, 'anybody may when nobody is there')
})

t.test('kinds of groups do not mix; an empty one gives way to another kind', async (t) => {
  const world = await start({ config: AT_ONCE })
  const classic = world.member('mixed')
  await world.complete(classic.joinAndSync())
  const a = new StreamThread(world, 'mixed', 'a')
  t.equal(await a.heartbeat(), ErrorCode.GROUP_ID_NOT_FOUND)
  t.equal(a.last?.errorMessage, 'Group mixed is not a streams group.')
  await classic.leave()
  t.equal(await a.heartbeat(), 0)
  t.match(await describeStreams(world, 'mixed'), { groupState: 'Stable' })
  const again = world.member('mixed')
  t.equal((await world.complete(again.join())).errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  await a.leave()
  t.equal((await world.complete(again.joinAndSync())).errorCode, 0)
  t.match(await describeStreams(world, 'mixed'), {
    errorCode: ErrorCode.GROUP_ID_NOT_FOUND,
    errorMessage: 'Group mixed is not a streams group.',
  })
})

t.test('a group is listed, deleted when nobody is in it, and expires', async (t) => {
  const world = await start({ config: AT_ONCE })
  const a = new StreamThread(world, 'app', 'a')
  await a.heartbeat()
  const list = async () =>
    (await world.complete(world.coordinator.listGroups({ statesFilter: [], typesFilter: ['Streams'] }))).groups
  t.same(await list(), [{ groupId: 'app', protocolType: 'streams', groupState: 'Stable', groupType: 'streams' }])
  const remove = async () =>
    (await world.complete(world.coordinator.deleteGroups({ groupsNames: ['app'] }))).results[0]?.errorCode
  t.equal(await remove(), ErrorCode.NON_EMPTY_GROUP)
  await a.leave()
  t.equal(await remove(), 0)
  t.same(await list(), [])
  a.restart()
  await a.heartbeat()
  await a.leave()
  await world.run(600_000)
  t.same(await list(), [])
})

t.test('a restart changes nothing: members, tasks, topology and what is being given up are in the log', async (t) => {
  const world = await start({
    config: own({ 'streams.initial.rebalance.delay.ms': '0', 'streams.num.standby.replicas': '1' }),
  })
  createInternal(world)
  const options = { topology: STATEFUL, tags: [{ key: 'zone', value: 'x' }], endpoint: { host: 'h', port: 65_535 } }
  const [a, b] = [new StreamThread(world, 'app', 'a', options), new StreamThread(world, 'app', 'b', options)]
  await a.heartbeat()
  await world.run(1_100)
  await b.heartbeat()
  await a.heartbeat()
  const before = await describeStreams(world, 'app')
  t.equal(before.groupState, 'Reconciling')
  world.crash()
  await world.ready()
  const topology = await describeStreams(world, 'app')
  t.same({ ...topology, topology: null }, { ...before, topology: null })
  await settle(world, [a, b])
  t.equal((await describeStreams(world, 'app')).groupState, 'Stable')
  t.same([...a.tasks, ...b.tasks].sort(), [...ALL, '1-0', '1-1', '1-2', '1-3'])
  t.same(named((await describeStreams(world, 'app')).members[0]?.assignment.activeTasks ?? []), a.tasks)
  a.restart()
  t.equal(await a.heartbeat(), 0, 'the same topology')
})
