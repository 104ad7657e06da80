// Share groups: membership, the state that the share coordinator keeps, fetches and acknowledgements, offsets.

import type { RequestInputOf, ResponseOf } from '../../../protocol/apis.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import {
  ACCEPT,
  type Batches,
  configure,
  type Fetch,
  fetchBody,
  GAP,
  type Heartbeat,
  heartbeatBody,
  member,
  pause,
  produce,
  REJECT,
  RELEASE,
  RENEW,
  range,
  UNKNOWN_ID,
} from './share-group.ts'

async function membership(s: Session): Promise<void> {
  await s.coordinator('share-members')
  await s.topic('share-members', 2)
  const beat = (label: string, extra: Heartbeat = {}, groupId = 'share-members') =>
    s.ask(label, 'ShareGroupHeartbeat', 1, heartbeatBody(groupId, extra))
  const topics = { subscribedTopicNames: ['share-members'] }
  await beat('no member id', { memberId: '', ...topics })
  await beat('a member id that is too long', { memberId: 'm'.repeat(37), ...topics })
  await beat('no group id', topics, '')
  await beat('an empty rack', { rackId: '', ...topics })
  await beat('no topics')
  await beat('an empty list of topics', { subscribedTopicNames: [] })
  await beat('an epoch that there is not', { memberEpoch: -2 })
  await beat('a group that there is not', { memberEpoch: 1 })
  await beat('leaving a group that there is not', { memberEpoch: -1 })
  const memberEpoch = await member(s, 'share-members', 'member', 'share-members')
  await beat('nothing new', { memberEpoch })
  await beat('the same topics', { memberEpoch, ...topics })
  await beat('an epoch that is too great', { memberEpoch: memberEpoch + 10 })
  await beat('a member that there is not', { memberId: 'other', memberEpoch: 3 })
  await beat('leaving as a member that there is not', { memberId: 'other', memberEpoch: -1 })
  const describe = (label: string, ...groupIds: string[]) =>
    s.ask(label, 'ShareGroupDescribe', 1, { groupIds, includeAuthorizedOperations: true })
  const described = await s.get('ShareGroupDescribe', 1, {
    groupIds: ['share-members'],
    includeAuthorizedOperations: true,
  })
  const { groups } = described
  const plain = groups.map((group) => ({
    ...group,
    groupEpoch: 0,
    assignmentEpoch: 0,
    members: group.members.map((one) => ({ ...one, memberEpoch: 0 })),
  }))
  s.note('a group with a member, but for epochs', 'ShareGroupDescribe', 1, { ...described, groups: plain })
  await describe('a group that there is not', 'share-none')
  await describe('no group id', '')
  await s.ask('as a classic group', 'DescribeGroups', 6, { groups: ['share-members'] })
  await s.ask('as a consumer group', 'ConsumerGroupDescribe', 1, {
    groupIds: ['share-members'],
    includeAuthorizedOperations: false,
  })
  await s.ask('share groups', 'ListGroups', 5, { statesFilter: [], typesFilter: ['share'] })
  await s.ask('its offsets', 'OffsetFetch', 9, {
    groups: [{ groupId: 'share-members', topics: null, memberId: null, memberEpoch: -1 }],
  })
  await s.ask('a commit to it', 'OffsetCommit', 9, {
    groupId: 'share-members',
    memberId: '',
    topics: [
      { name: 'share-members', partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: '' }] },
    ],
  })
  await s.ask('deleted with a member', 'DeleteGroups', 3, { groupsNames: ['share-members'] })
  await beat('leaving', { memberEpoch: -1 })
  await beat('leaving again', { memberEpoch: -1 })
  await s.ask('share groups without members', 'ListGroups', 5, { statesFilter: ['Empty'], typesFilter: ['Share'] })
  await s.ask('deleted', 'DeleteGroups', 3, { groupsNames: ['share-members'] })
  await s.ask('deleted again', 'DeleteGroups', 3, { groupsNames: ['share-members'] })
}

/** Until the coordinator of the key can be asked. */
async function stateCoordinator(s: Session, groupId: string, topicId: string): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const key = `${groupId}:${topicId}:0`
    const found = await s.get('FindCoordinator', 6, { keyType: 2, coordinatorKeys: [key] })
    const asked = await s.get('ReadShareGroupStateSummary', 0, {
      groupId,
      topics: [{ topicId, partitions: [{ partition: 0, leaderEpoch: 0 }] }],
    })
    const isThere = found.coordinators[0]?.errorCode === 0
    if (isThere && asked.results[0]?.partitions[0]?.errorCode === 0) return
    await pause(100)
  }
  throw new Error('no share coordinator')
}

