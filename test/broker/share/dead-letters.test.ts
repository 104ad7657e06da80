// Dead letters that cannot be written (KIP-1191): they are given up, and their records are done with all the same.

import t from 'tap'
import { ACCEPT, REJECT } from '../../../broker/share/record-state.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { batchOf, type Client, World } from '../harness.ts'
import { batch, joined, prepareGroup } from './harness.ts'

const LETTERS = 'dlq.q'
const CREATES = { 'errors.deadletterqueue.auto.create.topics.enable': 'true' }
const ALLOWS = { 'errors.deadletterqueue.group.enable': 'true' }

interface Setting {
  readonly properties?: Record<string, string>
  /** Configs of the topic for dead letters, where there is one before. */
  readonly topic?: Record<string, string>
  readonly shareVersion?: number
  readonly letters: number
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  'a topic that allows it takes them': { topic: ALLOWS, letters: 1 },
  'a topic that does not say that it allows it takes none': { topic: {}, letters: 0 },
  'a topic that is not there is not made unasked': { letters: 0 },
  'a topic whose name lacks the prefix takes none': {
    properties: { ...CREATES, 'errors.deadletterqueue.topic.name.prefix': 'other.' },
    letters: 0,
  },
  'before share.version 2 there are none': { properties: CREATES, shareVersion: 1, letters: 0 },
}

for (const [name, { properties = {}, topic, shareVersion, letters }] of Object.entries(SETTINGS)) {
  t.test(name, async (t) => {
    const world = await World.start(t, { 'share.coordinator.state.topic.num.partitions': '2', ...properties })
    const client = await world.connect()
    const topicId = await client.createTopic('q')
    if (topic !== undefined) await client.createTopic(LETTERS, 1, topic)
    await prepareGroup(world, client, 'g', { 'errors.deadletterqueue.topic.name': LETTERS })
    if (shareVersion !== undefined) await lower(client, shareVersion)
    await client.produce('q', batchOf(['bad', 'good']))
    const member = await joined(world, await world.connect(), 'g', 'a', ['q'])
    t.equal((await world.simulation.complete(member.fetch())).records.length, 2)
    const acknowledged = member.acknowledge(topicId, 0, [batch(0, 0, REJECT), batch(1, 1, ACCEPT)])
    t.equal(await world.simulation.complete(acknowledged), ErrorCode.NONE)
    await world.simulation.run(5_000)
    const described = await client.request('DescribeShareGroupOffsets', 1, { groups: [{ groupId: 'g', topics: null }] })
    t.match(described.groups[0]?.topics[0]?.partitions, [{ lag: 0n }])
    const { errorCode, read } = await client.fetch(LETTERS, 0)
    t.equal(read.length, letters)
    const isThere = topic !== undefined
    t.equal(errorCode, isThere ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    for (const { key, value } of read) t.same([key, value], [null, null], 'without its content, unless that is wanted')
    await world.stop()
  })
}

async function lower(client: Client, level: number): Promise<void> {
  const featureUpdates = [{ feature: 'share.version', maxVersionLevel: level, upgradeType: 2 }]
  const { errorCode } = await client.request('UpdateFeatures', 2, { featureUpdates, validateOnly: false })
  if (errorCode !== ErrorCode.NONE) throw new Error(`share.version ${level}: ${errorCode}`)
}
