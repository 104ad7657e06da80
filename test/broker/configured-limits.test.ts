// Settings that forbid something, or bound it, on a whole broker.

import t from 'tap'
import { RELEASE, RENEW } from '../../broker/share/record-state.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { subtopology } from './coordinator/group/streams/stream-thread.ts'
import { batchOf, World } from './harness.ts'
import { batch, joined, prepareGroup } from './share/harness.ts'

t.test('delete.topic.enable=false: TOPIC_DELETION_DISABLED, which clients know from v3 on', async (t) => {
  const world = await World.start(t, { 'delete.topic.enable': 'false' })
  const client = await world.connect()
  await client.createTopic('a')
  for (const [version, errorCode] of [
    [2, ErrorCode.INVALID_REQUEST],
    [3, ErrorCode.TOPIC_DELETION_DISABLED],
  ] as const) {
    const { responses } = await client.request('DeleteTopics', version, { topicNames: ['a'], timeoutMs: 1000 })
    t.match(responses, [{ name: 'a', errorCode }])
  }
  t.equal((await client.produce('a', batchOf(['x']))).errorCode, ErrorCode.NONE)
  await world.stop()
})

t.test('fetch.max.bytes bounds what a fetch may ask for, but for its first batch', async (t) => {
  const world = await World.start(t, { 'fetch.max.bytes': '2500' })
  const client = await world.connect()
  await client.createTopic('a')
  for (const size of [5000, 1000, 1000, 1000]) await client.produce('a', batchOf(['x'.repeat(size)]))
  const offsets = async (from: number) =>
    (await client.fetch('a', from, { maxBytes: 1 << 24 })).read.map(({ offset }) => offset)
  t.same(await offsets(0), [0])
  t.same(await offsets(1), [1, 2])
  await world.stop()
})

t.test('share sessions beyond group.share.max.share.sessions are refused until another one ends', async (t) => {
  const world = await World.start(t, {
    'share.coordinator.state.topic.num.partitions': '2',
    'group.share.max.share.sessions': '1',
  })
  const client = await world.connect()
  const topicId = await client.createTopic('q')
  await prepareGroup(world, client, 'g', { 'share.renew.acknowledge.enable': 'false' })
  await client.produce('q', batchOf(['a', 'b']))
  const one = await joined(world, await world.connect(), 'g', 'a', ['q'])
  const two = await joined(world, await world.connect(), 'g', 'b', ['q'])
  const { simulation } = world
  t.equal((await simulation.complete(one.fetch())).acquired.length, 1)
  const refused = await simulation.complete(two.fetch({ maxWaitMs: 10 }))
  t.equal(refused.answer.errorCode, ErrorCode.SHARE_SESSION_LIMIT_REACHED)
  const renewed = one.acknowledge(topicId, 0, [batch(0, 1, RENEW)], { isRenewAck: true })
  t.equal(await simulation.complete(renewed), ErrorCode.INVALID_RECORD_STATE, 'no renewals')
  t.equal(await simulation.complete(one.acknowledge(topicId, 0, [batch(0, 1, RELEASE)])), ErrorCode.NONE)
  t.equal(await simulation.complete(one.acknowledge(topicId, 0, [], { epoch: -1 })), ErrorCode.NONE)
  t.equal((await simulation.complete(two.fetch())).acquired.length, 1)
  await world.stop()
})

t.test('a streams group takes group.streams.max.size members', async (t) => {
  const world = await World.start(t, { 'group.streams.max.size': '1' })
  const client = await world.connect()
  await client.createTopic('lines')
  await client.request('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['app'] })
  await world.simulation.run(1_000)
  const join = async (memberId: string) => {
    const nobody = { instanceId: null, rackId: null, userEndpoint: null, taskOffsets: null, taskEndOffsets: null }
    const nothing = { activeTasks: [], standbyTasks: [], warmupTasks: [], clientTags: [] }
    const { errorCode } = await client.request('StreamsGroupHeartbeat', 1, {
      ...{ groupId: 'app', memberId, memberEpoch: 0, endpointInformationEpoch: 0, rebalanceTimeoutMs: 30_000 },
      ...{ ...nobody, ...nothing, processId: memberId, shutdownApplication: false },
      topology: { epoch: 0, subtopologies: [subtopology('0', { sourceTopics: ['lines'] })] },
    })
    return errorCode
  }
  t.equal(await join('a'), ErrorCode.NONE)
  t.equal(await join('b'), ErrorCode.GROUP_MAX_SIZE_REACHED)
  await world.stop()
})