async function state(s: Session): Promise<void> {
  const topicId = await s.topic('share-state', 2)
  const groupId = 'share-state'
  await stateCoordinator(s, groupId, topicId)
  for (const key of [
    '',
    'group',
    'group:topic',
    `:${UNKNOWN_ID}:0`,
    `group:${UNKNOWN_ID}:x`,
    `group:${UNKNOWN_ID}:-1`,
    'a:b:0',
  ]) {
    await s.ask(`the coordinator of ${key}`, 'FindCoordinator', 6, {
      keyType: 2,
      coordinatorKeys: [key],
    })
  }
  const batch = (firstOffset: bigint, lastOffset: bigint, deliveryState: number, deliveryCount: number) => {
    return { firstOffset, lastOffset, deliveryState, deliveryCount }
  }
  const read = (label: string, partition = 0, leaderEpoch = 1, id = topicId) =>
    s.ask(label, 'ReadShareGroupState', 0, {
      groupId,
      topics: [{ topicId: id, partitions: [{ partition, leaderEpoch }] }],
    })
  const summary = async (label: string, partition = 0, id = topicId) => {
    for (const version of versionsOf('ReadShareGroupStateSummary')) {
      await s.ask(label, 'ReadShareGroupStateSummary', version, {
        groupId,
        topics: [{ topicId: id, partitions: [{ partition, leaderEpoch: 1 }] }],
      })
    }
  }
  type Write = Partial<RequestInputOf<'WriteShareGroupState'>['topics'][number]['partitions'][number]>
  const write = (label: string, extra: Write = {}, id = topicId) =>
    s.ask(label, 'WriteShareGroupState', 1, {
      groupId,
      topics: [
        {
          topicId: id,
          partitions: [
            {
              partition: 0,
              stateEpoch: 1,
              leaderEpoch: 1,
              startOffset: 0n,
              deliveryCompleteCount: 0,
              stateBatches: [],
              ...extra,
            },
          ],
        },
      ],
    })
  const initialize = (label: string, stateEpoch: number, startOffset: bigint, partition = 0, id = topicId) =>
    s.ask(label, 'InitializeShareGroupState', 0, {
      groupId,
      topics: [{ topicId: id, partitions: [{ partition, stateEpoch, startOffset }] }],
    })
  const remove = (label: string, partition = 0, id = topicId) =>
    s.ask(label, 'DeleteShareGroupState', 0, { groupId, topics: [{ topicId: id, partitions: [{ partition }] }] })

  await read('read before it is initialised')
  await summary('summarised before it is initialised')
  await write('written before it is initialised')
  await remove('deleted before it is initialised')
  await initialize('a partition that there is not', 1, 0n, 7)
  await initialize('a partition below 0', 1, 0n, -1)
  await initialize('a topic that there is not', 1, 0n, 0, UNKNOWN_ID)
  await initialize('an epoch below 0', -1, 0n)
  await initialize('without an offset', 0, -1n)
  await summary('without an offset')
  await initialize('again with a greater epoch', 1, 5n)
  await initialize('again with a smaller epoch', 0, 5n)
  await summary('initialised')
  await read('initialised')
  await read('by a leader of before', 0, 0)
  await read('by a leader below 0', 0, -1)
  await read('by a later leader', 0, 3)
  await read('a partition that there is not', 7)
  await read('a partition below 0', -1)
  await read('a topic that there is not', 0, 1, UNKNOWN_ID)
  await summary('a partition that there is not', 7)
  await summary('a partition below 0', -1)
  await write('by a leader of before')
  await write('by a leader below 0', { leaderEpoch: -1 })
  await write('with an epoch of before', { leaderEpoch: 3, stateEpoch: 0 })
  await write('with an epoch below 0', { leaderEpoch: 3, stateEpoch: -1 })
  await write('of a partition that there is not', { leaderEpoch: 3, partition: 7 })
  await write('of a partition below 0', { leaderEpoch: 3, partition: -1 })
  await write('of a topic that there is not', { leaderEpoch: 3 }, UNKNOWN_ID)
  const steps: [string, Write][] = [
    [
      'some batches',
      { startOffset: 5n, deliveryCompleteCount: 10, stateBatches: [batch(5n, 9n, 0, 1), batch(10n, 19n, 2, 1)] },
    ],
    [
      'over them',
      { startOffset: 5n, deliveryCompleteCount: 7, stateBatches: [batch(7n, 11n, 0, 2), batch(20n, 22n, 2, 1)] },
    ],
    [
      'between them',
      { startOffset: 5n, deliveryCompleteCount: 9, stateBatches: [batch(8n, 8n, 2, 2), batch(12n, 13n, 0, 1)] },
    ],
    ['a later start', { startOffset: 8n, deliveryCompleteCount: 4, stateBatches: [] }],
    ['an earlier start', { startOffset: 6n, deliveryCompleteCount: 40, stateBatches: [batch(6n, 9n, 4, 5)] }],
    [
      'more at the end',
      { startOffset: 8n, deliveryCompleteCount: 6, stateBatches: [batch(23n, 30n, 2, 1), batch(40n, 41n, 0, 3)] },
    ],
  ]
  for (const [label, extra] of steps) {
    await write(label, { leaderEpoch: 3, ...extra })
    await read(`after ${label}`, 0, 3)
    await summary(`after ${label}`)
  }
  await initialize('begun anew', 2, 100n)
  await read('begun anew', 0, 3)
  await remove('deleted')
  await remove('deleted again')
  await remove('a partition that there is not', 7)
  await remove('a partition below 0', -1)
  await read('read after that', 0, 3)
}

