// Streams groups (KIP-1071): what is refused, members that come, share, move and go, topologies whose topics are not
// there yet, and what the group answers to requests of other kinds.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import { joinBody } from './groups.ts'

type Heartbeat = RequestInputOf<'StreamsGroupHeartbeat'>
type Topology = NonNullable<Heartbeat['topology']>
type Subtopology = Topology['subtopologies'][number]

const API = 'StreamsGroupHeartbeat'
const NOTHING_READ = {
  sourceTopics: [],
  sourceTopicRegex: [],
  stateChangelogTopics: [],
  repartitionSinkTopics: [],
  repartitionSourceTopics: [],
  copartitionGroups: [],
}

const part = (subtopologyId: string, parts: Partial<Subtopology>): Subtopology => {
  return { subtopologyId, ...NOTHING_READ, ...parts }
}
const internal = (name: string, partitions = 0, configs: Readonly<Record<string, string>> = {}) => ({
  name,
  partitions,
  replicationFactor: 0,
  topicConfigs: Object.entries(configs).map(([key, value]) => ({ key, value })),
})
const reading = (topic: string, epoch = 0): Topology => ({
  epoch,
  subtopologies: [part('0', { sourceTopics: [topic] })],
})
const tasks = (...partitions: number[]) => [{ subtopologyId: '0', partitions }]
const owning = (active: ReturnType<typeof tasks> | []) => {
  return { activeTasks: active, standbyTasks: [], warmupTasks: [] }
}

/** The topic that a group reads. */
const inputOf = (groupId: string): string => `${groupId}-in`

/** A member that joins, unless it is told otherwise. */
function body(groupId: string, extra: Partial<Heartbeat> = {}): Heartbeat {
  const isJoining = (extra.memberEpoch ?? 0) === 0
  return {
    groupId,
    memberId: 'member',
    memberEpoch: 0,
    endpointInformationEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: isJoining ? 60_000 : -1,
    topology: isJoining ? reading(inputOf(groupId)) : null,
    activeTasks: isJoining ? [] : null,
    standbyTasks: isJoining ? [] : null,
    warmupTasks: isJoining ? [] : null,
    processId: isJoining ? 'process' : null,
    userEndpoint: null,
    clientTags: isJoining ? [] : null,
    taskOffsets: null,
    taskEndOffsets: null,
    shutdownApplication: false,
    ...extra,
  }
}

async function configure(s: Session, groupId: string, configs: Readonly<Record<string, string>> = {}): Promise<void> {
  const all = { 'streams.initial.rebalance.delay.ms': '0', 'streams.assignment.interval.ms': '0', ...configs }
  const rows = Object.entries(all).map(([name, value]) => ({ name, value, configOperation: 0 }))
  const resource = { resourceType: 32, resourceName: groupId, configs: rows }
  await s.get('IncrementalAlterConfigs', 1, { resources: [resource], validateOnly: false })
  // A group coordinator may learn of it later than the answer says.
  await new Promise((resolve) => setTimeout(resolve, 300))
}

/** A group whose members get their tasks at once. */
async function group(s: Session, groupId: string, configs: Readonly<Record<string, string>> = {}) {
  await s.coordinator(groupId)
  await s.topic(inputOf(groupId), 2)
  await configure(s, groupId, configs)
  return (label: string, extra: Partial<Heartbeat> = {}, version = 1) =>
    s.ask(`${groupId}: ${label}`, API, version, body(groupId, extra))
}

function describe(s: Session, groupId: string, label: string, version = 1) {
  const asked = version === 0 ? {} : { includeTopologyDescription: true }
  const request = { groupIds: [groupId], includeAuthorizedOperations: true, ...asked }
  return s.ask(`${groupId}: ${label}`, 'StreamsGroupDescribe', version, request)
}

