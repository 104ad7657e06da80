// Consumer groups (KIP-848): members join, share, move partitions and leave; static members; regular expressions;
// commits and fetches with epochs; groups that change kind while in use, both ways.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { ConsumerProtocolSubscription } from '../../../protocol/messages/groups/consumer-protocol.ts'
import { type Scenario, type Session, versionsOf, ZERO_UUID } from '../session.ts'

type Heartbeat = RequestInputOf<'ConsumerGroupHeartbeat'>
type Partitions = readonly { readonly topicId: string; readonly partitions: readonly number[] }[]

/** Longer than the interval between two targets. */
const nextTarget = () => new Promise((resolve) => setTimeout(resolve, 1_500))

function join(groupId: string, memberId: string, changes: Partial<Heartbeat> = {}): Heartbeat {
  const subscription = { subscribedTopicNames: ['consumed'], subscribedTopicRegex: null, serverAssignor: null }
  const nobody = { instanceId: null, rackId: null }
  return {
    groupId,
    memberId,
    memberEpoch: 0,
    ...nobody,
    rebalanceTimeoutMs: 60_000,
    ...subscription,
    topicPartitions: [],
    ...changes,
  }
}

function beat(groupId: string, memberId: string, memberEpoch: number, changes: Partial<Heartbeat> = {}): Heartbeat {
  const silence = {
    rebalanceTimeoutMs: -1,
    subscribedTopicNames: null,
    subscribedTopicRegex: null,
    serverAssignor: null,
  }
  const nobody = { instanceId: null, rackId: null }
  return { groupId, memberId, memberEpoch, ...nobody, ...silence, topicPartitions: null, ...changes }
}

const owns = (
  answer: { assignment: { topicPartitions: Partitions } | null } | undefined,
): Heartbeat['topicPartitions'] =>
  (answer?.assignment?.topicPartitions ?? []).map(({ topicId, partitions }) => ({
    topicId,
    partitions: [...partitions],
  }))

async function describe(s: Session, label: string, groupId: string): Promise<void> {
  for (const version of versionsOf('ConsumerGroupDescribe')) {
    await s.ask(label, 'ConsumerGroupDescribe', version, { groupIds: [groupId], includeAuthorizedOperations: true })
  }
  await s.ask(label, 'DescribeGroups', 6, { groups: [groupId], includeAuthorizedOperations: false })
  const listed = await s.get('ListGroups', 5, { statesFilter: [], typesFilter: ['consumer'] })
  s.note(`${label}, listed`, 'ListGroups', 5, {
    ...listed,
    groups: listed.groups.filter((group) => group.groupId === groupId),
  })
}

async function sharing(s: Session): Promise<void> {
  await s.topic('consumed', 4)
  await s.coordinator('cg-share')
  for (const version of versionsOf('ConsumerGroupHeartbeat')) {
    const groupId = `cg-share-v${version}`
    const ask = (label: string, body: Heartbeat) =>
      s.ask(`${label}, ${groupId}`, 'ConsumerGroupHeartbeat', version, body)
    const a = await ask('the first joins', join(groupId, 'a'))
    await describe(s, `alone, v${version}`, groupId)
    await ask('a bare heartbeat', beat(groupId, 'a', 2))
    await ask('a full heartbeat', join(groupId, 'a', { memberEpoch: 2, topicPartitions: owns(a) }))
    await nextTarget()
    const b = await ask('the second joins', join(groupId, 'b'))
    await describe(s, `while a is behind, v${version}`, groupId)
    const less = await ask('the first learns', beat(groupId, 'a', 2))
    await ask('the second asks again', beat(groupId, 'b', b?.memberEpoch ?? 0))
    await describe(s, `while a gives up, v${version}`, groupId)
    await ask('the first still owns', beat(groupId, 'a', 2, { topicPartitions: owns(a) }))
    await ask('the first owns less', beat(groupId, 'a', 2, { topicPartitions: owns(less) }))
    await ask('the second gets them', beat(groupId, 'b', b?.memberEpoch ?? 0))
    await describe(s, `shared, v${version}`, groupId)
    await ask('an epoch that is gone', beat(groupId, 'a', 1))
    await ask('an epoch that is to come', beat(groupId, 'a', 9))
    await ask('the first with another assignor', join(groupId, 'a', { memberEpoch: 3, serverAssignor: 'range' }))
    await ask('the first leaves', beat(groupId, 'a', -1))
    await ask('the first leaves again', beat(groupId, 'a', -1))
    await nextTarget()
    await ask('the second gets the rest', beat(groupId, 'b', 3))
    await s.ask(`not yet, v${version}`, 'DeleteGroups', 3, { groupsNames: [groupId] })
    await ask('the second leaves', beat(groupId, 'b', -1))
    await describe(s, `empty, v${version}`, groupId)
    await s.ask(`now, v${version}`, 'DeleteGroups', 3, { groupsNames: [groupId] })
    await describe(s, `deleted, v${version}`, groupId)
  }
}