async function fetching(s: Session): Promise<void> {
  const groupId = 'share-fetch'
  await s.coordinator(groupId)
  const topicId = await s.topic('share-fetch')
  await configure(s, groupId, { 'share.auto.offset.reset': 'earliest' })
  await produce(s, 'share-fetch', 0, 10)
  await produce(s, 'share-fetch', 10, 10)
  await produce(s, 'share-fetch', 20, 10)
  await member(s, groupId, 'a', 'share-fetch')
  await member(s, groupId, 'b', 'share-fetch')
  const topics = (acknowledgementBatches: Batches = [], partitionIndex = 0, id = topicId) => [
    { topicId: id, partitions: [{ partitionIndex, acknowledgementBatches }] },
  ]
  const epochs = new Map<string, number>()
  const fetch = async (
    label: string,
    memberId: string,
    extra: Fetch = {},
    version = 2,
  ): Promise<ResponseOf<'ShareFetch'> | undefined> => {
    const epoch = extra.shareSessionEpoch ?? epochs.get(memberId) ?? 0
    const answer = await s.ask(label, 'ShareFetch', version, fetchBody(groupId, memberId, epoch, extra))
    if (answer?.errorCode === 0) epochs.set(memberId, epoch + 1)
    return answer
  }
  const acknowledge = async (
    label: string,
    memberId: string,
    batches: Batches,
    extra: Partial<RequestInputOf<'ShareAcknowledge'>> = {},
    version = 2,
  ) => {
    const epoch = extra.shareSessionEpoch ?? epochs.get(memberId) ?? 0
    const answer = await s.ask(label, 'ShareAcknowledge', version, {
      groupId,
      memberId,
      shareSessionEpoch: epoch,
      topics: topics(batches),
      ...extra,
    })
    if (answer?.errorCode === 0) epochs.set(memberId, epoch + 1)
  }

  await fetch('no group id', 'a', { groupId: null })
  await fetch('no member id', 'a', { memberId: null })
  await fetch('an empty member id', '', {})
  await fetch('a member id that is too long', 'm'.repeat(37), {})
  await fetch('a session that there is not', 'a', { shareSessionEpoch: 5 })
  await fetch('the last request of a session that there is not', 'a', { shareSessionEpoch: -1 })
  await fetch('acknowledgements with the first request', 'a', { topics: topics([range(0, 1, ACCEPT)]) })
  await fetch('a renewal that fetches', 'a', { isRenewAck: true, topics: topics() })
  await acknowledge('the first request of a session', 'a', [range(0, 1, ACCEPT)], { shareSessionEpoch: 0 })
  await acknowledge('a session that there is not', 'a', [range(0, 1, ACCEPT)], { shareSessionEpoch: 3 })
  await acknowledge('no group id', 'a', [range(0, 1, ACCEPT)], { groupId: null, shareSessionEpoch: 3 })
  await acknowledge('no member id', 'a', [range(0, 1, ACCEPT)], { memberId: null, shareSessionEpoch: 3 })

  await fetch('a few records', 'a', { maxRecords: 5, batchSize: 5, topics: topics() }, 1)
  await fetch('by another member', 'b', { maxRecords: 12, batchSize: 5, topics: topics() })
  await fetch('nothing is left', 'a')
  await fetch('an epoch of before', 'a', { shareSessionEpoch: 1 })
  await fetch('an epoch that is too great', 'a', { shareSessionEpoch: 9 })
  await acknowledge('an epoch that is too great', 'a', [range(0, 1, ACCEPT)], { shareSessionEpoch: 9 })
  await acknowledge('of another member', 'a', [range(10, 19, ACCEPT)])
  await acknowledge('past all', 'a', [range(30, 31, ACCEPT)])
  await acknowledge('partly past all', 'b', [range(25, 35, ACCEPT)])
  await acknowledge('the wrong way round', 'a', [range(5, 4, ACCEPT)])
  await acknowledge('no type', 'a', [range(0, 1)])
  await acknowledge('too few types', 'a', [range(0, 3, ACCEPT, ACCEPT)])
  await acknowledge('a type that there is not', 'a', [range(0, 1, 9)])
  await acknowledge('a type below 0', 'a', [range(0, 1, -1)])
  await acknowledge('not in order', 'a', [range(5, 6, ACCEPT), range(0, 1, ACCEPT)])
  await acknowledge('a renewal that does not say so', 'a', [range(0, 1, RENEW)])
  await acknowledge('a renewal of version 1', 'a', [range(0, 1, RENEW)], {}, 1)
  await acknowledge('a renewal', 'a', [range(0, 1, RENEW)], { isRenewAck: true })
  await acknowledge('no batches', 'a', [])
  await acknowledge('a topic that there is not', 'a', [], { topics: topics([range(0, 1, ACCEPT)], 0, UNKNOWN_ID) })
  await acknowledge('a partition that there is not', 'a', [], { topics: topics([range(0, 1, ACCEPT)], 5) })
  await acknowledge('no topic', 'a', [], { topics: [] })
  await acknowledge('each its type', 'a', [range(0, 4, ACCEPT, REJECT, RELEASE, GAP, RELEASE)], {}, 1)
  await acknowledge('what is done already', 'a', [range(0, 1, ACCEPT)])
  await acknowledge('what was released', 'a', [range(2, 2, ACCEPT)])
  await acknowledge('one batch that is wrong after one that is not', 'a', [range(5, 6, ACCEPT), range(10, 11, ACCEPT)])
  await acknowledge('as if that had not been', 'a', [range(5, 6, ACCEPT)])
  await fetch('what was released', 'b')
  await fetch('acknowledged on the way', 'b', { topics: topics([range(2, 2, ACCEPT), range(4, 4, RELEASE)]) })
  await fetch('a partition that is forgotten, and acknowledged', 'b', {
    topics: topics([range(10, 12, ACCEPT)]),
    forgottenTopicsData: [{ topicId, partitions: [0] }],
  })
  await fetch('nothing in the session', 'b', { maxWaitMs: 50 })
  await fetch('a topic that there is not', 'b', { topics: topics([], 0, UNKNOWN_ID) })
  await fetch('and forgotten', 'b', { maxWaitMs: 50, forgottenTopicsData: [{ topicId: UNKNOWN_ID, partitions: [0] }] })
  await fetch('a partition that there is not', 'b', { topics: topics([], 5) })
  await fetch('the last request', 'b', { shareSessionEpoch: -1, topics: topics([range(13, 14, ACCEPT)]) })
  epochs.set('b', 0)
  await fetch('what the session had, with a limit', 'a', { shareAcquireMode: 1, maxRecords: 7 })
  await fetch('more, with a limit', 'a', { shareAcquireMode: 1, maxRecords: 2 })
  await fetch('an acquire mode that there is not', 'a', { shareAcquireMode: 9, maxWaitMs: 50 })
  await acknowledge('the last request', 'a', [range(7, 7, ACCEPT)], { shareSessionEpoch: -1 })
  await acknowledge('after the last', 'a', [range(7, 7, ACCEPT)], { shareSessionEpoch: -1 })
}

