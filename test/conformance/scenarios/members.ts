// Classic groups of several members, in every version that a client may speak: who leads, who is told what, and which
// protocol wins.

import type { RequestInputOf } from '../../../protocol/apis.ts'
import { ConsumerProtocolSubscription } from '../../../protocol/messages/groups/consumer-protocol.ts'
import type { Peer } from '../peer.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import { groupOfOne, joinBody } from './groups.ts'

const encoder = new TextEncoder()
const bytes = (text: string) => encoder.encode(text)

/** Two members come, share, and the leader goes. */
async function twoMembers(s: Session): Promise<void> {
  await s.coordinator('two')
  for (const version of versionsOf('JoinGroup')) {
    const groupId = `two-v${version}`
    const one = s.connection()
    const two = s.connection()
    const body = (memberId: string, ...names: string[]) =>
      joinBody(groupId, { memberId, protocols: names.map((name) => ({ name, metadata: bytes(`${name} ${names}`) })) })
    const enter = async (peer: Peer, ...names: string[]): Promise<string> => {
      if (version < 4) return ''
      const answer = await s.get('JoinGroup', version, body('', ...names), peer)
      return answer.memberId
    }
    const syncVersion = Math.min(version, 5)
    const named = { protocolType: 'consumer', protocolName: 'b' }
    const sync = (memberId: string, generationId: number, members: string[]): RequestInputOf<'SyncGroup'> => ({
      ...{ groupId, generationId, memberId, ...named },
      assignments: members.map((id, index) => ({ memberId: id, assignment: bytes(`part ${index}`) })),
    })
    const firstId = await enter(one, 'a', 'b')
    const first = await s.ask('the first joins', 'JoinGroup', version, body(firstId, 'a', 'b'), one)
    const a = first?.memberId ?? ''
    const secondId = await enter(two, 'b', 'c')
    const joining = s.get('JoinGroup', version, body(secondId, 'b', 'c'), two)
    const told = (label: string, generationId: number) =>
      s.settled(
        `${label}, group of v${version}`,
        'Heartbeat',
        3,
        { groupId, generationId, memberId: a },
        (answer) => answer.errorCode !== 0,
      )
    await told('the first is told', 1)
    await s.ask('the first joins again', 'JoinGroup', version, body(a, 'a', 'b'), one)
    const second = await joining
    s.note('the second has joined', 'JoinGroup', version, second)
    const b = second.memberId
    const waiting = s.get('SyncGroup', syncVersion, sync(b, 2, []), two)
    await s.ask(`a commit before the assignment, group of v${version}`, 'OffsetCommit', 8, {
      ...{ groupId, generationIdOrMemberEpoch: 2, memberId: a },
      topics: [],
    })
    await s.ask(`a heartbeat before the assignment, group of v${version}`, 'Heartbeat', 4, {
      ...{ groupId, generationId: 2, memberId: a },
    })
    await s.ask(`the leader shares, group of v${version}`, 'SyncGroup', syncVersion, sync(a, 2, [a, b]), one)
    s.note(`the second has its part, group of v${version}`, 'SyncGroup', syncVersion, await waiting)
    await s.ask(`shared, group of v${version}`, 'DescribeGroups', 5, { groups: [groupId] })
    await s.ask(`a follower joins again unchanged, group of v${version}`, 'JoinGroup', version, body(b, 'b', 'c'), two)
    await s.ask(`the leader goes, group of v${version}`, 'LeaveGroup', 3, { groupId, members: [{ memberId: a }] })
    await s.ask(`the other is told, group of v${version}`, 'Heartbeat', 3, { groupId, generationId: 2, memberId: b })
    await s.ask('the other leads', 'JoinGroup', version, body(b, 'b', 'c'), two)
  }
}