async function refused(s: Session): Promise<void> {
  for (const version of versionsOf(API)) {
    const groupId = `streams-refused-${version}`
    const input = inputOf(groupId)
    const beat = await group(s, groupId)
    const ask = (label: string, extra: Partial<Heartbeat>) => beat(label, extra, version)
    await ask('no member id', { memberId: '' })
    await ask('an empty instance', { instanceId: '' })
    await ask('an empty rack', { rackId: ' ' })
    await ask('no rebalance timeout', { rebalanceTimeoutMs: -1 })
    await ask('tasks of its own', { activeTasks: tasks(0) })
    await ask('standby tasks of its own', { standbyTasks: tasks(0) })
    await ask('warm-up tasks of its own', { warmupTasks: tasks(0) })
    await ask('no topology', { topology: null })
    await ask('one kind of tasks', { standbyTasks: null, warmupTasks: null })
    await ask('a member that there is not', { memberEpoch: 3 })
    await ask('a topology later', { memberEpoch: 3, topology: reading(input) })
    await ask('away without an instance', { memberEpoch: -2 })
    await ask('an epoch that there is not', { memberEpoch: -3 })
    await ask('leaving what is not there', { memberEpoch: -1 })
    await ask('a topic of Kafka', { topology: reading('__consumer_offsets') })
    await ask('no name for a topic', { topology: reading('a b') })
    const regex = part('0', { sourceTopicRegex: ['a.*'] })
    await ask('a regular expression', { topology: { epoch: 0, subtopologies: [regex] } })
    const counted = part('0', { sourceTopics: [input], stateChangelogTopics: [internal('log', 2)] })
    await ask('a changelog with a count', { topology: { epoch: 0, subtopologies: [counted] } })
    await ask('nothing to read', { topology: { epoch: 0, subtopologies: [part('0', {})] } })
    await ask('no subtopology', { topology: { epoch: 0, subtopologies: [] } })
    await ask('a negative epoch', { topology: reading(input, -1) })
    await ask('a subtopology twice', {
      topology: { epoch: 0, subtopologies: [...reading(input).subtopologies, part('0', {})] },
    })
  }
  await s.ask('no group id', API, 1, body(''))
  const update = { groupId: 'streams-refused-1', memberId: 'member', topologyEpoch: 0 }
  const nothing = { subtopologies: [], globalStores: [] }
  const name = 'StreamsGroupTopologyDescriptionUpdate'
  await s.ask('a description', name, 0, { ...update, topologyDescription: nothing })
  await describe(s, 'streams-none', 'not there')
  await describe(s, '', 'no id')
}

async function lone(s: Session): Promise<void> {
  for (const version of versionsOf(API)) {
    const groupId = `streams-lone-${version}`
    const beat = await group(s, groupId)
    const ask = (label: string, extra: Partial<Heartbeat> = {}) => beat(label, extra, version)
    await ask('joins')
    await describe(s, groupId, 'after the join', version)
    await ask('has its tasks', { memberEpoch: 2, ...owning(tasks(0, 1)) })
    await ask('says nothing', { memberEpoch: 2 })
    await ask('a greater epoch', { memberEpoch: 3 })
    await ask('a smaller epoch', { memberEpoch: 1 })
    await ask('joins again')
    await ask('a task that there is not', { memberEpoch: 2, ...owning(tasks(2)) })
    const other = [{ subtopologyId: '1', partitions: [0] }]
    await ask('a subtopology that there is not', { memberEpoch: 2, ...owning(other) })
    const offset = (partition: number) => ({ subtopologyId: '0', partition, offset: 7n })
    await ask('offsets', { memberEpoch: 2, taskOffsets: [offset(1), offset(0)], taskEndOffsets: [offset(0)] })
    await ask('offsets twice', { memberEpoch: 2, taskOffsets: [offset(1), offset(1)] })
    await ask('an older topology', { memberId: 'old', topology: { ...reading(inputOf(groupId)), epoch: 0 } })
    await ask('a newer topology', { memberId: 'new', topology: reading(inputOf(groupId), 1) })
    await ask('another topology', { memberId: 'new', topology: reading('streams-out') })
    await ask('asks for the end', { memberEpoch: 2, shutdownApplication: true })
    await describe(s, groupId, 'at the end', version)
    await s.ask(`${groupId}: listed`, 'ListGroups', 5, { statesFilter: [], typesFilter: ['streams'] })
    await s.ask(`${groupId}: deleted too early`, 'DeleteGroups', 2, { groupsNames: [groupId] })
    await ask('the old one leaves', { memberId: 'old', memberEpoch: -1 })
    await ask('leaves', { memberEpoch: -1 })
    await ask('leaves again', { memberEpoch: -1 })
    await describe(s, groupId, 'empty', version)
    await s.ask(`${groupId}: deleted`, 'DeleteGroups', 2, { groupsNames: [groupId] })
    await describe(s, groupId, 'gone', version)
  }
}