async function refusals(s: Session): Promise<void> {
  const groupId = 'cg-refused'
  await s.coordinator(groupId)
  const cases: Readonly<Record<string, Heartbeat>> = {
    'no member id': join(groupId, ''),
    'a blank member id': join(groupId, ' '),
    'no group id': join('', 'a'),
    'an empty instance id': join(groupId, 'a', { instanceId: '' }),
    'an empty rack': join(groupId, 'a', { rackId: '' }),
    'no rebalance timeout': join(groupId, 'a', { rebalanceTimeoutMs: -1 }),
    'it owns when it joins': join(groupId, 'a', { topicPartitions: [{ topicId: ZERO_UUID, partitions: [0] }] }),
    'it does not say what it owns': join(groupId, 'a', { topicPartitions: null }),
    'no subscription': join(groupId, 'a', { subscribedTopicNames: null }),
    'an assignor that nobody knows': join(groupId, 'a', { serverAssignor: 'best' }),
    'away without an instance': beat(groupId, 'a', -2),
    'an epoch below all': beat(groupId, 'a', -3),
    'a group that is not there': beat('cg-nowhere', 'a', 1),
    'leaving a group that is not there': beat('cg-nowhere', 'a', -1),
    'away from a group that is not there': beat('cg-nowhere', 'a', -2, { instanceId: 'i' }),
  }
  for (const [label, body] of Object.entries(cases)) {
    for (const version of versionsOf('ConsumerGroupHeartbeat')) {
      if (version === 0 && label === 'no member id') continue
      await s.ask(label, 'ConsumerGroupHeartbeat', version, body)
    }
  }
  await s.ask('v0 makes a member id', 'ConsumerGroupHeartbeat', 0, join('cg-made', ''))
  await s.ask('no such group', 'ConsumerGroupDescribe', 1, {
    groupIds: ['cg-nowhere', ''],
    includeAuthorizedOperations: false,
  })
  await s.ask('joins', 'ConsumerGroupHeartbeat', 1, join(groupId, 'a'))
  for (const [label, body] of Object.entries({
    'somebody unknown': beat(groupId, 'x', 2),
    'an instance that nobody knows': beat(groupId, 'a', 2, { instanceId: 'i' }),
    'leaving as an instance that nobody knows': beat(groupId, 'a', -1, { instanceId: 'i' }),
    'a topic that nobody knows': join(groupId, 'a', { memberEpoch: 2, subscribedTopicNames: ['unknown'] }),
    'no topic at all': join('cg-nothing', 'a', { subscribedTopicNames: [] }),
  })) {
    await s.ask(label, 'ConsumerGroupHeartbeat', 1, body)
  }
}

async function staticMembers(s: Session): Promise<void> {
  const groupId = 'cg-static'
  await s.coordinator(groupId)
  const instanceId = 'one'
  const ask = (label: string, body: Heartbeat) => s.ask(label, 'ConsumerGroupHeartbeat', 1, body)
  await ask('the first', join(groupId, 'a', { instanceId }))
  await ask('the second comes too early', join(groupId, 'b', { instanceId }))
  await ask('the second heartbeats', beat(groupId, 'b', 2, { instanceId }))
  await ask('the second leaves', beat(groupId, 'b', -1, { instanceId }))
  await ask('the first goes away', beat(groupId, 'a', -2, { instanceId }))
  await describe(s, 'away', groupId)
  await ask('the second takes over', join(groupId, 'b', { instanceId }))
  await describe(s, 'taken over', groupId)
  await ask('the first comes back', beat(groupId, 'a', 2, { instanceId }))
  await ask('the second goes away', beat(groupId, 'b', -2, { instanceId }))
  await ask('and comes back', join(groupId, 'b', { instanceId }))
  await s.ask('an administrator removes it', 'LeaveGroup', 5, {
    ...{ groupId, memberId: '' },
    members: [
      { memberId: '', groupInstanceId: instanceId, reason: null },
      { memberId: 'x', groupInstanceId: null, reason: null },
    ],
  })
  await describe(s, 'removed', groupId)
}

