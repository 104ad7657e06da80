// Features at lower levels, as in a cluster that goes up step by step: transactions by the older rules, groups whose
// kind is not there yet. Field by field against Apache Kafka: test/conformance, `levels`.

import t from 'tap'
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Client } from './harness.ts'
import { add, committed, complete, end, init, produce, ready, stateOf, texts } from './transactional-client.ts'

async function lower(client: Client, feature: string, level: number): Promise<void> {
  const featureUpdates = [{ feature, maxVersionLevel: level, upgradeType: 2 }]
  const answer = await client.request('UpdateFeatures', 2, { featureUpdates, validateOnly: false })
  if (answer.errorCode !== ErrorCode.NONE) throw new Error(`${feature}: ${answer.errorMessage}`)
}

for (const level of [1, 0]) {
  t.test(
    `at transaction.version ${level} the epoch of a producer stays, and rises when somebody shuts it out`,
    async (t) => {
      const { world, client } = await ready(t)
      await lower(client, 'transaction.version', level)
      const first = await init(world, client, 'old')
      for (const [index, isCommitted] of [true, false, true].entries()) {
        t.equal(await add(client, 3, first, 0), ErrorCode.NONE)
        t.equal(
          await produce(client, 9, first, index, `${isCommitted ? '' : 'aborted '}letter ${index}`),
          ErrorCode.NONE,
        )
        t.equal((await end(client, 4, first, isCommitted)).errorCode, ErrorCode.NONE)
        await complete(world, client, 'old')
      }
      t.same(texts(await committed(client)), ['letter 0', 'letter 2'])
      t.equal(await add(client, 3, first, 0), ErrorCode.NONE)
      t.equal(await produce(client, 9, first, 3, 'aborted letter'), ErrorCode.NONE)
      const next = await init(world, client, 'old')
      t.equal(next.producerEpoch, first.producerEpoch + 2, 'one to shut it out, and one to go on with')
      t.equal(await stateOf(client, 'old'), 'Empty')
      t.equal(await produce(client, 9, first, 4, 'late'), ErrorCode.INVALID_PRODUCER_EPOCH)
      t.equal((await end(client, 4, first, true)).errorCode, ErrorCode.PRODUCER_FENCED)
      world.node.crash()
      await world.restart()
      const again = await world.connect()
      t.same(texts(await committed(again)), ['letter 0', 'letter 2'])
      await world.stop()
    },
  )
}

t.test('consumer groups are there from group.version 1 on, share groups from share.version 1 on', async (t) => {
  const { world, client } = await ready(t)
  const none = { rackId: null, memberEpoch: 0, subscribedTopicNames: ['letters'] }
  const consumer = { ...none, memberId: 'm', instanceId: null, subscribedTopicRegex: null, serverAssignor: null }
  const consume = () =>
    client.request('ConsumerGroupHeartbeat', 1, {
      ...consumer,
      groupId: 'readers',
      rebalanceTimeoutMs: 60_000,
      topicPartitions: [],
    })
  const share = () => client.request('ShareGroupHeartbeat', 1, { ...none, groupId: 'workers', memberId: 'm' })
  t.equal((await consume()).errorCode, ErrorCode.NONE)
  await lower(client, 'group.version', 0)
  await lower(client, 'share.version', 0)
  t.equal((await consume()).errorCode, ErrorCode.UNSUPPORTED_VERSION)
  t.equal((await share()).errorCode, ErrorCode.UNSUPPORTED_VERSION)
  const groupIds = ['readers']
  const described = { groupIds, includeAuthorizedOperations: false }
  t.match((await client.request('ConsumerGroupDescribe', 1, described)).groups, [
    { errorCode: ErrorCode.UNSUPPORTED_VERSION },
  ])
  t.match((await client.request('ShareGroupDescribe', 1, described)).groups, [
    { errorCode: ErrorCode.UNSUPPORTED_VERSION },
  ])
  await world.stop()
})
