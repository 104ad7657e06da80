import t from 'tap'
import { GroupCoordinator } from '../../../../broker/coordinator/group/group-coordinator.ts'
import { simulate } from '../../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { seed } from '../../../host/implementations.ts'
import { context, DEFAULT_GROUP_CONFIG, form, TOPIC_IDS, World } from '../group/harness.ts'
import { TestTopics } from '../group/topics.ts'
import { MemoryPartition } from './memory-partition.ts'

/** A coordinator on partitions in memory. */
function memory(partition = new MemoryPartition()) {
  const simulation = simulate(seed)
  const node = simulation.node('broker')
  const config = { ...DEFAULT_GROUP_CONFIG, groupInitialRebalanceDelayMs: 20 }
  const topics = new TestTopics({
    __consumer_offsets: { id: 'AAAAAAAAAAAAAAAAAAAADw', partitionCount: 1 },
    orders: { id: TOPIC_IDS['orders']!, partitionCount: 4 },
  })
  const coordinator = new GroupCoordinator({ host: node.host, config, topics })
  coordinator.onElected(0, partition)
  const commit = async (groupId: string, offset: number): Promise<number> => {
    const partitions = [
      { partitionIndex: 0, committedOffset: BigInt(offset), committedLeaderEpoch: -1, committedMetadata: null },
    ]
    const answer = await coordinator.commitOffsets(context(9), {
      groupId,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      retentionTimeMs: -1n,
      groupInstanceId: null,
      topics: [{ name: 'orders', topicId: '', partitions }],
    })
    return answer.topics[0]!.partitions[0]!.errorCode
  }
  const fetch = async (groupId: string): Promise<number> => {
    const topics = [{ name: 'orders', partitionIndexes: [0] }]
    const request = { groupId, topics, groups: [], requireStable: false }
    const answer = await coordinator.fetchOffsets(context(7), request)
    if (answer.errorCode !== ErrorCode.NONE) return -1000 - (answer.errorCode ?? 0)
    return Number(answer.topics![0]!.partitions[0]!.committedOffset)
  }
  const join = (groupId: string) =>
    coordinator.joinGroup(context(3), {
      groupId,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 10_000,
      memberId: '',
      groupInstanceId: null,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: new Uint8Array(2) }],
      reason: null,
    })
  return { simulation, node, coordinator, partition, commit, fetch, join, config }
}

