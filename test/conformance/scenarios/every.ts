// Every API and version, by requests that are made from its declaration (generated/cases.ts): plain ones, ones with a
// field at a limit, malformed ones. Each API has a topic of its own and, where names last, a name for each request.

import { type Api, type ApiName, apis } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { casesOf, type Example } from '../generated/cases.ts'
import type { Value } from '../generated/spelling.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import { batch } from './data.ts'

/** What a request would wait by. */
const NEVER = /^maxWaitMs 2147483647$/
/** Sizes of the logs of coordinators: what is in them depends on all that was asked before. */
const skipped: Partial<Record<ApiName, RegExp>> = { DescribeLogDirs: /^(the least|topics null)$/ }
/** Kafka's controller must not be asked it: see configs.ts. */
const HARMFUL = /^resources\.configs\.(value null|configOperation .*)$/

/** Not served before there is security: docs/DIFFERENCES.md. */
const later: ReadonlySet<string> = new Set([
  'SaslHandshake',
  'SaslAuthenticate',
  'CreateDelegationToken',
  'RenewDelegationToken',
  'ExpireDelegationToken',
  'DescribeDelegationToken',
])

/** Waits are short, and a request that is not answered tells nothing. */
const anywhere: Readonly<Record<string, Value>> = {
  acks: -1,
  maxWaitMs: 0,
  timeoutMs: 10_000,
  transactionTimeoutMs: 10_000,
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 10_000,
  replicaId: -1,
  numPartitions: 1,
  replicationFactor: 1,
  count: 2,
  maxBytes: 1 << 20,
  partitionMaxBytes: 1 << 20,
  currentLeaderEpoch: -1,
  // Of ACLs: what is not known ends the connection.
  resourceTypeFilter: 2,
  patternTypeFilter: 3,
  resourcePatternType: 3,
  operation: 3,
  permissionType: 3,
  // Of configs.
  resourceType: 2,
}
const topicPaths =
  /(^|\.)(topics?|topicData|topicName|topicNames|subscribedTopicNames|resources?)(\.(name|resourceName))?$/
const groupNames: ReadonlySet<string> = new Set(['groupId', 'groupIds', 'groups', 'groupsNames', 'transactionalId'])

/** `prefix`: of the names that it makes. */
export async function every(s: Session, name: ApiName, prefix = 'every'): Promise<void> {
  const api: Api = apis[name]
  const start = `${prefix}-${name}`
  let topic = start
  let topicId = name === 'Produce' ? '' : await s.topic(topic)
  // Kafka's coordinators learn of a topic a little later than its Metadata shows it.
  if (name.includes('Share')) await new Promise((resolve) => setTimeout(resolve, 500))
  const skip = s.asksController && name.endsWith('AlterConfigs') ? HARMFUL : (skipped[name] ?? NEVER)
  let asked = 0
  const example = (): Example => {
    const own = `${start}-${asked++}`
    return (field, path) => {
      if (field === 'records') return batch(2)
      if (field === 'topicId') return topicId
      if (name === 'CreateTopics' && path === 'topics.name') return own
      if (name === 'ShareGroupHeartbeat' && field === 'subscribedTopicNames') return 'every-absent'
      if (topicPaths.test(path)) return topic
      if (groupNames.has(field)) return own
      return anywhere[field]
    }
  }
  for (const version of versionsOf(name)) {
    if (name === 'Produce') {
      topic = `${start}-v${version}` // what one version leaves must not be seen by the next
      topicId = await s.topic(topic)
    }
    for (const { label, body } of casesOf(api.request, version, example, skip))
      await s.spelt(label, name, version, body)
  }
}

const ofCoordinators = [
  ...['JoinGroup', 'SyncGroup', 'Heartbeat', 'LeaveGroup', 'DescribeGroups', 'DeleteGroups'],
  ...['OffsetCommit', 'OffsetFetch', 'OffsetDelete'],
  ...['ConsumerGroupHeartbeat', 'ConsumerGroupDescribe', 'StreamsGroupHeartbeat', 'StreamsGroupDescribe'],
  ...['ShareGroupHeartbeat', 'ShareGroupDescribe'],
  ...['AlterShareGroupOffsets', 'DeleteShareGroupOffsets'],
  ...['InitializeShareGroupState', 'ReadShareGroupState', 'WriteShareGroupState'],
  ...['DeleteShareGroupState', 'ReadShareGroupStateSummary'],
  ...['InitProducerId', 'AddPartitionsToTxn', 'AddOffsetsToTxn', 'EndTxn', 'TxnOffsetCommit'],
  ...['ListTransactions', 'DescribeTransactions'],
  // Kafka's asks the share coordinator, whose topic it has made.
  'DescribeShareGroupOffsets',
] as readonly ApiName[]

/** Nobody has asked for one, so their topics are not there. */
async function coordinatorsAreNotThere(s: Session): Promise<void> {
  const ofNone = { transactionalId: null, transactionTimeoutMs: 10_000 }
  await s.settled('of no transaction', 'InitProducerId', 4, ofNone, ({ errorCode }) => errorCode === ErrorCode.NONE)
  for (const name of ofCoordinators) await every(s, name, 'early')
}

/** So that no answer is that a coordinator is on its way. */
async function coordinatorsAreThere(s: Session): Promise<void> {
  const topicId = await s.topic('every')
  await s.coordinator('every')
  for (const [keyType, coordinatorKey] of [
    [1, 'every'],
    [2, 'every:AAAAAAAAAAAAAAAAAAAAAQ:0'],
  ] as const) {
    const find = { keyType, coordinatorKeys: [coordinatorKey] }
    await s.settled(`of type ${keyType}`, 'FindCoordinator', 6, find, ({ coordinators }) =>
      coordinators.every(({ errorCode }) => errorCode === ErrorCode.NONE),
    )
  }
  const body = { transactionalId: 'every', transactionTimeoutMs: 10_000 }
  await s.settled('of a transaction', 'InitProducerId', 4, body, ({ errorCode }) => errorCode === ErrorCode.NONE)
  const topics = [{ topicId, partitions: [{ partition: 0, leaderEpoch: 0 }] }]
  await s.settled('of a share group', 'ReadShareGroupState', 0, { groupId: 'every', topics }, ({ results }) =>
    results.every(({ partitions }) =>
      partitions.every(
        ({ errorCode }) =>
          errorCode !== ErrorCode.COORDINATOR_NOT_AVAILABLE && errorCode !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
      ),
    ),
  )
}

const served = Object.keys(apis).filter(
  (name): name is ApiName => name in apis && name !== 'ListGroups' && !later.has(name),
)

/** What lists all groups asks while there are none: those that nobody could join are a broker's own affair. */
export const firstScenarios: Readonly<Record<string, Scenario>> = {
  'every: no coordinators': coordinatorsAreNotThere,
  'every: coordinators': coordinatorsAreThere,
  'every: ListGroups': (s) => every(s, 'ListGroups'),
}

export const everyScenarios: Readonly<Record<string, Scenario>> = Object.fromEntries(
  served.map((name): [string, Scenario] => [`every: ${name}`, (s) => every(s, name)]),
)
