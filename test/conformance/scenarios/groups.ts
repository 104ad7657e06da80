// Classic groups and their offsets.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import type { Peer } from '../peer.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'

const encoder = new TextEncoder()
const metadata = encoder.encode('subscription')
const assignment = encoder.encode('assignment')
const UNKNOWN_ID = 'unknown-unknown-unknow'

type Join = Partial<RequestInputOf<'JoinGroup'>>

export function joinBody(groupId: string, extra: Join = {}): RequestInputOf<'JoinGroup'> {
  return {
    ...{ groupId, memberId: '', protocolType: 'consumer', sessionTimeoutMs: 30_000, rebalanceTimeoutMs: 30_000 },
    protocols: [{ name: 'range', metadata }],
    ...extra,
  }
}

/** A group of one: joins under a member id, as from version 4 on the broker wants it, and assigns to itself. */
export async function groupOfOne(
  s: Session,
  groupId: string,
  extra: Join = {},
): Promise<{ memberId: string; generationId: number }> {
  const first = await s.get('JoinGroup', 5, joinBody(groupId, extra))
  const memberId = first.memberId
  const joined =
    first.errorCode === ErrorCode.MEMBER_ID_REQUIRED
      ? await s.get('JoinGroup', 5, joinBody(groupId, { ...extra, memberId }))
      : first
  const { generationId } = joined
  await s.get('SyncGroup', 3, { groupId, generationId, memberId, assignments: [{ memberId, assignment }] })
  return { memberId, generationId }
}

async function joinGroup(s: Session): Promise<void> {
  await s.coordinator('join')
  for (const version of versionsOf('JoinGroup')) {
    const join = (label: string, group: string, extra: Join = {}) =>
      s.ask(label, 'JoinGroup', version, joinBody(`${group}-v${version}`, extra))
    const first = await join('without a member id', 'join')
    const memberId = first?.memberId ?? ''
    await join('with its member id', 'join', { memberId })
    await join('again, nothing changed', 'join', { memberId })
    await join('again, with other metadata', 'join', { memberId, protocols: [{ name: 'range', metadata: assignment }] })
    await join('under an unknown member id', 'join', { memberId: 'nobody' })
    await join('with another protocol type', 'join', { protocolType: 'connect' })
    await join('with no protocol in common', 'join', { protocols: [{ name: 'other', metadata }] })
    await join('with no protocol at all', 'join-none', { protocols: [] })
    await join('with no protocol type', 'join-type', { protocolType: '' })
    await s.ask('an empty group id', 'JoinGroup', version, joinBody(''))
    await join('a session that is too short', 'join-short', { sessionTimeoutMs: 10 })
    await join('a session that is too long', 'join-long', { sessionTimeoutMs: 10_000_000 })
    await join('an unknown member of a new group', 'join-new', { memberId: 'nobody' })
    await s.ask(`join-v${version} now`, 'DescribeGroups', 5, {
      groups: [`join-v${version}`],
      includeAuthorizedOperations: false,
    })
  }
}

async function staticMembers(s: Session): Promise<void> {
  await s.coordinator('static')
  for (const version of versionsOf('JoinGroup', 5)) {
    const groupId = `static-v${version}`
    const join = (label: string, extra: Join = {}) =>
      s.ask(label, 'JoinGroup', version, joinBody(groupId, { groupInstanceId: 'one', ...extra }))
    const first = await join('the first time')
    const memberId = first?.memberId ?? ''
    const sync = {
      groupId,
      generationId: first?.generationId ?? 0,
      memberId,
      groupInstanceId: 'one',
      protocolType: 'consumer',
      protocolName: 'range',
    }
    await s.ask(`sync, v${version}`, 'SyncGroup', 5, { ...sync, assignments: [{ memberId, assignment }] })
    const second = await join('come back without a member id')
    await join('under the member id of before', { memberId })
    await s.ask(`heartbeat of the one before, v${version}`, 'Heartbeat', 4, {
      groupId,
      generationId: 1,
      memberId,
      groupInstanceId: 'one',
    })
    const now = second?.memberId ?? ''
    await s.ask(`heartbeat, v${version}`, 'Heartbeat', 4, {
      groupId,
      generationId: 1,
      memberId: now,
      groupInstanceId: 'one',
    })
    await s.ask(`sync of the one come back, v${version}`, 'SyncGroup', 5, { ...sync, memberId: now, assignments: [] })
    await s.ask(`commit of the one before, v${version}`, 'OffsetCommit', 9, {
      ...{ groupId, generationIdOrMemberEpoch: 1, memberId, groupInstanceId: 'one', topics: [] },
    })
    await s.ask(`described, v${version}`, 'DescribeGroups', 5, { groups: [groupId] })
    const leave = (instance: string, id: string) => ({
      groupId,
      members: [{ memberId: id, groupInstanceId: instance }],
    })
    await s.ask(`leaves as somebody else, v${version}`, 'LeaveGroup', 4, leave('one', 'nobody'))
    await s.ask(`leaves as another instance, v${version}`, 'LeaveGroup', 4, leave('two', ''))
    await s.ask(`leaves, v${version}`, 'LeaveGroup', 4, leave('one', ''))
  }
}

