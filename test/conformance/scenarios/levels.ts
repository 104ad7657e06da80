// Features at lower levels: transactions by the rules of transaction.version 1 and 0, groups whose kind is switched
// off, share groups before there were dead letters. Each feature goes up again in the end.

import type { ApiName, RequestInputOf } from '../../../protocol/apis.ts'
import { type Scenario, type Session, versionsOf } from '../session.ts'
import { created, described, Producer, ready } from './transactions.ts'

const UPGRADE = 1
const SAFE_DOWNGRADE = 2
const SOFTWARE = { clientSoftwareName: 'conformance', clientSoftwareVersion: '1' }
const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAbw'

/** The highest levels, that others of these scenarios rest on. */
const LEVELS = { 'transaction.version': 2, 'group.version': 1, 'share.version': 2 }

/** Runs at each of the levels, and then at the highest once more. */
export async function atLevels(
  s: Session,
  feature: keyof typeof LEVELS,
  levels: readonly number[],
  run: (level: number, isLast: boolean) => Promise<void>,
): Promise<void> {
  let current = LEVELS[feature]
  const all = [...levels, LEVELS[feature]]
  for (const [index, level] of all.entries()) {
    const upgradeType = level < current ? SAFE_DOWNGRADE : UPGRADE
    const featureUpdates = [{ feature, maxVersionLevel: level, upgradeType }]
    await s.ask(`step ${index}, to level ${level}`, 'UpdateFeatures', 2, { featureUpdates, validateOnly: false })
    await s.settled(`step ${index}, at level ${level}`, 'ApiVersions', 4, SOFTWARE, ({ finalizedFeatures }) => {
      return (finalizedFeatures.find(({ name }) => name === feature)?.maxVersionLevel ?? 0) === level
    })
    current = level
    await run(level, index === all.length - 1)
  }
}

async function transactions(s: Session): Promise<void> {
  await ready(s, 'levels')
  await atLevels(s, 'transaction.version', [1, 0], async (level) => {
    const name = `levels-${level}`
    const topic = await created(s, name, 2)
    const partitions = [{ name, partitions: [0] }]
    const producer = await new Producer(s, name).init(`the first at ${level}`)
    await producer.add(`one partition at ${level}`, 3, partitions)
    await producer.produce(`by the old rules at ${level}`, 9, topic, 0)
    await producer.settled(`open at ${level}`)
    await producer.end(`commit by the old rules at ${level}`, 4, true)
    await producer.settled(`committed at ${level}`)
    await producer.end(`commit again at ${level}`, 4, true)
    await producer.produce(`to nothing at ${level}`, 9, topic, 1)
    await producer.add(`the next at ${level}`, 0, partitions)
    await producer.produce(`in the next at ${level}`, 11, topic, 1)
    await producer.end(`abort at ${level}`, 1, false)
    await producer.settled(`aborted at ${level}`)
    // As nobody should who has looked at the features; at level 0 Kafka's coordinator fails over what it cannot write.
    if (level > 0) {
      await producer.produce(`without being asked for at ${level}`, 12, topic, 2)
      await producer.settled(`open by the new rules at ${level}`)
      await producer.endAndGoOn(`commit by the new rules at ${level}`, true)
      await producer.settled(`committed by the new rules at ${level}`)
    }
    await described(s, topic, `at ${level}`)
    await producer.add(`to be fenced at ${level}`, 3, partitions)
    await producer.produce(`to be fenced at ${level}`, 9, topic, 0)
    const id = { transactionalId: name, transactionTimeoutMs: 60_000 }
    await s.ask(`somebody new at ${level}`, 'InitProducerId', 4, id)
    await producer.settled(`fenced at ${level}`)
    await described(s, topic, `fenced at ${level}`)
    const next = await new Producer(s, name).init(`the next of its name at ${level}`)
    if (level > 0) await next.commitOffset(`offsets at ${level}`, 5, 'levels-group', topic, 3n)
    await next.commitOffset(`offsets by the old rules at ${level}`, 3, 'levels-group', topic, 3n)
    await s.ask(`a group at ${level}`, 'AddOffsetsToTxn', 3, { ...next.identity, groupId: 'levels-group' })
    await next.commitOffset(`offsets of the group at ${level}`, 3, 'levels-group', topic, 4n)
    await next.settled(`with offsets at ${level}`)
    await next.end(`with offsets at ${level}`, level > 0 ? 5 : 4, true)
    await next.settled(`ended with offsets at ${level}`)
  })
}