/** Two static members: one goes away and comes back, the other one never notices. */
async function twoInstances(s: Session): Promise<void> {
  await s.coordinator('instances')
  for (const version of versionsOf('JoinGroup', 5)) {
    const groupId = `instances-v${version}`
    const one = s.connection()
    const two = s.connection()
    const body = (groupInstanceId: string, memberId = '', name = 'range') =>
      joinBody(groupId, { memberId, groupInstanceId, protocols: [{ name, metadata: bytes(groupInstanceId) }] })
    const sync = (groupInstanceId: string, memberId: string, generationId: number, members: string[]) => ({
      ...{ groupId, generationId, memberId, groupInstanceId, protocolType: 'consumer', protocolName: 'range' },
      assignments: members.map((id, index) => ({ memberId: id, assignment: bytes(`part ${index}`) })),
    })
    const a = (await s.ask('the first', 'JoinGroup', version, body('a'), one))?.memberId ?? ''
    const joining = s.get('JoinGroup', version, body('b'), two)
    const beat = { groupId, generationId: 1, memberId: a, groupInstanceId: 'a' }
    await s.settled(`told, group of v${version}`, 'Heartbeat', 3, beat, (answer) => answer.errorCode !== 0)
    await s.ask('the first again', 'JoinGroup', version, body('a', a), one)
    const b = (await joining).memberId
    const waiting = s.get('SyncGroup', 5, sync('b', b, 2, []), two)
    await s.ask(`shared, group of v${version}`, 'SyncGroup', 5, sync('a', a, 2, [a, b]), one)
    await waiting
    const back = await s.ask('the follower comes back', 'JoinGroup', version, body('b'), two)
    const bNow = back?.memberId ?? ''
    await s.ask(`its part as before, group of v${version}`, 'SyncGroup', 5, sync('b', bNow, 2, []), two)
    await s.ask(`its former self, group of v${version}`, 'SyncGroup', 5, sync('b', b, 2, []))
    await s.ask(`its former heartbeat, group of v${version}`, 'Heartbeat', 4, {
      ...{ groupId, generationId: 2, memberId: b, groupInstanceId: 'b' },
    })
    const leader = await s.ask('the leader comes back', 'JoinGroup', version, body('a'), one)
    const aNow = leader?.memberId ?? ''
    await s.ask(`the leader shares again, group of v${version}`, 'SyncGroup', 5, sync('a', aNow, 2, []), one)
    await s.ask(`nobody noticed, group of v${version}`, 'DescribeGroups', 5, { groups: [groupId] })
    await s.ask('a member id under another instance', 'JoinGroup', version, body('b', aNow), one)
    await s.ask(`both leave, group of v${version}`, 'LeaveGroup', 5, {
      ...{ groupId },
      members: [
        { memberId: '', groupInstanceId: 'a' },
        { memberId: 'nobody', groupInstanceId: 'b' },
        { memberId: '', groupInstanceId: 'b' },
        { memberId: '', groupInstanceId: 'c' },
      ],
    })
    await s.ask(`empty, group of v${version}`, 'DescribeGroups', 5, { groups: [groupId] })
  }
}

/** A group of real consumers: what they subscribe to cannot lose its offsets. */
async function subscribed(s: Session): Promise<void> {
  await s.topic('subscribed', 2)
  await s.topic('unsubscribed')
  await s.coordinator('subscribed')
  const subscription = ConsumerProtocolSubscription.encodeBytes({ topics: ['subscribed'], userData: null }, 0)
  const metadata = Buffer.concat([Buffer.from([0, 0]), subscription])
  const { memberId, generationId } = await groupOfOne(s, 'subscribed', { protocols: [{ name: 'range', metadata }] })
  const partitions = [{ partitionIndex: 0, committedOffset: 4n, committedMetadata: 'x' }]
  const topics = ['subscribed', 'unsubscribed'].map((name) => ({ name, partitions }))
  const commit = { groupId: 'subscribed', generationIdOrMemberEpoch: generationId, memberId, topics }
  await s.ask('a commit for both', 'OffsetCommit', 8, commit)
  const remove = (label: string) =>
    s.ask(label, 'OffsetDelete', 0, {
      groupId: 'subscribed',
      topics: ['subscribed', 'unsubscribed'].map((name) => ({ name, partitions: [{ partitionIndex: 0 }] })),
    })
  await remove('while it is subscribed')
  await s.ask('what is left', 'OffsetFetch', 7, { groupId: 'subscribed', topics: null })
  await s.ask('deleted while it lives', 'DeleteGroups', 2, { groupsNames: ['subscribed'] })
  await s.ask('it leaves', 'LeaveGroup', 5, { groupId: 'subscribed', members: [{ memberId }] })
  await remove('while it is empty')
  await s.ask('what is left then', 'OffsetFetch', 7, { groupId: 'subscribed', topics: null })
  await s.ask('deleted when it is empty', 'DeleteGroups', 2, { groupsNames: ['subscribed'] })
  const gone = { groups: ['subscribed'] }
  for (const version of versionsOf('DescribeGroups')) await s.ask('gone', 'DescribeGroups', version, gone)
}