async function shared(s: Session): Promise<void> {
  const groupId = 'streams-shared'
  const beat = await group(s, groupId)
  const endpoint = (port: number) => ({ userEndpoint: { host: 'localhost', port } })
  const [a, b] = [{ memberId: 'a' }, { memberId: 'b' }]
  const first = await beat('a joins', { ...a, ...endpoint(1), endpointInformationEpoch: -1, processId: 'one' })
  const epoch = first?.memberEpoch ?? 0
  await beat('a has all', { ...a, memberEpoch: epoch, ...owning(tasks(0, 1)) })
  await beat('b joins', { ...b, ...endpoint(2), endpointInformationEpoch: -1, processId: 'two' })
  await describe(s, groupId, 'a has what b waits for')
  const told = await beat('a is told', { ...a, memberEpoch: epoch, ...owning(tasks(0, 1)) })
  const kept = told?.activeTasks?.[0]?.partitions ?? []
  await beat('b waits', { ...b, memberEpoch: told?.memberEpoch === epoch ? epoch + 1 : epoch })
  const gave = await beat('a gave up', { ...a, memberEpoch: epoch, ...owning(tasks(...kept)) })
  const current = gave?.memberEpoch ?? 0
  await beat('b gets the rest', { ...b, memberEpoch: current, ...owning([]) })
  await beat('a again', { ...a, memberEpoch: current, ...owning(tasks(...kept)) })
  await describe(s, groupId, 'shared')
  await configure(s, groupId, { 'streams.num.standby.replicas': '1' })
  await beat('with standby tasks, but without state', { ...a, memberEpoch: current, ...owning(tasks(...kept)) })
  const commit = (label: string, extra: Partial<RequestInputOf<'OffsetCommit'>>, partitionIndex = 0) =>
    s.ask(label, 'OffsetCommit', 9, {
      ...{ groupId, generationIdOrMemberEpoch: -1, memberId: '' },
      topics: [
        { name: inputOf(groupId), partitions: [{ partitionIndex, committedOffset: 1n, committedMetadata: '' }] },
      ],
      ...extra,
    })
  await commit('a commit of nobody', {})
  await commit('of another member', { memberId: 'x', generationIdOrMemberEpoch: 1 })
  await commit('of a later epoch', { memberId: 'a', generationIdOrMemberEpoch: 100 })
  await commit('of the epoch when it came', { memberId: 'a', generationIdOrMemberEpoch: epoch }, kept[0])
  await commit('of before', { memberId: 'a', generationIdOrMemberEpoch: 1 }, kept[0])
  await s.ask('deleted offsets', 'OffsetDelete', 0, {
    groupId,
    topics: [{ name: inputOf(groupId), partitions: [{ partitionIndex: 0 }] }],
  })
  await s.ask('described as classic', 'DescribeGroups', 6, { groups: [groupId] })
  await s.ask('described as one of consumers', 'ConsumerGroupDescribe', 1, {
    groupIds: [groupId],
    includeAuthorizedOperations: false,
  })
  await s.ask('a consumer', 'JoinGroup', 9, joinBody(groupId, {}))
  await s.ask('of the newer kind', 'ConsumerGroupHeartbeat', 1, {
    ...{ groupId, memberId: 'c', memberEpoch: 0, rebalanceTimeoutMs: 1000 },
    ...{ subscribedTopicNames: [inputOf(groupId)], topicPartitions: [] },
  })
}