async function offsets(s: Session): Promise<void> {
  const groupId = 'share-offsets'
  await s.coordinator(groupId)
  const topicId = await s.topic('share-offsets', 2)
  await configure(s, groupId, { 'share.auto.offset.reset': 'earliest' })
  await produce(s, 'share-offsets', 0, 10)
  const describe = async (
    label: string,
    topics: { topicName: string; partitions: number[] }[] | null,
    group = groupId,
  ) => {
    for (const version of versionsOf('DescribeShareGroupOffsets')) {
      await s.ask(label, 'DescribeShareGroupOffsets', version, { groups: [{ groupId: group, topics }] })
    }
  }
  const alter = (label: string, topicName: string, partitionIndex: number, startOffset: bigint, group = groupId) =>
    s.ask(label, 'AlterShareGroupOffsets', 0, {
      groupId: group,
      topics: [{ topicName, partitions: [{ partitionIndex, startOffset }] }],
    })
  const remove = (label: string, topicName: string, group = groupId) =>
    s.ask(label, 'DeleteShareGroupOffsets', 0, { groupId: group, topics: [{ topicName }] })
  await describe('of a group that there is not', null)
  await describe('no group id', null, '')
  for (const label of ['of a group that there is not', 'of a group that has only been altered']) {
    await alter(label, 'share-offsets', 0, 1n, 'share-none')
    await s.ask(label, 'ShareGroupDescribe', 1, { groupIds: ['share-none'], includeAuthorizedOperations: false })
    const topics = [{ topicId, partitions: [{ partition: 0, leaderEpoch: -1 }] }]
    await s.ask(label, 'ReadShareGroupStateSummary', 0, { groupId: 'share-none', topics })
  }
  await remove('of a group that was not there before', 'share-offsets', 'share-none')
  await remove('of a group that there is not', 'share-offsets', 'share-nowhere')
  await member(s, groupId, 'a', 'share-offsets')
  await describe('before anything is fetched', null)
  await s.get(
    'ShareFetch',
    2,
    fetchBody(groupId, 'a', 0, {
      topics: [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }],
    }),
  )
  await s.get('ShareAcknowledge', 2, {
    groupId,
    memberId: 'a',
    shareSessionEpoch: 1,
    topics: [
      {
        topicId,
        partitions: [{ partitionIndex: 0, acknowledgementBatches: [range(0, 3, ACCEPT), range(6, 6, ACCEPT)] }],
      },
    ],
  })
  await describe('some of it is accepted', null)
  await describe('one partition', [{ topicName: 'share-offsets', partitions: [0] }])
  await describe('a topic that there is not', [{ topicName: 'share-none', partitions: [0] }])
  await alter('with a member', 'share-offsets', 0, 1n)
  await remove('with a member', 'share-offsets')
  await s.get('ShareFetch', 2, fetchBody(groupId, 'a', -1))
  await s.get('ShareGroupHeartbeat', 1, heartbeatBody(groupId, { memberId: 'a', memberEpoch: -1 }))
  await describe('without a member', null)
  await alter('without a member', 'share-offsets', 0, 2n)
  await describe('altered', null)
  await alter('a partition that there is not', 'share-offsets', 9, 2n)
  await alter('a topic that there is not', 'share-none', 0, 2n)
  await alter('past the end', 'share-offsets', 0, 1000n)
  await describe('past the end', null)
  await remove('a topic that there is not', 'share-none')
  await remove('deleted', 'share-offsets')
  await describe('deleted', null)
  await remove('deleted again', 'share-offsets')
}

