import t from 'tap'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import { context, form, type Member, subscription, World } from '../harness.ts'

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

async function start(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World({ config: { groupInitialRebalanceDelayMs: 20 }, ...options })
  await world.ready()
  return world
}

/** Joins while the others, told by their heartbeats, join again. */
async function joins(world: World, newcomer: Member, ...others: Member[]): Promise<void> {
  const joined = newcomer.joinAndSync()
  await world.run(10)
  await form(world, ...others)
  await world.complete(joined)
}

t.test(
  'trap 19: a member without id is given one from v4 on (MEMBER_ID_REQUIRED), and taken at once before',
  async (t) => {
    const world = await start()
    const member = world.member('g', { clientId: 'app' })
    const refused = await world.complete(member.sendJoin())
    t.equal(refused.errorCode, ErrorCode.MEMBER_ID_REQUIRED)
    t.match(refused.memberId, /^app-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    t.equal(await world.stateOf('g'), 'Empty', 'an id is no member')
    const joined = await world.complete(member.sendJoin({ memberId: refused.memberId }))
    t.match(joined, { errorCode: 0, memberId: refused.memberId, leader: refused.memberId, generationId: 1 })

    for (const version of [0, 3]) {
      const old = world.member(`old-${version}`, { version })
      t.match(await world.complete(old.sendJoin()), { errorCode: 0, generationId: 1, protocolName: 'range' })
    }
  },
)

t.test('an id that is given out and never used is forgotten after the session timeout', async (t) => {
  const world = await start()
  const { memberId } = await world.complete(world.member('g').sendJoin())
  await world.run(10_001)
  const late = await world.complete(world.member('g').sendJoin({ memberId }))
  t.equal(late.errorCode, ErrorCode.UNKNOWN_MEMBER_ID)
})

t.test('a rebalance waits for an id that was given out, until it expires', async (t) => {
  const world = await start()
  const first = world.member('g')
  await form(world, first)
  await world.complete(world.member('g', { sessionTimeoutMs: 6_000 }).sendJoin())
  const rejoin = first.join()
  await world.run(5_000)
  t.equal(await world.stateOf('g'), 'PreparingRebalance')
  await world.run(2_000)
  t.match(await world.complete(rejoin), { errorCode: 0, generationId: 2 })
})

t.test('trap 19, KAFKA-19444: JoinGroup v0 is served, and its rebalance timeout is that of the session', async (t) => {
  const world = await start()
  const slow = world.member('g', { sessionTimeoutMs: 7_000, rebalanceTimeoutMs: -1, version: 0 })
  await form(world, slow)
  const newcomer = world.member('g', { sessionTimeoutMs: 6_000, version: 0 })
  const joined = newcomer.join()
  // The first stays alive but does not join.
  for (let second = 0; second < 6; second++) {
    await world.run(1_000)
    t.equal(await slow.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  }
  await world.run(1_000)
  t.match(await world.complete(joined), { errorCode: 0, generationId: 2, leader: newcomer.memberId })
  t.equal(await slow.heartbeat(), ErrorCode.UNKNOWN_MEMBER_ID)
})

t.test('trap 19: only the leader learns who the members are', async (t) => {
  const world = await start()
  const [a, b, c] = [world.member('g'), world.member('g'), world.member('g')]
  const assignments = await form(world, a, b, c)
  t.same(
    assignments.map(({ assignment }) => text(assignment)),
    [a, b, c].map(({ memberId }) => `for ${memberId}`),
  )
  const leader = [a, b, c].find(({ memberId }) => memberId === a.leaderId)
  for (const member of [a, b, c]) {
    t.equal(member.leaderId, a.leaderId)
    t.equal(member.lastJoin?.members.length, member === leader ? 3 : 0)
    t.equal(member.generationId, 1)
  }
  t.equal(await world.stateOf('g'), 'Stable')
})

t.test('the initial rebalance waits for more members, and a little longer for each that comes', async (t) => {
  const world = await start({ config: {} })
  const [a, b] = [world.member('g'), world.member('g')]
  const first = a.join()
  await world.run(2_900)
  t.equal(await world.stateOf('g'), 'PreparingRebalance')
  const second = b.join()
  await world.run(3_000)
  t.equal(await world.stateOf('g'), 'PreparingRebalance', 'put off by the second')
  const [one, two] = await world.complete(Promise.all([first, second]))
  t.equal(one.generationId, 1)
  t.equal(two.generationId, 1)
  t.ok(world.simulation.nowMs < 6_200)
})

t.test('a newcomer makes the others join again, and all go on in the next generation', async (t) => {
  const world = await start()
  const [a, b] = [world.member('g'), world.member('g')]
  await form(world, a)
  const joined = b.joinAndSync()
  await world.run(10)
  t.equal(await a.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  t.equal(await a.commit(5n), ErrorCode.NONE, 'the old owner may still commit')
  await form(world, a)
  await world.complete(joined)
  t.equal(await a.heartbeat(), ErrorCode.NONE)
  t.equal(await b.heartbeat(), ErrorCode.NONE)
  t.same([a.generationId, b.generationId], [2, 2])
})

t.test('a member that does not join in time is dropped, and its generation fenced', async (t) => {
  const world = await start()
  const [lost, other] = [world.member('g', { sessionTimeoutMs: 60_000 }), world.member('g')]
  await form(world, lost)
  const joined = other.joinAndSync()
  await world.run(30_000)
  await world.complete(joined)
  t.equal(other.generationId, 2)
  t.equal(await lost.heartbeat(), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await lost.commit(1n), ErrorCode.UNKNOWN_MEMBER_ID)
})

t.test('a member that sends no heartbeats is gone after its session timeout', async (t) => {
  const world = await start()
  const [alive, dead] = [world.member('g'), world.member('g')]
  await form(world, alive, dead)
  for (let second = 0; second < 9; second++) {
    await world.run(1_000)
    t.equal(await alive.heartbeat(), ErrorCode.NONE)
  }
  await world.run(1_500)
  t.equal(await alive.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  await form(world, alive)
  t.equal((await world.describe('g')).members.length, 1)
})

t.test('a commit keeps its member alive', async (t) => {
  const world = await start()
  const member = world.member('g')
  await form(world, member)
  for (let second = 0; second < 4; second++) {
    await world.run(8_000)
    t.equal(await member.commit(BigInt(second)), ErrorCode.NONE)
  }
})

t.test('members that do not fetch their assignment are dropped after the rebalance timeout', async (t) => {
  const world = await start()
  const [a, b] = [world.member('g', { sessionTimeoutMs: 60_000 }), world.member('g', { sessionTimeoutMs: 60_000 })]
  await world.complete(Promise.all([a.join(), b.join()]))
  const leader = a.leaderId === a.memberId ? a : b
  const synced = leader.sendSync()
  await world.run(29_000)
  t.equal((await world.complete(synced)).errorCode, 0)
  t.equal(await leader.heartbeat(), ErrorCode.NONE)
  await world.run(2_000)
  t.equal(await leader.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  await form(world, leader)
  t.equal((await world.describe('g')).members.length, 1)
})

t.test('requests of another generation, of nobody, or during a rebalance are refused', async (t) => {
  const world = await start()
  const member = world.member('g')
  await form(world, member)
  t.equal(await member.heartbeat({ generationId: 7 }), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await member.heartbeat({ memberId: 'nobody' }), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await member.heartbeat({ groupId: 'nowhere' }), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await member.heartbeat({ groupId: '' }), ErrorCode.INVALID_GROUP_ID)
  const sync = async (changes: Parameters<Member['sendSync']>[0]) =>
    (await world.complete(member.sendSync(changes))).errorCode
  t.equal(await sync({ generationId: 7 }), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await sync({ memberId: 'nobody' }), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await sync({ groupId: 'nowhere' }), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await sync({ protocolName: 'sticky' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  t.equal(await sync({ protocolType: 'connect' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  t.equal(await sync({}), ErrorCode.NONE, 'asked again, the assignment comes again')
  const join = async (changes: Parameters<Member['sendJoin']>[0]) =>
    (await world.complete(member.sendJoin(changes))).errorCode
  t.equal(await join({ groupId: '' }), ErrorCode.INVALID_GROUP_ID)
  t.equal(await join({ memberId: 'nobody' }), ErrorCode.UNKNOWN_MEMBER_ID)
  t.equal(await join({ sessionTimeoutMs: 5_999 }), ErrorCode.INVALID_SESSION_TIMEOUT)
  t.equal(await join({ sessionTimeoutMs: 1_800_001 }), ErrorCode.INVALID_SESSION_TIMEOUT)
  t.equal(await join({ protocols: [] }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  t.equal(await join({ protocolType: 'connect' }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  const sticky = [{ name: 'sticky', metadata: subscription() }]
  t.equal(await join({ memberId: '', protocols: sticky }), ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  world.member('g').sendJoin({ memberId: '' })
  member.sendJoin()
  await world.run(10)
  t.equal(await sync({}), ErrorCode.REBALANCE_IN_PROGRESS)
})

t.test('a group takes group.max.size members', async (t) => {
  const world = await start({ config: { groupInitialRebalanceDelayMs: 0, groupMaxSize: 2 } })
  const [a, b, c] = [world.member('g'), world.member('g'), world.member('g', { version: 3 })]
  await form(world, a, b)
  t.equal((await world.complete(c.sendJoin())).errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED)
  t.equal(await a.heartbeat(), ErrorCode.NONE, 'the group has not noticed')
  await a.leave()
  await form(world, b)
  await joins(world, c, b)
  t.equal((await world.describe('g')).members.length, 2)
})

t.test('a group that is over its size after a load lets in those who come first', async (t) => {
  const world = await start()
  const members = [world.member('g'), world.member('g'), world.member('g')]
  await form(world, ...members)
  world.config.groupMaxSize = 2
  world.kill()
  await world.ready()
  t.equal(await world.stateOf('g'), 'PreparingRebalance')
  const [first, second, third] = members.map((member) => member.sendJoin())
  t.equal((await world.complete(third!)).errorCode, ErrorCode.GROUP_MAX_SIZE_REACHED)
  t.same(
    (await world.complete(Promise.all([first!, second!]))).map(({ errorCode }) => errorCode),
    [0, 0],
  )
})

t.test('the protocol is one that all support, and of these the one that most prefer', async (t) => {
  const world = await start()
  const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: subscription('orders') }))
  const members = [
    world.member('g', { protocols: protocols('range', 'sticky', 'own') }),
    world.member('g', { protocols: protocols('sticky', 'range') }),
    world.member('g', { protocols: protocols('sticky', 'range') }),
  ]
  await form(world, ...members)
  t.equal((await world.describe('g')).protocolData, 'sticky')
})

t.test('cooperative rebalancing: the leader joins again for a second generation without anybody leaving', async (t) => {
  const world = await start()
  const protocols = [{ name: 'cooperative-sticky', metadata: subscription('orders') }]
  const [a, b] = [world.member('g', { protocols }), world.member('g', { protocols })]
  await form(world, a, b)
  const leader = a.leaderId === a.memberId ? a : b
  const follower = leader === a ? b : a
  const repeat = await world.complete(follower.sendJoin())
  t.match(
    repeat,
    { errorCode: 0, generationId: 1, members: { length: 0 } },
    'a follower with nothing new disturbs nobody',
  )
  const rejoined = leader.joinAndSync()
  await world.run(10)
  t.equal(await follower.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  await form(world, follower)
  await world.complete(rejoined)
  t.same([a.generationId, b.generationId], [2, 2])
})

t.test('a follower with other metadata begins a rebalance', async (t) => {
  const world = await start()
  const [a, b] = [world.member('g'), world.member('g')]
  await form(world, a, b)
  const follower = a.leaderId === a.memberId ? b : a
  const protocols = [{ name: 'range', metadata: subscription('payments') }]
  follower.options = { ...follower.options, protocols }
  follower.sendJoin()
  await world.run(10)
  t.equal(await world.stateOf('g'), 'PreparingRebalance')
})

t.test('when the leader does not come back, somebody who joined leads', async (t) => {
  const world = await start()
  const members = [world.member('g'), world.member('g'), world.member('g')]
  await form(world, ...members)
  const leaderId = members[0]!.leaderId
  const others = members.filter(({ memberId }) => memberId !== leaderId)
  others[0]!.options = { ...others[0]!.options, protocols: [{ name: 'range', metadata: subscription('payments') }] }
  await form(world, ...others)
  t.ok(others.some(({ memberId }) => memberId === others[0]!.leaderId))
  t.equal(others[0]!.generationId, 2)
})

t.test('trap 19: a static member comes back without a rebalance, and its old self is fenced', async (t) => {
  const world = await start()
  const [a, b] = [world.member('g', { groupInstanceId: 'a' }), world.member('g', { groupInstanceId: 'b' })]
  await form(world, a, b)
  const follower = a.leaderId === a.memberId ? b : a
  const leader = follower === a ? b : a
  const restarted = world.member('g', { groupInstanceId: follower.options.groupInstanceId })
  const answer = await world.complete(restarted.joinAndSync())
  t.equal(restarted.generationId, 1)
  t.not(restarted.memberId, follower.memberId)
  t.equal(text(answer.assignment), `for ${follower.memberId}`, 'with the assignment that it had')
  t.equal(await leader.heartbeat(), ErrorCode.NONE, 'the other has not noticed')

  t.equal(await follower.heartbeat(), ErrorCode.FENCED_INSTANCE_ID)
  t.equal(await follower.commit(1n), ErrorCode.FENCED_INSTANCE_ID)
  t.equal((await world.complete(follower.sendJoin())).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  t.equal((await world.complete(follower.sendSync())).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  t.equal((await follower.leave()).members?.[0]?.errorCode, ErrorCode.FENCED_INSTANCE_ID)
  t.equal(await restarted.heartbeat(), ErrorCode.NONE)

  world.kill()
  await world.ready()
  t.equal(await restarted.heartbeat(), ErrorCode.NONE, 'the new member id is in the log')
})

t.test('trap 19: a SyncGroup that says another type or name of protocol (v5) is refused', async (t) => {
  const world = await start()
  const member = world.member('g')
  t.match(await world.complete(member.join()), { protocolType: 'consumer', protocolName: 'range' })
  const wrong = [{ protocolType: 'connect' }, { protocolType: 'consumer', protocolName: 'sticky' }]
  for (const changes of wrong) {
    const { errorCode } = await world.complete(member.sendSync(changes))
    t.equal(errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
  }
  const said = { protocolType: 'consumer', protocolName: 'range' }
  t.match(await world.complete(member.sendSync(said)), { errorCode: 0, ...said })
})

t.test('trap 19: a static leader that comes back is told to skip the assignment from v9 on', async (t) => {
  for (const version of [8, 9]) {
    const world = await start()
    const leader = world.member('g', { groupInstanceId: 'a' })
    await form(world, leader)
    const restarted = world.member('g', { groupInstanceId: 'a', version })
    const answer = await world.complete(restarted.sendJoin())
    const skips = version === 9
    t.match(answer, { errorCode: 0, generationId: 1, skipAssignment: skips, members: { length: skips ? 1 : 0 } })
    t.equal(answer.leader, skips ? answer.memberId : leader.memberId, 'before v9 it must not believe that it leads')
  }
})

t.test('a static member that comes back with another choice of protocol begins a rebalance', async (t) => {
  const world = await start()
  const protocols = ['range', 'sticky'].map((name) => ({ name, metadata: subscription('orders') }))
  await form(world, world.member('g', { groupInstanceId: 'a', protocols }))
  const restarted = world.member('g', { groupInstanceId: 'a', protocols: [...protocols].reverse() })
  t.match(await world.complete(restarted.sendJoin()), { errorCode: 0, generationId: 2, protocolName: 'sticky' })
})

t.test('a second client under one instance id fences the first, which waits for its join', async (t) => {
  const world = await start({ config: {} })
  const first = world.member('g', { groupInstanceId: 'a' }).sendJoin()
  await world.run(10)
  const second = world.member('g', { groupInstanceId: 'a' }).sendJoin()
  t.equal((await world.complete(first)).errorCode, ErrorCode.FENCED_INSTANCE_ID)
  t.match(await world.complete(second), { errorCode: 0, generationId: 1 })
})

t.test('a static member keeps its place through a rebalance that it misses', async (t) => {
  const world = await start()
  const still = world.member('g', { groupInstanceId: 'a', sessionTimeoutMs: 300_000 })
  const moving = world.member('g')
  await form(world, still)
  const joined = moving.join()
  await world.run(30_100)
  await world.complete(joined)
  t.equal(moving.leaderId, moving.memberId, 'who has joined leads')
  t.equal(moving.lastJoin?.members.length, 2)
})

t.test('trap 19: LeaveGroup takes several members from v3 on, by instance too, and one before', async (t) => {
  const world = await start()
  const members = [world.member('g', { groupInstanceId: 'a' }), world.member('g'), world.member('g')]
  await form(world, ...members)
  const leave = (version: number, request: { memberId?: string; members?: [string, string | null][] }) =>
    world.complete(
      world.coordinator.leaveGroup(context(version), {
        groupId: 'g',
        memberId: request.memberId ?? '',
        members: (request.members ?? []).map(([memberId, groupInstanceId]) => {
          return { memberId, groupInstanceId, reason: 'test' }
        }),
      }),
    )
  const answer = await leave(5, {
    members: [
      ['', 'a'],
      ['', 'b'],
      ['nobody', null],
      [members[1]!.memberId, null],
    ],
  })
  t.equal(answer.errorCode, 0)
  const { NONE, UNKNOWN_MEMBER_ID } = ErrorCode
  t.same(
    answer.members?.map(({ errorCode }) => errorCode),
    [NONE, UNKNOWN_MEMBER_ID, UNKNOWN_MEMBER_ID, NONE],
  )
  t.equal(await members[2]!.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  t.same(await leave(2, { memberId: 'nobody' }), { errorCode: UNKNOWN_MEMBER_ID })
  t.same(await leave(2, { memberId: members[2]!.memberId }), { errorCode: NONE })
  t.match(await world.describe('g'), { groupState: 'Empty', members: { length: 0 }, protocolType: 'consumer' })
})

t.test('a group without members goes on with the next generation', async (t) => {
  const world = await start()
  const member = world.member('g')
  await form(world, member)
  await member.leave()
  t.equal(await member.heartbeat(), ErrorCode.UNKNOWN_MEMBER_ID)
  const next = world.member('g')
  await form(world, next)
  t.equal(next.generationId, 3, 'one for the end, one for the new beginning')
})

t.test('a restart keeps generation, members and assignments', async (t) => {
  const world = await start()
  const members = [world.member('g'), world.member('g', { groupInstanceId: 'i' })]
  await form(world, ...members)
  const before = await world.describe('g')
  t.equal(before.members.length, 2)
  world.crash()
  await world.ready()
  t.same(await world.describe('g'), before)
  for (const member of members) t.equal(await member.heartbeat(), ErrorCode.NONE)
  await world.run(10_001)
  t.equal(await world.stateOf('g'), 'Empty', 'and their sessions run')
})

t.test('a rebalance that a crash interrupts is gone: its members join again', async (t) => {
  const world = await start()
  const member = world.member('g')
  await form(world, member)
  await world.complete(member.join())
  t.equal(member.generationId, 2)
  world.crash()
  await world.ready()
  t.equal(await member.heartbeat(), ErrorCode.ILLEGAL_GENERATION)
  t.equal(await member.commit(1n), ErrorCode.ILLEGAL_GENERATION)
})

t.test('DescribeGroups: metadata while Stable, Dead for what is not there, an error too from v6 on', async (t) => {
  const world = await start()
  const member = world.member('g', { clientId: 'app' })
  await form(world, member)
  t.match(await world.describe('g'), {
    errorCode: 0,
    groupState: 'Stable',
    protocolType: 'consumer',
    protocolData: 'range',
    members: [{ memberId: member.memberId, clientId: 'app', clientHost: '/127.0.0.1' }],
  })
  t.same((await world.describe('g')).members[0]?.memberMetadata, subscription('orders'))
  member.sendJoin()
  await world.run(100)
  const completing = await world.describe('g')
  t.equal(completing.groupState, 'CompletingRebalance')
  t.equal(completing.members[0]?.memberMetadata.length, 0)
  t.match(await world.describe('none', 5), { errorCode: 0, groupState: 'Dead' })
  t.match(await world.describe('none', 6), { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, groupState: 'Dead' })
})

t.test('ListGroups filters by state and type, without regard to case', async (t) => {
  const world = await start({ partitionCount: 3 })
  await form(world, world.member('stable'))
  await world.member('simple').commit(1n)
  const list = async (statesFilter: string[], typesFilter: string[]) => {
    const { groups } = await world.complete(world.coordinator.listGroups({ statesFilter, typesFilter }))
    return groups.map(({ groupId }) => groupId).sort()
  }
  t.same(await list([], []), ['simple', 'stable'])
  t.same(await list(['STABLE'], []), ['stable'])
  t.same(await list(['Empty', 'Dead'], ['Classic']), ['simple'])
  t.same(await list([], ['consumer']), [])
  t.same(await list(['nonsense'], []), [])
})

t.test('DeleteGroups: with members, unknown, and empty with its offsets', async (t) => {
  const world = await start()
  const member = world.member('g')
  await form(world, member)
  await member.commit(7n)
  const remove = async (...groupsNames: string[]) =>
    (await world.complete(world.coordinator.deleteGroups({ groupsNames }))).results.map(({ errorCode }) => errorCode)
  t.same(await remove('g', 'none'), [ErrorCode.NON_EMPTY_GROUP, ErrorCode.GROUP_ID_NOT_FOUND])
  await member.leave()
  t.same(await remove('g', 'g'), [ErrorCode.NONE], 'twice is once')
  t.equal(await world.fetch('g'), -1n)
  t.equal(await world.stateOf('g'), 'Dead')
  world.crash()
  await world.ready()
  t.equal(await world.stateOf('g'), 'Dead')
  t.equal(await world.fetch('g'), -1n)
})