async function syncAndHeartbeat(s: Session): Promise<void> {
  await s.coordinator('sync')
  for (const version of versionsOf('SyncGroup')) {
    const groupId = `sync-v${version}`
    const { memberId, generationId } = await groupOfOne(s, groupId)
    type Sync = Partial<RequestInputOf<'SyncGroup'>>
    const sync = (label: string, extra: Sync = {}) =>
      s.ask(label, 'SyncGroup', version, {
        ...{ groupId, generationId, memberId, protocolType: 'consumer', protocolName: 'range', assignments: [] },
        ...extra,
      })
    await sync('again')
    await sync('a generation before', { generationId: generationId - 1 })
    await sync('a generation ahead', { generationId: generationId + 1 })
    await sync('an unknown member', { memberId: 'nobody' })
    await sync('an unknown group', { groupId: 'sync-absent' })
    await sync('an empty group id', { groupId: '' })
    if (version < 5) continue
    await sync('another protocol', { protocolName: 'other' })
    await sync('another protocol type', { protocolType: 'connect' })
    await sync('no protocol', { protocolType: null, protocolName: null })
  }
  for (const version of versionsOf('Heartbeat')) {
    const groupId = `heartbeat-v${version}`
    const { memberId, generationId } = await groupOfOne(s, groupId)
    type Beat = Partial<RequestInputOf<'Heartbeat'>>
    const beat = (label: string, extra: Beat = {}) =>
      s.ask(label, 'Heartbeat', version, { groupId, generationId, memberId, ...extra })
    await beat('of a member')
    await beat('a generation before', { generationId: generationId - 1 })
    await beat('a generation ahead', { generationId: generationId + 1 })
    await beat('an unknown member', { memberId: 'nobody' })
    await beat('an unknown group', { groupId: 'heartbeat-absent' })
    await beat('an empty group id', { groupId: '' })
    if (version >= 3) await beat('an unknown instance', { groupInstanceId: 'one' })
  }
}