/** Whether a promise is kept without anything else happening. */
async function isKept(promise: Promise<unknown>): Promise<boolean> {
  let kept = false
  promise.then(() => {
    kept = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  return kept
}

t.test(
  'trap 22: an answer leaves when its records are below the high watermark, not when they are appended',
  async (t) => {
    const { simulation, partition, commit, fetch } = memory()
    await simulation.run(1)
    partition.isEager = false
    const first = commit('g', 5)
    const read = fetch('g')
    const other = fetch('other')
    const second = commit('g', 6)
    t.equal(partition.logEndOffset, 2)
    t.equal(await isKept(first), false)
    t.equal(await isKept(read), false, 'a read that saw it waits too')
    t.equal(await isKept(other), false)
    partition.commit(1)
    t.equal(await first, ErrorCode.NONE)
    t.equal(await read, 5)
    t.equal(await isKept(second), false)
    partition.commit(2)
    t.equal(await second, ErrorCode.NONE)
    t.equal(await fetch('g'), 6)
  },
)

t.test('on a real log the answer leaves when the offsets are durable', async (t) => {
  const world = new World({ seed })
  await world.ready()
  for (let offset = 0; offset < 20; offset++) {
    const end = world.log.logEndOffset + 1
    let durableThen = -1
    const committed = world.member('g').sendCommit(BigInt(offset))
    committed.then(() => {
      durableThen = world.log.durableEndOffset
    })
    await world.complete(committed)
    t.ok(durableThen >= end)
  }
})

t.test(
  'a write that fails is taken back as a whole: the clients try again, the state is that of the log',
  async (t) => {
    const { simulation, partition, commit, fetch, join } = memory()
    await simulation.run(1)
    t.equal(await commit('g', 5), ErrorCode.NONE)
    partition.isEager = false
    const lost = commit('g', 6)
    const read = fetch('g')
    const parked = join('joining')
    await simulation.run(1)
    partition.fail()
    t.equal(await lost, ErrorCode.NOT_COORDINATOR)
    t.equal(await read, -1000 - ErrorCode.NOT_COORDINATOR)
    t.equal((await parked).errorCode, ErrorCode.NOT_COORDINATOR)
    t.equal(await fetch('g'), -1000 - ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
    await simulation.run(1)
    t.equal(await fetch('g'), 5)
    partition.isEager = true
    t.equal(await commit('g', 7), ErrorCode.NONE)
  },
)

t.test('an append that is refused changes nothing', async (t) => {
  const { simulation, partition, commit, fetch } = memory()
  await simulation.run(1)
  await commit('g', 5)
  partition.refusal = ErrorCode.NOT_ENOUGH_REPLICAS
  t.equal(await commit('g', 6), ErrorCode.COORDINATOR_NOT_AVAILABLE)
  partition.refusal = ErrorCode.NOT_LEADER_OR_FOLLOWER
  t.equal(await commit('g', 6), ErrorCode.NOT_COORDINATOR)
  t.equal(await fetch('g'), 5)
})

t.test('records that are too large are refused without harm to other groups', async (t) => {
  const world = new World({ seed, config: { groupInitialRebalanceDelayMs: 20 } })
  await world.ready()
  const other = world.member('other')
  await form(world, other)
  const member = world.member('g')
  await world.complete(member.join())
  const assignments = [{ memberId: member.memberId, assignment: new Uint8Array(2_000_000) }]
  const answer = await world.complete(member.sendSync({ assignments }))
  t.equal(answer.errorCode, ErrorCode.UNKNOWN_SERVER_ERROR)
  t.equal(await other.heartbeat(), ErrorCode.NONE)
  t.equal(await member.heartbeat(), ErrorCode.REBALANCE_IN_PROGRESS)
  await form(world, member)
  t.equal(await member.heartbeat(), ErrorCode.NONE)
})

t.test('a disk that takes too long: the client is told to try again after offsets.commit.timeout.ms', async (t) => {
  const { simulation, partition, commit, fetch } = memory()
  await simulation.run(1)
  partition.isEager = false
  const slow = commit('g', 5)
  await simulation.run(3_000)
  const later = commit('g', 6)
  await simulation.run(1_900)
  t.equal(await isKept(slow), false)
  await simulation.run(200)
  t.equal(await slow, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  t.equal(await isKept(later), false)
  partition.commit()
  t.equal(await later, ErrorCode.NONE)
  t.equal(await fetch('g'), 6)
})

t.test('trap 21: while it loads COORDINATOR_LOAD_IN_PROGRESS, without leadership NOT_COORDINATOR', async (t) => {
  const { simulation, coordinator, partition, commit, fetch, join } = memory()
  const heartbeat = async () => {
    const request = { groupId: 'g', generationId: 1, memberId: 'm', groupInstanceId: null }
    return (await coordinator.heartbeat(request)).errorCode
  }
  t.equal(await commit('g', 1), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  t.equal((await join('g')).errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  t.equal(await heartbeat(), ErrorCode.NONE, 'a member need not worry')
  const lists = await coordinator.listGroups({ statesFilter: [], typesFilter: [] })
  t.equal(lists.errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  await simulation.run(1)
  t.equal(await commit('g', 1), ErrorCode.NONE)
  const parked = join('g2')
  coordinator.onResigned(0)
  t.equal((await parked).errorCode, ErrorCode.NOT_COORDINATOR)
  t.equal(await commit('g', 2), ErrorCode.NOT_COORDINATOR)
  t.equal(await heartbeat(), ErrorCode.NOT_COORDINATOR)
  t.same((await coordinator.listGroups({ statesFilter: [], typesFilter: [] })).groups, [])

  coordinator.onElected(0, new MemoryPartition(2, partition.batches))
  await simulation.run(1)
  t.equal(await fetch('g'), 1)
})

t.test('an election while a log is being loaded begins anew', async (t) => {
  const { simulation, coordinator, partition, commit, fetch } = memory()
  await simulation.run(1)
  for (let offset = 0; offset < 10; offset++) await commit('g', offset)
  coordinator.onElected(0, new MemoryPartition(2, partition.batches.slice(0, 5)))
  coordinator.onElected(0, new MemoryPartition(3, partition.batches))
  await simulation.run(1)
  t.equal(await fetch('g'), 9)
})

t.test('a clean-up of any size is written in batches that the log takes', async (t) => {
  const { simulation, partition, commit, fetch, coordinator } = memory()
  await simulation.run(1)
  for (let index = 0; index < 300; index++) await commit(`group-${index}`, 1)
  partition.maxBatchSize = 1_000
  const before = partition.batches.length
  coordinator.onTopicsDeleted(['orders'])
  const added = partition.batches.slice(before)
  t.ok(added.length > 5)
  t.ok(added.every(({ bytes }) => bytes.length <= 1_000))
  t.equal(await fetch('group-7'), -1)
  t.equal(await fetch('group-299'), -1)
})

t.test('a clean-up of which only some pieces were taken: the state is that of the log', async (t) => {
  const { simulation, partition, commit, fetch, coordinator } = memory()
  await simulation.run(1)
  for (let index = 0; index < 30; index++) await commit(`group-${index}`, 1)
  const parked = fetch('group-0')
  t.equal(await parked, 1)
  partition.maxBatchSize = 300
  partition.refusal = ErrorCode.KAFKA_STORAGE_ERROR
  partition.appendsLeft = 2
  const before = partition.batches.length
  coordinator.onTopicsDeleted(['orders'])
  t.equal(partition.batches.length, before + 2)
  t.equal(await fetch('group-0'), -1000 - ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  partition.refusal = ErrorCode.NONE
  await simulation.run(1)
  const left: number[] = []
  for (let index = 0; index < 30; index++) left.push(await fetch(`group-${index}`))
  t.ok(left.includes(1) && left.includes(-1), left.join(' '))
  coordinator.onElected(0, new MemoryPartition(2, partition.batches))
  await simulation.run(1)
  for (let index = 0; index < 30; index++) t.equal(await fetch(`group-${index}`), left[index])
})

t.test('a log that cannot be read is loaded when it can', async (t) => {
  const { simulation, partition, coordinator, commit, fetch, node } = memory()
  await simulation.run(1)
  for (let offset = 0; offset < 3; offset++) await commit('g', offset)
  const again = new MemoryPartition(2, partition.batches)
  again.readAnswers = new Array(6).fill(ErrorCode.KAFKA_STORAGE_ERROR)
  coordinator.onElected(0, again)
  await simulation.run(1_000)
  t.equal(await fetch('g'), -1000 - ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  await simulation.run(10_000)
  t.equal(await fetch('g'), 2)
  t.equal(node.logger.lines().filter((line) => line.includes('cannot be loaded yet')).length, 6)

  const other = new MemoryPartition(3, partition.batches)
  other.readAnswers = [ErrorCode.KAFKA_STORAGE_ERROR]
  coordinator.onElected(0, other)
  await simulation.run(50)
  coordinator.onResigned(0)
  await simulation.run(10_000)
  t.equal(await fetch('g'), -1000 - ErrorCode.NOT_COORDINATOR, 'a shard that is closed does not try again')
})

t.test('a read that finds nothing is no end of the log', async (t) => {
  const { simulation, partition, coordinator, commit, fetch } = memory()
  await simulation.run(1)
  for (let offset = 0; offset < 3; offset++) await commit('g', offset)
  const again = new MemoryPartition(2, partition.batches)
  again.readAnswers = [ErrorCode.NONE, ErrorCode.NONE]
  coordinator.onElected(0, again)
  await simulation.run(100)
  t.equal(await fetch('g'), 2)
})
