// Consumer groups (KIP-848) of a whole broker, over the wire.

import t from 'tap'
import type { RequestInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { type Client, World } from './harness.ts'

const GROUP = 'readers'
const TOPIC = 'letters'

function join(memberId: string, changes: Partial<RequestInputOf<'ConsumerGroupHeartbeat'>> = {}) {
  const subscription = { subscribedTopicNames: [TOPIC], subscribedTopicRegex: null, serverAssignor: null }
  const nobody = { instanceId: null, rackId: null }
  const first = { memberEpoch: 0, rebalanceTimeoutMs: 30_000, topicPartitions: [] }
  return { groupId: GROUP, memberId, ...nobody, ...subscription, ...first, ...changes }
}

async function coordinator(world: World, client: Client): Promise<void> {
  for (;;) {
    const { coordinators } = await client.request('FindCoordinator', 4, { keyType: 0, coordinatorKeys: [GROUP] })
    if (coordinators[0]?.errorCode === 0) break
    await world.simulation.run(50)
  }
  await world.simulation.run(200)
}

async function ready(t: Parameters<typeof World.start>[0], properties: Record<string, string> = {}) {
  const world = await World.start(t, properties)
  const client = await world.connect()
  const topicId = await client.createTopic(TOPIC, 2, {})
  await coordinator(world, client)
  return { world, client, topicId }
}

t.test('a member joins, commits at its epoch, and goes on where it was after a crash of the broker', async (t) => {
  const { world, client, topicId } = await ready(t)
  const joined = await client.request('ConsumerGroupHeartbeat', 1, join('a'))
  t.match(joined, { errorCode: 0, memberEpoch: 2, assignment: { topicPartitions: [{ topicId, partitions: [0, 1] }] } })
  const commit = (epoch: number): RequestInputOf<'OffsetCommit'> => ({
    groupId: GROUP,
    generationIdOrMemberEpoch: epoch,
    memberId: 'a',
    groupInstanceId: null,
    topics: [
      {
        name: TOPIC,
        topicId,
        partitions: [{ partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: -1, committedMetadata: '' }],
      },
    ],
  })
  const codeOf = async (version: number, epoch: number) =>
    (await client.request('OffsetCommit', version, commit(epoch))).topics[0]?.partitions[0]?.errorCode
  t.equal(await codeOf(9, 2), ErrorCode.NONE)
  t.equal(await codeOf(10, 3), ErrorCode.STALE_MEMBER_EPOCH)
  t.equal(await codeOf(8, 2), ErrorCode.UNSUPPORTED_VERSION, 'a client that knows no epochs')
  world.node.crash()
  await world.restart()
  const again = await world.connect()
  await coordinator(world, again)
  const silent = { rebalanceTimeoutMs: -1, subscribedTopicNames: null, topicPartitions: null }
  const beat = await again.request('ConsumerGroupHeartbeat', 1, join('a', { ...silent, memberEpoch: 2 }))
  t.match(beat, { errorCode: 0, memberEpoch: 2, assignment: null })
  const asked = { groupId: GROUP, memberId: 'a', memberEpoch: 2, topics: [{ name: TOPIC, partitionIndexes: [0] }] }
  const fetched = await again.request('OffsetFetch', 9, { groups: [asked], requireStable: true })
  t.equal(fetched.groups?.[0]?.topics[0]?.partitions[0]?.committedOffset, 7n)
  const stale = { groups: [{ ...asked, memberEpoch: 1 }], requireStable: true }
  const refused = await again.request('OffsetFetch', 9, stale)
  t.equal(refused.groups?.[0]?.errorCode, ErrorCode.STALE_MEMBER_EPOCH, 'trap 20')
  await world.stop()
})

t.test('a topic that grows, and one that a regular expression finds, reach the members', async (t) => {
  const { world, client } = await ready(t)
  const regex = { subscribedTopicNames: null, subscribedTopicRegex: 'let.*' }
  await client.request('ConsumerGroupHeartbeat', 1, join('a', regex))
  const silent = { rebalanceTimeoutMs: -1, subscribedTopicNames: null, topicPartitions: null }
  let epoch = 1
  const owned = async (): Promise<number> => {
    await world.simulation.run(1_100)
    const answer = await client.request('ConsumerGroupHeartbeat', 1, join('a', { ...silent, memberEpoch: epoch }))
    t.equal(answer.errorCode, 0)
    epoch = answer.memberEpoch
    return (answer.assignment?.topicPartitions ?? []).reduce((sum, { partitions }) => sum + partitions.length, 0)
  }
  t.equal(await owned(), 2)
  const topics = [{ name: TOPIC, count: 3, assignments: null }]
  await client.request('CreatePartitions', 3, { topics, timeoutMs: 1000, validateOnly: false })
  t.equal(await owned(), 3)
  await client.createTopic('lettuce', 1, {})
  await world.simulation.run(11_000)
  await owned()
  t.equal(await owned(), 4)
  await world.stop()
})

t.test('without the protocol among those that are served, clients are told to take the classic one', async (t) => {
  const { world, client } = await ready(t, { 'group.coordinator.rebalance.protocols': 'classic' })
  const answer = await client.request('ConsumerGroupHeartbeat', 1, join('a'))
  t.equal(answer.errorCode, ErrorCode.UNSUPPORTED_VERSION)
  const asked = { groupIds: [GROUP], includeAuthorizedOperations: false }
  const { groups } = await client.request('ConsumerGroupDescribe', 1, asked)
  t.match(groups, [{ groupId: GROUP, errorCode: ErrorCode.UNSUPPORTED_VERSION }])
  await world.stop()
})

t.test('offsets of an empty consumer group expire, and the group with them; members keep theirs', async (t) => {
  const { world, client, topicId } = await ready(t, {
    'offsets.retention.minutes': '1',
    'offsets.retention.check.interval.ms': '10000',
  })
  await client.request('ConsumerGroupHeartbeat', 1, join('a'))
  const partitions = [{ partitionIndex: 0, committedOffset: 7n, committedLeaderEpoch: -1, committedMetadata: '' }]
  await client.request('OffsetCommit', 9, {
    ...{ groupId: GROUP, generationIdOrMemberEpoch: 2, memberId: 'a', groupInstanceId: null },
    topics: [{ name: TOPIC, topicId, partitions }],
  })
  const silent = { rebalanceTimeoutMs: -1, subscribedTopicNames: null, topicPartitions: null }
  for (let round = 0; round < 5; round++) {
    await world.simulation.run(30_000)
    await client.request('ConsumerGroupHeartbeat', 1, join('a', { ...silent, memberEpoch: 2 }))
  }
  const offset = async () => {
    const groups = [{ groupId: GROUP, memberId: null, memberEpoch: -1, topics: null }]
    const answer = await client.request('OffsetFetch', 9, { groups, requireStable: false })
    return answer.groups?.[0]?.topics[0]?.partitions[0]?.committedOffset
  }
  t.equal(await offset(), 7n, 'a member is subscribed')
  await client.request('ConsumerGroupHeartbeat', 1, join('a', { ...silent, memberEpoch: -1 }))
  await world.simulation.run(30_000)
  t.equal(await offset(), undefined)
  const { groups } = await client.request('ListGroups', 5, { statesFilter: [], typesFilter: ['Consumer'] })
  t.same(groups, [])
  await world.stop()
})
