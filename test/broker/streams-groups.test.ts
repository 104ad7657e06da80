// Streams groups over the wire, on a whole broker: internal topics are made, and everything outlives a crash.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { internalTopic, subtopology, type Topology } from './coordinator/group/streams/stream-thread.ts'
import { type Client, World } from './harness.ts'

const NO_WAIT = { 'group.streams.initial.rebalance.delay.ms': '0' }

const COUNTING: Topology = {
  epoch: 0,
  subtopologies: [
    subtopology('0', { sourceTopics: ['lines'], repartitionSinkTopics: ['app-words-repartition'] }),
    subtopology('1', {
      repartitionSourceTopics: [internalTopic('app-words-repartition')],
      stateChangelogTopics: [internalTopic('app-counts-changelog')],
    }),
  ],
}

function beat(client: Client, memberEpoch: number, topology: Topology | null = null) {
  const isJoining = memberEpoch === 0
  return client.request('StreamsGroupHeartbeat', 1, {
    groupId: 'app',
    memberId: 'thread',
    memberEpoch,
    endpointInformationEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: isJoining ? 30_000 : -1,
    topology,
    activeTasks: isJoining ? [] : null,
    standbyTasks: isJoining ? [] : null,
    warmupTasks: isJoining ? [] : null,
    processId: isJoining ? 'process' : null,
    userEndpoint: null,
    clientTags: isJoining ? [] : null,
    taskOffsets: null,
    taskEndOffsets: null,
    shutdownApplication: false,
  })
}

async function createLines(client: Client, numPartitions: number): Promise<void> {
  const topic = { name: 'lines', numPartitions, replicationFactor: 1, assignments: [], configs: [] }
  await client.request('CreateTopics', 7, { topics: [topic], timeoutMs: 1_000, validateOnly: false })
}

/** The first request makes the topic that the coordinator keeps its state in. */
async function join(world: World, client: Client, topology: Topology) {
  await client.request('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['app'] })
  await world.simulation.run(1_000)
  return beat(client, 0, topology)
}

t.test(
  'repartition and changelog topics are made with the partitions they need, then tasks are given out',
  async (t) => {
    const world = await World.start(t, NO_WAIT)
    let client = await world.connect()
    await createLines(client, 3)
    const joined = await join(world, client, COUNTING)
    t.match(joined, { errorCode: 0, activeTasks: { length: 0 }, status: [{ statusCode: 3 }] })
    await world.simulation.run(1_100)
    const names = ['app-words-repartition', 'app-counts-changelog']
    const { topics } = await client.request('Metadata', 9, {
      topics: names.map((name) => ({ name })),
      allowAutoTopicCreation: false,
    })
    t.same(
      topics.map(({ partitions }) => partitions.length),
      [3, 3],
    )
    const told = await beat(client, joined.memberEpoch)
    t.same(told.activeTasks, [
      { subtopologyId: '0', partitions: [0, 1, 2] },
      { subtopologyId: '1', partitions: [0, 1, 2] },
    ])
    world.node.crash()
    await world.restart()
    client = await world.connect()
    await world.simulation.run(1_000)
    t.match(await beat(client, told.memberEpoch), {
      errorCode: 0,
      memberEpoch: told.memberEpoch,
      status: { length: 0 },
    })
    const groupIds = ['app']
    const described = await client.request('StreamsGroupDescribe', 1, { groupIds, includeAuthorizedOperations: true })
    t.match(described.groups, [
      { groupState: 'Stable', members: [{ assignment: { activeTasks: told.activeTasks ?? [] } }] },
    ])
    t.equal(described.groups[0]?.authorizedOperations, 3400)
    await world.stop()
  },
)

t.test('what keeps an internal topic from being made is told', async (t) => {
  const world = await World.start(t, NO_WAIT)
  const client = await world.connect()
  await createLines(client, 1)
  const changelog = { ...internalTopic('app-log'), topicConfigs: [{ key: 'cleanup.policy', value: 'never' }] }
  const subtopologies = [subtopology('0', { sourceTopics: ['lines'], stateChangelogTopics: [changelog] })]
  const joined = await join(world, client, { epoch: 0, subtopologies })
  t.equal(joined.status?.[0]?.statusDetail, 'Internal topics are missing: app-log')
  await world.simulation.run(1_000)
  const told = await beat(client, joined.memberEpoch)
  t.match(told.status?.[0]?.statusDetail, /^Internal topics are missing: app-log; Creation failed: app-log \(.*never/)
  await world.stop()
})

t.test('topologies with topics of Kafka, or names that are none, are refused', async (t) => {
  const world = await World.start(t, NO_WAIT)
  const client = await world.connect()
  const reading = (topic: string): Topology => {
    return { epoch: 0, subtopologies: [subtopology('0', { sourceTopics: [topic] })] }
  }
  for (const topic of ['__consumer_offsets', 'a b', '.']) {
    t.equal((await beat(client, 0, reading(topic))).errorCode, ErrorCode.STREAMS_INVALID_TOPOLOGY)
  }
  await world.stop()
})

t.test('streams groups are there when their feature is, and their protocol is allowed', async (t) => {
  const world = await World.start(t, { ...NO_WAIT, 'group.coordinator.rebalance.protocols': 'classic,consumer' })
  const client = await world.connect()
  t.equal((await beat(client, 0, COUNTING)).errorCode, ErrorCode.UNSUPPORTED_VERSION)
  const request = { groupIds: ['app'], includeAuthorizedOperations: false }
  const { groups } = await client.request('StreamsGroupDescribe', 0, request)
  t.match(groups, [{ groupId: 'app', errorCode: ErrorCode.UNSUPPORTED_VERSION }])
  await world.stop()

  const old = await World.start(t, NO_WAIT)
  const asking = await old.connect()
  const featureUpdates = [{ feature: 'streams.version', maxVersionLevel: 0, upgradeType: 2 }]
  t.match(await asking.request('UpdateFeatures', 2, { featureUpdates, validateOnly: false }), { errorCode: 0 })
  t.equal((await beat(asking, 0, COUNTING)).errorCode, ErrorCode.UNSUPPORTED_VERSION)
  t.match((await asking.request('StreamsGroupDescribe', 0, request)).groups, [
    { groupId: 'app', errorCode: ErrorCode.UNSUPPORTED_VERSION },
  ])
  await old.stop()
})