async function staying(s: Session): Promise<void> {
  const groupId = 'streams-static'
  const beat = await group(s, groupId)
  const instance = { instanceId: 'one' }
  await beat('joins', instance)
  await beat('another one under the instance', { ...instance, memberId: 'second' })
  await beat('of the instance, not joining', { ...instance, memberId: 'second', memberEpoch: 2 })
  await beat('an instance that there is not', { instanceId: 'two', memberEpoch: 2 })
  await beat('goes away', { ...instance, memberEpoch: -2 })
  await describe(s, groupId, 'away')
  await beat('comes back', { ...instance, memberId: 'second' })
  await beat('too late', { ...instance, memberEpoch: 2 })
  await describe(s, groupId, 'back')
  await beat('leaves', { ...instance, memberId: 'second', memberEpoch: -1 })
  await describe(s, groupId, 'left')
}

async function topologies(s: Session): Promise<void> {
  await s.topic('streams-three', 3)
  const groupId = 'streams-app'
  const beat = await group(s, groupId)
  const changelog = internal('streams-app-changelog', 0, { 'cleanup.policy': 'compact', 'segment.bytes': '2000000' })
  const topology = {
    epoch: 0,
    subtopologies: [part('0', { sourceTopics: ['streams-late'], stateChangelogTopics: [changelog] })],
  }
  await beat('a source that is missing', { topology })
  await describe(s, groupId, 'not ready')
  await s.topic('streams-late', 2)
  const request = { ...body(groupId), memberEpoch: 2, ...owning([]), topology: null }
  await s.settled('a changelog is missing', API, 1, request, ({ status }) => status?.[0]?.statusCode === 3)
  await s.settled(
    'and made',
    'Metadata',
    12,
    { topics: [{ name: changelog.name }], allowAutoTopicCreation: false },
    (it) => it.topics.every(({ errorCode, partitions }) => errorCode === 0 && partitions.length === 2),
  )
  const configs = ['cleanup.policy', 'segment.bytes']
  await s.ask('as it was wanted', 'DescribeConfigs', 4, {
    resources: [{ resourceType: 2, resourceName: changelog.name, configurationKeys: configs }],
    includeSynonyms: true,
  })
  await learnt()
  const ready = ({ groups }: { groups: readonly { groupState: string }[] }) => groups[0]?.groupState === 'Stable'
  for (let round = 0; round < 50; round++) {
    const answer = await s.get(API, 1, { ...request, memberEpoch: -1 })
    if (answer.errorCode === 0) break
  }
  await s.get(API, 1, { ...body(groupId), topology })
  await s.settled(
    'with all topics',
    'StreamsGroupDescribe',
    1,
    { groupIds: [groupId], includeAuthorizedOperations: false },
    ready,
  )
  const fault = async (name: string, subtopologies: Subtopology[]) => {
    const ask = await group(s, `streams-${name}`)
    await ask('joins', { topology: { epoch: 0, subtopologies } })
    await ask('goes on', { memberEpoch: 2 })
  }
  const pair = { sourceTopics: [0, 1], sourceTopicRegex: [], repartitionSourceTopics: [] }
  const both = [inputOf(groupId), 'streams-three']
  await fault('copartitioned', [part('0', { sourceTopics: both, copartitionGroups: [pair] })])
  const again = { repartitionSourceTopics: [internal('again')], repartitionSinkTopics: ['again'] }
  await fault('loop', [part('0', again)])
  await fault('nobody-writes', [
    part('0', { sourceTopics: [inputOf(groupId)], repartitionSourceTopics: [internal('r')] }),
  ])
  const mixed = { sourceTopics: [0], sourceTopicRegex: [], repartitionSourceTopics: [0] }
  const fixed = { sourceTopics: [inputOf(groupId)], repartitionSourceTopics: [internal('r', 5)] }
  await fault('fixed', [part('0', { ...fixed, copartitionGroups: [mixed] })])
  const wrong = { sourceTopics: [inputOf(groupId)], stateChangelogTopics: [internal('streams-three')] }
  await fault('wrong-count', [part('0', wrong)])
  const refusedConfig = internal('streams-bad-changelog', 0, { 'cleanup.policy': 'never' })
  const bad = await group(s, 'streams-bad')
  const unmade = [part('0', { sourceTopics: [inputOf(groupId)], stateChangelogTopics: [refusedConfig] })]
  await bad('joins', { topology: { epoch: 0, subtopologies: unmade } })
  await s.settled(
    'what cannot be made',
    API,
    1,
    body('streams-bad', { memberEpoch: 2 }),
    ({ status }) => status?.some(({ statusDetail }) => statusDetail.includes('Creation failed')) === true,
  )
}