/** A group that allows no renewals, and each record two deliveries. */
async function limits(s: Session): Promise<void> {
  const groupId = 'share-limits'
  await s.coordinator(groupId)
  const topicId = await s.topic(groupId)
  await configure(s, groupId, {
    'share.auto.offset.reset': 'earliest',
    'share.renew.acknowledge.enable': 'false',
    'share.delivery.count.limit': '2',
  })
  await produce(s, groupId, 0, 4)
  await member(s, groupId, 'a', groupId)
  const topics = (...acknowledgementBatches: Batches) => [
    { topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches }] },
  ]
  const acknowledge = (label: string, shareSessionEpoch: number, batches: Batches, isRenewAck = false) =>
    s.ask(label, 'ShareAcknowledge', 2, {
      ...{ groupId, memberId: 'a', shareSessionEpoch, isRenewAck, topics: topics(...batches) },
    })
  const fetch = (label: string, epoch: number, extra: Fetch = {}) =>
    s.ask(label, 'ShareFetch', 2, fetchBody(groupId, 'a', epoch, extra))
  await fetch('the first delivery', 0, { topics: topics() })
  await acknowledge('a renewal where none is allowed', 1, [range(0, 1, RENEW)], true)
  await acknowledge('released', 2, [range(0, 3, RELEASE)])
  await fetch('the last delivery', 3)
  await acknowledge('released for the last time', 4, [range(0, 2, RELEASE)])
  await fetch('nothing is left but what is held', 5, { maxWaitMs: 50 })
  await acknowledge('accepted', 6, [range(3, 3, ACCEPT)])
  const described = await s.get('DescribeShareGroupOffsets', 1, { groups: [{ groupId, topics: null }] })
  s.note('its lag', 'DescribeShareGroupOffsets', 1, described)
}

export const shareScenarios: Readonly<Record<string, Scenario>> = {
  shareMembership: membership,
  shareState: state,
  shareFetching: fetching,
  shareOffsets: offsets,
  shareLimits: limits,
}