/** Two members on two connections: the second one's join makes the first one join again. */
async function rebalance(s: Session): Promise<void> {
  const groupId = 'rebalance'
  await s.coordinator(groupId)
  const version = 9
  const protocols = [
    { name: 'roundrobin', metadata },
    { name: 'range', metadata },
  ]
  const others = protocols.map(({ name }) => ({ name, metadata: encoder.encode('of the second') }))
  const join = (label: string, memberId: string, peer: Peer) =>
    s.ask(label, 'JoinGroup', version, joinBody(groupId, { memberId, protocols }), peer)
  const one = s.connection()
  const two = s.connection()
  const a = (await join('one asks for an id', '', one))?.memberId ?? ''
  await join('one joins', a, one)
  const names = { protocolType: 'consumer', protocolName: 'roundrobin' }
  await s.ask(
    'one syncs',
    'SyncGroup',
    5,
    { groupId, generationId: 1, memberId: a, ...names, assignments: [{ memberId: a, assignment }] },
    one,
  )
  const b = (await join('two asks for an id', '', two))?.memberId ?? ''
  const joining = s.get('JoinGroup', version, joinBody(groupId, { memberId: b, protocols: others }), two)
  await s.settled(
    'one is told to join again',
    'Heartbeat',
    4,
    { groupId, generationId: 1, memberId: a },
    (body) => body.errorCode !== 0,
  )
  await s.ask('while the group rebalances', 'DescribeGroups', 5, { groups: [groupId] })
  const commit = { groupId, generationIdOrMemberEpoch: 1, memberId: a, topics: [] }
  await s.ask('a commit while the group rebalances', 'OffsetCommit', 8, commit)
  await s.ask(
    'a sync while the group rebalances',
    'SyncGroup',
    5,
    { groupId, generationId: 1, memberId: a, ...names, assignments: [] },
    one,
  )
  await join('one joins again', a, one)
  await joining
  const syncing = s.get('SyncGroup', 5, { groupId, generationId: 2, memberId: b, ...names, assignments: [] }, two)
  const assignments = [
    { memberId: a, assignment },
    { memberId: b, assignment: metadata },
  ]
  await s.ask(
    'one syncs for both',
    'SyncGroup',
    5,
    { groupId, generationId: 2, memberId: a, ...names, assignments },
    one,
  )
  await syncing
  await s.ask('stable', 'DescribeGroups', 5, { groups: [groupId] })
  await s.ask('two leaves', 'LeaveGroup', 5, { groupId, members: [{ memberId: b, reason: 'enough' }] }, two)
  await s.ask('one is told again', 'Heartbeat', 4, { groupId, generationId: 2, memberId: a }, one)
  await join('one joins a third time', a, one)
}

async function leaveGroup(s: Session): Promise<void> {
  await s.coordinator('leave')
  for (const version of versionsOf('LeaveGroup')) {
    const groupId = `leave-v${version}`
    const { memberId } = await groupOfOne(s, groupId)
    const leave = (label: string, id: string, group = groupId) =>
      s.ask(label, 'LeaveGroup', version, { groupId: group, memberId: id, members: [{ memberId: id }] })
    await leave('an unknown member', 'nobody')
    await leave('an unknown group', memberId, 'leave-absent')
    await leave('an empty group id', memberId, '')
    if (version >= 3) {
      const members = [{ memberId: 'nobody' }, { memberId: '', groupInstanceId: 'no instance' }]
      await s.ask('several unknown members', 'LeaveGroup', version, { groupId, members })
      await s.ask('no members', 'LeaveGroup', version, { groupId, members: [] })
    }
    await leave('the only member', memberId)
    await leave('it again', memberId)
    await s.ask(`${groupId} now`, 'DescribeGroups', 5, { groups: [groupId] })
  }
}