async function consumers(s: Session): Promise<void> {
  await s.coordinator('levels-consumers')
  await s.topic('levels-consumed')
  await atLevels(s, 'group.version', [0], async (level) => {
    for (const version of versionsOf('ConsumerGroupHeartbeat')) {
      const groupId = `levels-consumers-${level}-${version}`
      const body = { groupId, memberId: version === 0 ? '' : 'member', memberEpoch: 0, instanceId: null, rackId: null }
      const wanted = { subscribedTopicNames: ['levels-consumed'], subscribedTopicRegex: null, serverAssignor: null }
      await s.ask(`a member at ${level}`, 'ConsumerGroupHeartbeat', version, {
        ...body,
        ...wanted,
        rebalanceTimeoutMs: 60_000,
        topicPartitions: [],
      })
      const groups = { groupIds: [groupId, `${groupId}-absent`], includeAuthorizedOperations: false }
      if (level === 0) await s.ask(`described at ${level}`, 'ConsumerGroupDescribe', version, groups)
    }
  })
}

async function shares(s: Session): Promise<void> {
  const groupId = 'levels-share'
  await s.coordinator(groupId)
  const topicId = await s.topic('levels-shared')
  await atLevels(s, 'share.version', [1, 0], async (level) => {
    const ask = <N extends ApiName>(label: string, name: N, version: number, body: RequestInputOf<N>) =>
      s.ask(`${label} at ${level}`, name, version, body)
    const configs = [{ name: 'errors.deadletterqueue.topic.name', value: 'dlq.levels', configOperation: 0 }]
    const resources = [{ resourceType: 32, resourceName: groupId, configs }]
    await ask('a dead letter queue', 'IncrementalAlterConfigs', 1, { resources, validateOnly: true })
    await ask('settings of a group', 'DescribeConfigs', 4, {
      resources: [{ resourceType: 32, resourceName: groupId, configurationKeys: null }],
      includeSynonyms: false,
    })
    if (level > 0) return
    const member = {
      groupId,
      memberId: 'member',
      memberEpoch: 0,
      rackId: null,
      subscribedTopicNames: ['levels-shared'],
    }
    await ask('a member', 'ShareGroupHeartbeat', 1, member)
    await ask('described', 'ShareGroupDescribe', 1, {
      groupIds: [groupId, 'other'],
      includeAuthorizedOperations: false,
    })
    for (const version of versionsOf('ShareFetch')) {
      const session = { groupId, memberId: 'AAAAAAAAAAAAAAAAAAAAAQ', shareSessionEpoch: 0 }
      const topics = [{ topicId, partitions: [{ partitionIndex: 0, acknowledgementBatches: [] }] }]
      const limits = { maxWaitMs: 0, minBytes: 0, maxBytes: 1000, maxRecords: 10, batchSize: 10 }
      await ask('a fetch', 'ShareFetch', version, { ...session, ...limits, topics, forgottenTopicsData: [] })
      await ask('an acknowledgement', 'ShareAcknowledge', version, { ...session, shareSessionEpoch: 1, topics })
    }
    for (const version of versionsOf('DescribeShareGroupOffsets'))
      await ask('its offsets', 'DescribeShareGroupOffsets', version, { groups: [{ groupId, topics: null }] })
    const partitions = [{ partitionIndex: 0, startOffset: 0n }]
    const topics = [{ topicName: 'levels-shared', partitions }]
    await ask('offsets that are set', 'AlterShareGroupOffsets', 0, { groupId, topics })
    await ask('offsets that are deleted', 'DeleteShareGroupOffsets', 0, {
      groupId,
      topics: [{ topicName: 'levels-shared' }],
    })
    await ask('its coordinator', 'FindCoordinator', 6, {
      keyType: 2,
      coordinatorKeys: [`${groupId}:${UNKNOWN_ID}:0`],
    })
  })
}

export const levelScenarios: Readonly<Record<string, Scenario>> = {
  'levels: transactions': transactions,
  'levels: consumer groups': consumers,
  'levels: share groups': shares,
}