/** Members that fall silent, and members that do not come when all are called. */
async function timeouts(s: Session): Promise<void> {
  await s.coordinator('timeouts')
  const settled = (label: string, groupId: string, holds: (state: string, members: number) => boolean) =>
    s.settled(label, 'DescribeGroups', 5, { groups: [groupId] }, ({ groups }) =>
      holds(groups[0]?.groupState ?? '', groups[0]?.members.length ?? 0),
    )
  const silent = await groupOfOne(s, 'timeouts-silent', { sessionTimeoutMs: 300 })
  await settled('the silent one is gone', 'timeouts-silent', (state) => state === 'Empty')
  const late = { groupId: 'timeouts-silent', ...silent }
  await s.ask('a heartbeat too late', 'Heartbeat', 4, late)
  await s.ask('a sync too late', 'SyncGroup', 3, { ...late, assignments: [] })
  const topics = [{ name: 'timeouts-topic', partitions: [] }]
  const commit = { ...late, generationIdOrMemberEpoch: silent.generationId, topics }
  await s.ask('a commit too late', 'OffsetCommit', 8, commit)
  await s.ask('a join too late', 'JoinGroup', 5, joinBody('timeouts-silent', { memberId: silent.memberId }))

  // The first one's heartbeats are in time, but it does not join again.
  const idle = await groupOfOne(s, 'timeouts-idle', { rebalanceTimeoutMs: 500 })
  const two = s.connection()
  const asked = await s.get('JoinGroup', 5, joinBody('timeouts-idle', { rebalanceTimeoutMs: 500 }), two)
  const body = joinBody('timeouts-idle', { rebalanceTimeoutMs: 500, memberId: asked.memberId })
  await s.ask('joined without the idle one', 'JoinGroup', 5, body, two)
  await s.ask('the idle one', 'Heartbeat', 4, { groupId: 'timeouts-idle', ...idle })
  // And now the one that leads does not share.
  await settled('nobody has shared', 'timeouts-idle', (state) => state !== 'CompletingRebalance')

  // A static member is missed only once its session is over.
  const instance = { groupInstanceId: 'one', sessionTimeoutMs: 1500, rebalanceTimeoutMs: 300 }
  await groupOfOne(s, 'timeouts-static', instance)
  const other = joinBody('timeouts-static', { groupInstanceId: 'two', rebalanceTimeoutMs: 300 })
  await s.ask('joined without the static one', 'JoinGroup', 5, other, two)
  await settled('the static one is there', 'timeouts-static', (_, members) => members > 0)
  await settled('and is gone', 'timeouts-static', (_, members) => members < 2)
}

/** What lists everything is compared as far as it is this scenario's own. */
async function listed(s: Session): Promise<void> {
  await s.coordinator('list-mine')
  await groupOfOne(s, 'list-mine-live')
  await s.topic('list-topic')
  const partitions = [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }]
  await s.get('OffsetCommit', 8, {
    ...{ groupId: 'list-mine-simple', memberId: '', generationIdOrMemberEpoch: -1 },
    topics: [{ name: 'list-topic', partitions }],
  })
  for (const version of versionsOf('ListGroups')) {
    const filters = {
      all: {},
      'stable ones': { statesFilter: ['Stable'] },
      'empty ones, in another case': { statesFilter: ['eMPTY'] },
      'classic ones': { typesFilter: ['classic'] },
      'consumer groups': { typesFilter: ['Consumer'] },
    }
    for (const [label, filter] of Object.entries(filters)) {
      if ('statesFilter' in filter && version < 4) continue
      if ('typesFilter' in filter && version < 5) continue
      const body = await s.get('ListGroups', version, filter)
      const groups = body.groups.filter(({ groupId }) => groupId.startsWith('list-mine'))
      s.note(label, 'ListGroups', version, { ...body, groups })
    }
  }
}

export const memberScenarios: Readonly<Record<string, Scenario>> = {
  twoMembers,
  twoInstances,
  subscribed,
  timeouts,
  listed,
}