async function offsets(s: Session): Promise<void> {
  const id = await s.topic('commit', 3)
  await s.coordinator('commit')
  for (const version of versionsOf('OffsetCommit')) {
    const groupId = `commit-v${version}`
    const { memberId, generationId } = await groupOfOne(s, groupId)
    type Commit = Partial<RequestInputOf<'OffsetCommit'>>
    const row = (committedOffset: bigint, partitionIndex = 0, committedMetadata: string | null = 'note') => ({
      partitionIndex,
      committedOffset,
      committedMetadata,
    })
    const topic = (partitions: ReturnType<typeof row>[], name = 'commit', topicId = id) => ({
      name,
      topicId,
      partitions,
    })
    const commit = (label: string, topics: ReturnType<typeof topic>[], extra: Commit = {}) =>
      s.ask(label, 'OffsetCommit', version, {
        groupId,
        memberId,
        generationIdOrMemberEpoch: generationId,
        topics,
        ...extra,
      })
    await commit('two partitions', [topic([row(5n), row(7n, 1)])])
    await commit('null metadata', [topic([row(6n, 0, null)])])
    await commit('metadata of 4096 characters', [topic([row(6n, 2, 'm'.repeat(4096))])])
    await commit('metadata of 4097 characters', [topic([row(8n, 2, 'm'.repeat(4097))])])
    await commit('an unknown partition', [topic([row(1n, 9)])])
    await commit('a negative partition', [topic([row(1n, -1)])])
    await commit('a negative offset', [topic([row(-5n)])])
    await commit('an unknown topic', [topic([row(1n)], 'commit-absent', UNKNOWN_ID)])
    await commit('a known and an unknown topic', [topic([row(9n)]), topic([row(1n)], 'commit-absent', UNKNOWN_ID)])
    if (version >= 10) await commit('the zero id', [topic([row(1n)], 'commit', ZERO_UUID)])
    await commit('nothing', [])
    await commit('a generation before', [topic([row(1n)])], { generationIdOrMemberEpoch: generationId - 1 })
    await commit('a generation ahead', [topic([row(1n)])], { generationIdOrMemberEpoch: generationId + 1 })
    await commit('an unknown member', [topic([row(1n)])], { memberId: 'nobody' })
    await commit('no member of a group that has some', [topic([row(1n)])], {
      memberId: '',
      generationIdOrMemberEpoch: -1,
    })
    await commit('an unknown group, with a generation', [topic([row(1n)])], { groupId: `${groupId}-absent` })
    await commit('an unknown group, without', [topic([row(3n)])], {
      groupId: `${groupId}-simple`,
      memberId: '',
      generationIdOrMemberEpoch: -1,
    })
    await commit('an empty group id', [topic([row(1n)])], { groupId: '', memberId: '', generationIdOrMemberEpoch: -1 })
    if (version < 5) await commit('a retention of its own', [topic([row(4n)])], { retentionTimeMs: 1_000_000n })
    if (version >= 6) {
      const withEpoch = [{ ...topic([]), partitions: [{ ...row(9n), committedLeaderEpoch: 0 }] }]
      await s.ask('a leader epoch', 'OffsetCommit', version, {
        groupId,
        memberId,
        generationIdOrMemberEpoch: generationId,
        topics: withEpoch,
      })
    }
    if (version >= 7) await commit('an unknown instance', [topic([row(1n)])], { groupInstanceId: 'nobody' })
    await s.ask(`${groupId} now`, 'OffsetFetch', 7, { groupId, topics: null, requireStable: false })
  }
}

async function offsetFetch(s: Session): Promise<void> {
  const id = await s.topic('fetched', 3)
  await s.coordinator('fetched')
  const groupId = 'fetched'
  const partitions = [
    { partitionIndex: 0, committedOffset: 3n, committedLeaderEpoch: 0, committedMetadata: 'x' },
    { partitionIndex: 2, committedOffset: 0n, committedMetadata: '' },
  ]
  const commit = { groupId, memberId: '', generationIdOrMemberEpoch: -1, topics: [{ name: 'fetched', partitions }] }
  await s.get('OffsetCommit', 9, commit)
  for (const version of versionsOf('OffsetFetch', 1, 7)) {
    const ask = (
      label: string,
      topics: { name: string; partitionIndexes: number[] }[] | null,
      group = groupId,
      requireStable = false,
    ) => s.ask(label, 'OffsetFetch', version, { groupId: group, topics, requireStable })
    await ask('two partitions, one without', [{ name: 'fetched', partitionIndexes: [0, 1] }])
    await ask('an unknown partition and an unknown topic', [
      { name: 'fetched', partitionIndexes: [9] },
      { name: 'absent', partitionIndexes: [0] },
    ])
    await ask('no topics', [])
    if (version >= 2) await ask('all', null)
    if (version >= 2) await ask('all of an unknown group', null, 'fetched-absent')
    await ask('an unknown group', [{ name: 'fetched', partitionIndexes: [0] }], 'fetched-absent')
    await ask('an empty group id', [{ name: 'fetched', partitionIndexes: [0] }], '')
    if (version >= 7) await ask('stable ones', [{ name: 'fetched', partitionIndexes: [0] }], groupId, true)
  }
  for (const version of versionsOf('OffsetFetch', 8)) {
    type Group = NonNullable<RequestInputOf<'OffsetFetch'>['groups']>[number]
    const ask = (label: string, ...groups: Group[]) =>
      s.ask(label, 'OffsetFetch', version, { groups, requireStable: false })
    const topics = [{ name: 'fetched', topicId: id, partitionIndexes: [0, 1, 2] }]
    await ask('a group', { groupId, topics })
    await ask('all', { groupId, topics: null })
    await ask('no topics', { groupId, topics: [] })
    await ask('two groups, one unknown', { groupId, topics }, { groupId: 'fetched-absent', topics })
    await ask('an empty group id', { groupId: '', topics })
    await ask('an unknown topic', { groupId, topics: [{ name: 'absent', topicId: UNKNOWN_ID, partitionIndexes: [0] }] })
    await ask('no groups')
    if (version >= 9) await ask('as an unknown member', { groupId, memberId: 'nobody', memberEpoch: 3, topics })
    if (version >= 10) await ask('the zero id', { groupId, topics: [{ topicId: ZERO_UUID, partitionIndexes: [0] }] })
  }
}

