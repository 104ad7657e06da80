// Offsets of topics that are deleted: they go at once, or, where nobody has the log loaded, as soon as somebody has.

import t from 'tap'
import { commitTransactionalOffsets } from '../../../../../broker/coordinator/group/offsets/transactional-commit.ts'
import { ErrorCode } from '../../../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../../../protocol/wire.ts'
import { context, World } from '../harness.ts'

async function start(options: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(options)
  await world.ready()
  return world
}

t.test('a deleted topic takes its offsets along', async (t) => {
  const world = await start({ partitionCount: 4 })
  for (const group of ['a', 'b', 'c', 'd', 'e']) {
    await world.member(group).commit(1n)
    await world.member(group).commit(2n, { topic: 'payments', partition: 3 })
  }
  world.deleteTopic('payments')
  for (const group of ['a', 'b', 'c', 'd', 'e']) {
    t.equal(await world.fetch(group, 'payments', 3), -1n)
    t.equal(await world.fetch(group), 1n)
  }
})

t.test('a topic that is deleted while a coordinator loads takes its offsets along', async (t) => {
  const world = await start()
  for (const topic of ['orders', 'payments']) await world.member('g').commit(1n, { topic })
  // Of a client that gives a retention: the record has no room for the id of the topic.
  await world.member('old').commit(2n, { version: 4, retentionTimeMs: 1_000_000n })
  world.crash()
  const request = { groupId: 'g', topics: null, groups: [], requireStable: false }
  const loading = await world.coordinator.fetchOffsets(context(7), request)
  t.equal(loading.errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  world.deleteTopic('orders')
  world.topics.set('orders', { id: 'AAAAAAAAAAAAAAAAAAAABQ', partitionCount: 4 })
  await world.ready()
  t.equal(await world.fetch('old'), -1n)
  t.equal(await world.fetch('g'), -1n)
  t.equal(await world.fetch('g', 'payments'), 1n)
  world.kill()
  await world.ready()
  t.equal(await world.fetch('old'), -1n, 'for good')
})

async function commitInTransaction(world: World, committedOffset: bigint): Promise<void> {
  const partitions = [{ partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: null }]
  const { topics } = await world.complete(
    commitTransactionalOffsets(
      world.coordinator,
      {
        ...{ transactionalId: 't', groupId: 'g', producerId: 1n, producerEpoch: 0, generationIdOrMemberEpoch: -1 },
        ...{ memberId: '', groupInstanceId: null, topics: [{ name: 'orders', topicId: ZERO_UUID, partitions }] },
      },
      5,
      async () => ErrorCode.NONE,
      () => ErrorCode.NONE,
    ),
  )
  t.equal(topics[0]?.partitions[0]?.errorCode, ErrorCode.NONE)
}

t.test('offsets that outlived their topic go when the log is loaded, pending ones too', async (t) => {
  const world = await start()
  for (const topic of ['orders', 'payments']) await world.member('g').commit(1n, { topic })
  await commitInTransaction(world, 2n)
  world.topics.delete('orders')
  world.crash()
  await world.ready()
  t.equal(await world.fetch('g', 'orders', 0, true), -1n)
  t.equal(await world.fetch('g', 'payments'), 1n)
  world.topics.set('orders', { id: 'AAAAAAAAAAAAAAAAAAAABQ', partitionCount: 4 })
  await world.member('g').commit(3n, { topicId: 'AAAAAAAAAAAAAAAAAAAABQ' })
  world.crash()
  await world.ready()
  t.equal(await world.fetch('g'), 3n, 'those of the topic that came after it stay')
})

t.test(
  'a topic that is made anew under its name has no offsets of the former one, whatever is left of those',
  async (t) => {
    const world = await start()
    await world.member('g').commit(7n)
    // Its topic is deleted, the offsets are not yet.
    world.topics.delete('orders')
    t.equal(await world.fetch('g'), 7n)
    world.topics.set('orders', { id: 'AAAAAAAAAAAAAAAAAAAAAw', partitionCount: 4 })
    t.equal(await world.fetch('g'), -1n)
    const all = { groupId: 'g', topics: null, groups: [], requireStable: false }
    t.same((await world.complete(world.coordinator.fetchOffsets(context(7), all))).topics, [])
    await world.member('g').commit(1n)
    t.equal(await world.fetch('g'), 1n)
  },
)