async function expressions(s: Session): Promise<void> {
  const groupId = 'cg-regex'
  await s.coordinator(groupId)
  await s.topic('matched-1', 1)
  await s.topic('matched-2', 1)
  const subscribed = (subscribedTopicRegex: string) => ({ subscribedTopicNames: null, subscribedTopicRegex })
  for (const regex of [
    '(',
    '[',
    'a**',
    '(?=a)',
    'a{1001}',
    '\\8',
    'x{2,1}',
    '(?P<n',
    '*',
    '\\pX',
    '(?<a>b)(?<a>c)',
    '\\C',
  ]) {
    await s.ask(`the expression ${regex}`, 'ConsumerGroupHeartbeat', 1, join(groupId, 'a', subscribed(regex)))
  }
  await s.ask('a long one', 'ConsumerGroupHeartbeat', 1, join('cg-long', 'a', subscribed('a?'.repeat(4_000))))
  await s.ask('a valid one', 'ConsumerGroupHeartbeat', 1, join(groupId, 'a', subscribed('matched-[0-9]')))
  await s.settled(
    'it is resolved',
    'ConsumerGroupHeartbeat',
    1,
    beat(groupId, 'a', 1),
    ({ assignment }) => (assignment?.topicPartitions.length ?? 0) === 2,
  )
  await describe(s, 'by expression', groupId)
  await nextTarget()
  await s.ask(
    'names instead',
    'ConsumerGroupHeartbeat',
    1,
    join(groupId, 'a', { memberEpoch: 2, subscribedTopicRegex: '', subscribedTopicNames: ['matched-1'] }),
  )
  await describe(s, 'by name', groupId)
  await s.ask('it goes', 'ConsumerGroupHeartbeat', 1, beat(groupId, 'a', -1))
}

async function committing(s: Session): Promise<void> {
  const groupId = 'cg-commit'
  const topicId = await s.topic('committed-to', 2)
  await s.coordinator(groupId)
  const subscribed = { subscribedTopicNames: ['committed-to'] }
  await s.ask('joins', 'ConsumerGroupHeartbeat', 1, join(groupId, 'a', subscribed))
  const partition = { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: -1, committedMetadata: '' }
  const commit = (memberId: string, epoch: number): RequestInputOf<'OffsetCommit'> => ({
    ...{ groupId, memberId, generationIdOrMemberEpoch: epoch, groupInstanceId: null, retentionTimeMs: -1n },
    topics: [{ name: 'committed-to', topicId, partitions: [partition, { ...partition, partitionIndex: 1 }] }],
  })
  for (const version of versionsOf('OffsetCommit')) {
    await s.ask('at its epoch', 'OffsetCommit', version, commit('a', 2))
    await s.ask('at an epoch to come', 'OffsetCommit', version, commit('a', 3))
    await s.ask('at an epoch that is gone', 'OffsetCommit', version, commit('a', 1))
    await s.ask('somebody else', 'OffsetCommit', version, commit('x', 2))
    await s.ask('nobody', 'OffsetCommit', version, commit('', -1))
  }
  for (const version of versionsOf('OffsetFetch', 9)) {
    for (const [label, memberId, memberEpoch] of [
      ['at its epoch', 'a', 2],
      ['at another epoch', 'a', 1],
      ['somebody else', 'x', 2],
      ['nobody', null, -1],
    ] as const) {
      const topics = [{ name: 'committed-to', topicId, partitionIndexes: [0, 1] }]
      const groups = [{ groupId, memberId, memberEpoch, topics }]
      await s.ask(label, 'OffsetFetch', version, { groups, requireStable: false })
    }
  }
  await nextTarget()
  await s.ask('another joins', 'ConsumerGroupHeartbeat', 1, join(groupId, 'b', subscribed))
  await s.ask('the first gives up', 'ConsumerGroupHeartbeat', 1, beat(groupId, 'a', 2))
  await s.ask(
    'the first has given up',
    'ConsumerGroupHeartbeat',
    1,
    beat(groupId, 'a', 2, { topicPartitions: [{ topicId, partitions: [0] }] }),
  )
  await s.ask('behind, of what it has had since and what it has not', 'OffsetCommit', 9, commit('a', 2))
  await s.ask('the other gets it', 'ConsumerGroupHeartbeat', 1, beat(groupId, 'b', 3))
  await s.ask('behind, but not on what is new', 'OffsetCommit', 9, commit('b', 2))
  const topics = [
    { name: 'committed-to', partitions: [{ partitionIndex: 0 }] },
    { name: 'consumed', partitions: [{ partitionIndex: 0 }] },
  ]
  await s.ask('subscribed topics keep their offsets', 'OffsetDelete', 0, { groupId, topics })
  for (const memberId of ['a', 'b'])
    await s.ask(`${memberId} leaves`, 'ConsumerGroupHeartbeat', 1, beat(groupId, memberId, -1))
  await s.ask('a commit to an empty group', 'OffsetCommit', 9, commit('', -1))
  await s.ask('an empty group gives them up', 'OffsetDelete', 0, { groupId, topics })
}