async function describeListDelete(s: Session): Promise<void> {
  const id = await s.topic('listed', 2)
  await s.coordinator('listed')
  const { memberId } = await groupOfOne(s, 'listed-live', { groupInstanceId: 'one' })
  const topics = [
    {
      name: 'listed',
      topicId: id,
      partitions: [0, 1].map((partitionIndex) => ({ partitionIndex, committedOffset: 1n, committedMetadata: null })),
    },
  ]
  for (const groupId of ['listed-simple', 'listed-gone'])
    await s.get('OffsetCommit', 9, { groupId, memberId: '', generationIdOrMemberEpoch: -1, topics })
  for (const version of versionsOf('DescribeGroups')) {
    const groups = ['listed-live', 'listed-simple', 'listed-absent', '']
    await s.ask('four groups', 'DescribeGroups', version, { groups })
    await s.ask('none', 'DescribeGroups', version, { groups: [] })
    await s.ask('the same twice', 'DescribeGroups', version, { groups: ['listed-live', 'listed-live'] })
    if (version >= 3)
      await s.ask('with operations', 'DescribeGroups', version, { groups, includeAuthorizedOperations: true })
  }
  for (const version of versionsOf('ListGroups', 4)) {
    // Other scenarios' groups are there, too: only the answers to filters that none of them meets can be compared.
    await s.ask('an unknown state', 'ListGroups', version, { statesFilter: ['Nonsense'] })
    await s.ask('dead ones', 'ListGroups', version, { statesFilter: ['Dead'] })
    if (version >= 5) await s.ask('an unknown type', 'ListGroups', version, { typesFilter: ['nonsense'] })
    if (version >= 5) await s.ask('share groups', 'ListGroups', version, { typesFilter: ['share'] })
  }
  const remove = (label: string, groupId: string, rows: Record<string, number[]>) =>
    s.ask(label, 'OffsetDelete', 0, {
      groupId,
      topics: Object.entries(rows).map(([name, indexes]) => ({
        name,
        partitions: indexes.map((partitionIndex) => ({ partitionIndex })),
      })),
    })
  await remove('one of a simple group', 'listed-simple', { listed: [0] })
  await remove('it again', 'listed-simple', { listed: [0] })
  await remove('an unknown partition and topic', 'listed-simple', { listed: [9], absent: [0] })
  await remove('of an unknown group', 'listed-absent', { listed: [0] })
  await remove('of an empty group id', '', { listed: [0] })
  await remove('of a group that has members', 'listed-live', { listed: [0] })
  for (const version of versionsOf('DeleteGroups')) {
    const groupsNames = ['listed-live', 'listed-absent', '']
    await s.ask('three that cannot be', 'DeleteGroups', version, { groupsNames })
    await s.ask('none', 'DeleteGroups', version, { groupsNames: [] })
  }
  await s.ask('one that can', 'DeleteGroups', 2, { groupsNames: ['listed-gone'] })
  await s.ask('it again', 'DeleteGroups', 2, { groupsNames: ['listed-gone'] })
  await s.ask('offsets of a deleted group', 'OffsetFetch', 7, { groupId: 'listed-gone', topics: null })
  await s.ask('it leaves', 'LeaveGroup', 4, { groupId: 'listed-live', members: [{ memberId }] })
}

export const groupScenarios: Readonly<Record<string, Scenario>> = {
  joinGroup,
  staticMembers,
  syncAndHeartbeat,
  rebalance,
  leaveGroup,
  offsets,
  offsetFetch,
  describeListDelete,
}