/** Kafka's coordinators learn of a topic later than its Metadata shows it; a group that was not ready then stays so. */
const learnt = () => new Promise<void>((resolve) => setTimeout(resolve, 1000))

async function waiting(s: Session): Promise<void> {
  const groupId = 'streams-waiting'
  await s.coordinator(groupId)
  await s.topic(inputOf(groupId), 2)
  await learnt()
  await s.ask('the first joins', API, 1, body(groupId))
  await describe(s, groupId, 'while the first waits')
  const request = body(groupId, { memberEpoch: 1 })
  await s.settled('tasks at last', API, 1, request, ({ activeTasks }) => (activeTasks?.length ?? 0) > 0)
  await s.ask('the second joins at once', API, 1, body(groupId, { memberId: 'second' }))
  const tagged = await group(s, 'streams-tagged', { 'streams.rack.aware.assignment.tags': 'zone,cluster' })
  await tagged('without tags')
  await tagged('without tags, an older client', {}, 0)
  await tagged('with one', { memberId: 'other', clientTags: [{ key: 'zone', value: 'x' }] })
}

async function mixing(s: Session): Promise<void> {
  const groupId = 'streams-mixed'
  const beat = await group(s, groupId)
  const asked = await s.get('JoinGroup', 9, joinBody(groupId, {}))
  const joined = await s.get('JoinGroup', 9, joinBody(groupId, { memberId: asked.memberId }))
  await beat('while consumers are there')
  await describe(s, groupId, 'of consumers')
  const { memberId } = joined
  await s.get('LeaveGroup', 4, { groupId, members: [{ memberId, groupInstanceId: null }] })
  await beat('when they have left')
  await describe(s, groupId, 'of streams')
  await beat('leaves', { memberEpoch: -1 })
  await s.ask('consumers again', 'JoinGroup', 9, joinBody(groupId, {}))
}

async function settings(s: Session): Promise<void> {
  const set = (name: string, value: string) =>
    s.ask(`${name}=${value}`, 'IncrementalAlterConfigs', 1, {
      resources: [{ resourceType: 32, resourceName: 'streams-set', configs: [{ name, value, configOperation: 0 }] }],
      validateOnly: false,
    })
  await set('streams.num.standby.replicas', '2')
  await set('streams.num.standby.replicas', '3')
  await set('streams.num.standby.replicas', '-1')
  await set('streams.num.warmup.replicas', '20')
  await set('streams.num.warmup.replicas', '21')
  await set('streams.task.offset.interval.ms', '14999')
  await set('streams.task.offset.interval.ms', '15000')
  await set('streams.assignment.interval.ms', '15000')
  await set('streams.assignment.interval.ms', '15001')
  await set('streams.session.timeout.ms', '44999')
  await set('streams.heartbeat.interval.ms', '15001')
  await set('streams.rack.aware.assignment.tags', 'a,b')
  await set('streams.rack.aware.assignment.tags', 'a,b,a')
  await set('streams.assignor.name', 'sticky')
  await set('streams.assignor.name', 'best')
  await set('streams.initial.rebalance.delay.ms', '-1')
}

export const streamsScenarios: Readonly<Record<string, Scenario>> = {
  'streams-refused': refused,
  'streams-lone': lone,
  'streams-shared': shared,
  'streams-static': staying,
  'streams-topologies': topologies,
  'streams-waiting': waiting,
  'streams-mixed': mixing,
  'streams-settings': settings,
}