function classicJoin(groupId: string, memberId: string): RequestInputOf<'JoinGroup'> {
  const subscription = ConsumerProtocolSubscription.encodeBytes(
    { topics: ['migrated'], userData: null, ownedPartitions: [] },
    1,
  )
  const metadata = new Uint8Array([0, 1, ...subscription])
  const timeouts = { sessionTimeoutMs: 45_000, rebalanceTimeoutMs: 60_000 }
  return { groupId, memberId, ...timeouts, protocolType: 'consumer', protocols: [{ name: 'range', metadata }] }
}

async function migrating(s: Session): Promise<void> {
  await s.topic('migrated', 2)
  const groupId = 'cg-migrated'
  await s.coordinator(groupId)
  const subscribed = { subscribedTopicNames: ['migrated'] }
  await s.ask('the first joins', 'ConsumerGroupHeartbeat', 1, join(groupId, 'new', subscribed))
  await nextTarget()
  const asked = await s.ask('a classic member comes', 'JoinGroup', 9, classicJoin(groupId, ''))
  const memberId = asked?.memberId ?? ''
  const sync = (generationId: number) => ({
    groupId,
    generationId,
    memberId,
    protocolType: 'consumer',
    protocolName: 'range',
    assignments: [],
  })
  const joined = await s.ask('it joins', 'JoinGroup', 9, classicJoin(groupId, memberId))
  const generationId = joined?.generationId ?? 0
  await s.ask('it fetches', 'SyncGroup', 5, sync(generationId))
  await s.ask('it fetches with another protocol', 'SyncGroup', 5, { ...sync(generationId), protocolName: 'sticky' })
  await s.ask('its heartbeat', 'Heartbeat', 4, { groupId, generationId, memberId })
  await s.ask('a heartbeat of another generation', 'Heartbeat', 4, { groupId, generationId: 9, memberId })
  await s.ask('a heartbeat of the other', 'Heartbeat', 4, { groupId, generationId, memberId: 'new' })
  await describe(s, 'mixed', groupId)
  const less = await s.ask('the other gives up', 'ConsumerGroupHeartbeat', 1, beat(groupId, 'new', 2))
  await s.ask(
    'the other has given up',
    'ConsumerGroupHeartbeat',
    1,
    beat(groupId, 'new', 2, { topicPartitions: owns(less) }),
  )
  await s.ask('its heartbeat then', 'Heartbeat', 4, { groupId, generationId, memberId })
  const again = await s.ask('it joins again', 'JoinGroup', 9, classicJoin(groupId, memberId))
  await s.ask('it fetches again', 'SyncGroup', 5, sync(again?.generationId ?? 0))
  await describe(s, 'shared', groupId)
  await s.ask('the other leaves', 'ConsumerGroupHeartbeat', 1, beat(groupId, 'new', -1))
  await describe(s, 'classic', groupId)
  await s.ask('its heartbeat there', 'Heartbeat', 4, { groupId, generationId: 4, memberId })
  await s.ask(
    'the group is upgraded while it rebalances',
    'ConsumerGroupHeartbeat',
    1,
    join(groupId, 'next', subscribed),
  )
  await describe(s, 'upgraded', groupId)
  await s.ask('it leaves', 'LeaveGroup', 5, {
    groupId,
    memberId: '',
    members: [{ memberId, groupInstanceId: null, reason: null }],
  })
  await s.ask('all leave', 'ConsumerGroupHeartbeat', 1, beat(groupId, 'next', -1))
  await s.ask('an empty group changes kind', 'JoinGroup', 3, classicJoin(groupId, ''))
}

export const consumerScenarios: Readonly<Record<string, Scenario>> = {
  'consumer groups: sharing': sharing,
  'consumer groups: refusals': refusals,
  'consumer groups: static members': staticMembers,
  'consumer groups: expressions': expressions,
  'consumer groups: committing': committing,
  'consumer groups: migrating': migrating,
}
