import t from 'tap'
import { MetadataDelta } from '../../../broker/metadata/delta.ts'
import { MetadataImage, RESOURCE } from '../../../broker/metadata/image.ts'
import { recordsOf } from '../../../broker/metadata/image-records.ts'
import { decodeRecord, type MetadataRecord, newRecord } from '../../../broker/metadata/records.ts'
import { MetadataReplay } from '../../../broker/metadata/replay.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { expectedTopics, install, kafkaFiles } from '../../storage/kafka-data.ts'
import { contentsOf, createTopicsRequest, MetadataMachine, topicOf } from '../controller/harness.ts'

const VERSION = 33

function imageOf(records: readonly MetadataRecord[], from: MetadataImage = MetadataImage.empty): MetadataImage {
  const replay = new MetadataReplay(from)
  replay.addRecords(records, from.offset + records.length, 1, 0)
  return replay.publish().image
}

t.test('an image is the same as that of the records which it is written as', async (t) => {
  const machine = new MetadataMachine(20)
  const { metadata, channel } = await machine.start()
  const configs = [{ name: 'retention.ms', value: '1000' }]
  const topics = createTopicsRequest(topicOf('a', { numPartitions: 3, configs }), topicOf('b'))
  await machine.simulation.complete(channel.send('CreateTopics', topics))
  await machine.simulation.run(100)
  t.same(contentsOf(imageOf(recordsOf(metadata.image))), contentsOf(metadata.image))
})

t.test(
  'random histories: replay from the log, from a snapshot and the log behind it, and the live image agree',
  async (t) => {
    const base = Number(process.env['SEED'] ?? 2000)
    let compared = 0
    for (let seed = base; seed < base + (process.env['SEED'] ? 1 : 15); seed++) {
      const machine = new MetadataMachine(seed, { 'metadata.log.max.record.bytes.between.snapshots': '1000' })
      const running = await machine.start()
      const random = new SeededRandom(seed)
      for (let step = 0; step < 40; step++) {
        const name = `t${random.below(12)}`
        const kind = random.below(3)
        if (kind === 0) {
          const topics = [{ name, topicId: 'AAAAAAAAAAAAAAAAAAAAAA' }]
          await machine.simulation.complete(
            running.channel.send('DeleteTopics', { topics, topicNames: [], timeoutMs: 1 }),
          )
        } else if (kind === 1) {
          const configs = [{ name: 'retention.ms', configOperation: random.below(2), value: String(random.below(100)) }]
          const resources = [{ resourceType: RESOURCE.topic, resourceName: name, configs }]
          const request = { resources, validateOnly: false }
          await machine.simulation.complete(running.channel.send('IncrementalAlterConfigs', request))
        } else {
          const topic = topicOf(name, { numPartitions: 1 + random.below(4) })
          await machine.simulation.complete(running.channel.send('CreateTopics', createTopicsRequest(topic)))
        }
      }
      await machine.simulation.complete(running.metadata.whenApplied(running.controller.image.offset))
      const live = contentsOf(running.controller.image)
      const published = contentsOf(running.metadata.image)
      await machine.stop(running)
      const atEnd = contentsOf(running.controller.image)
      const from = running.quorum.latestSnapshot
      machine.node.restart()
      const again = machine.open()
      const reloaded = contentsOf(again.controller.image)
      compared += reloaded.length
      const same = live.join() === published.join() && atEnd.join() === reloaded.join()
      if (!same || from === null) t.fail(`SEED=${seed}: live ${live.length}, reloaded ${reloaded.length}, from ${from}`)
    }
    t.ok(compared > 0, `${compared} lines of images compared`)
  },
)

t.test('an image shares what a commit did not touch', (t) => {
  const records: MetadataRecord[] = []
  for (let index = 0; index < 1000; index++) records.push(...topicRecords(`topic-${index}`, topicId(index), 2))
  const before = imageOf(records)
  const after = imageOf(topicRecords('another', topicId(5000), 1), before)
  t.equal(after.topics.size, 1001)
  t.equal(after.topics.byName('topic-7'), before.topics.byName('topic-7'))
  t.equal(before.topics.byName('another'), undefined, 'the image before is what it was')
  t.equal(after.brokers, before.brokers)
  t.end()
})

function topicId(index: number): string {
  return Buffer.from(`topic-id-${String(index).padStart(7, '0')}`).toString('base64url')
}

function topicRecords(name: string, id: string, partitionCount: number): MetadataRecord[] {
  const partition = { replicas: [1], isr: [1], removingReplicas: [], addingReplicas: [], directories: [] }
  const state = { leader: 1, leaderEpoch: 0, partitionEpoch: 0 }
  return [
    newRecord('TopicRecord', VERSION, { name, topicId: id }),
    ...Array.from({ length: partitionCount }, (_, partitionId) =>
      newRecord('PartitionRecord', VERSION, { ...partition, ...state, topicId: id, partitionId }),
    ),
  ]
}

t.test('a delta tells what is new, gone and changed', (t) => {
  const before = imageOf([...topicRecords('a', topicId(1), 2), ...topicRecords('b', topicId(2), 1)])
  const delta = new MetadataDelta(before)
  for (const record of topicRecords('c', topicId(3), 1)) delta.apply(record)
  delta.apply(newRecord('PartitionChangeRecord', VERSION, { topicId: topicId(1), partitionId: 1, leader: 1 }))
  delta.apply(newRecord('RemoveTopicRecord', VERSION, { topicId: topicId(2) }))
  const config = { resourceType: RESOURCE.topic, resourceName: 'a', name: 'retention.ms', value: '1' }
  delta.apply(newRecord('ConfigRecord', VERSION, config))
  const image = delta.finish(9, 1, 0)
  t.same(
    delta.createdTopics.map(({ name }) => name),
    ['c'],
  )
  t.same(
    delta.deletedTopics.map(({ name }) => name),
    ['b'],
  )
  t.same([...(delta.changedPartitions.get(topicId(1)) ?? [])], [1])
  t.ok(delta.changedConfigs.some(({ name }) => name === 'a'))
  t.match(image.topics.byName('a')?.partitions[1], { leaderEpoch: 1, partitionEpoch: 1 })
  t.equal(image.topics.byName('b'), undefined)
  t.end()
})

t.test('records of a metadata transaction take effect at its end, or not at all', (t) => {
  const replay = new MetadataReplay(MetadataImage.empty)
  replay.addRecords([newRecord('BeginTransactionRecord', VERSION, {}), ...topicRecords('a', topicId(1), 1)], 2, 1, 0)
  t.equal(replay.publish().image.topics.size, 0)
  t.equal(replay.isInTransaction, true)
  replay.addRecords([newRecord('EndTransactionRecord', VERSION, {})], 3, 1, 0)
  t.equal(replay.publish().image.topics.size, 1)
  replay.addRecords([newRecord('BeginTransactionRecord', VERSION, {}), ...topicRecords('b', topicId(2), 1)], 6, 1, 0)
  replay.addRecords([newRecord('AbortTransactionRecord', VERSION, {})], 7, 1, 0)
  t.equal(replay.publish().image.topics.size, 1)
  t.end()
})

t.test('a record of a type that is not known is kept in snapshots', (t) => {
  const unknown = decodeRecord(Uint8Array.of(1, 99, 0, 42))
  t.match(unknown, { type: 'unknown', apiKey: 99, version: 0 })
  const later = decodeRecord(Uint8Array.of(1, 2, 7, 42))
  t.match(later, { type: 'unknown', apiKey: 2, version: 7 }, 'a version that is not known, too')
  const image = imageOf([unknown, later])
  t.same(
    recordsOf(image).map(({ bytes }) => [...bytes]),
    [
      [1, 99, 0, 42],
      [1, 2, 7, 42],
    ],
  )
  t.end()
})

t.test("Apache Kafka's metadata log loads with all that is in it", async (t) => {
  const machine = new MetadataMachine(21)
  const all = kafkaFiles()
  const files = new Map([...all].filter(([name]) => name.startsWith('__cluster_metadata-0/')))
  const properties = Buffer.from(all.get('meta.properties') ?? '').toString()
  machine.directoryId = /^directory\.id=(.+)$/m.exec(properties)?.[1] ?? ''
  install(machine.node.host.disk, '/data', files)
  for (const path of ['/', '/data', '/data/__cluster_metadata-0']) machine.node.host.disk.syncDirectory(path)
  const running = machine.open()
  await machine.simulation.complete(running.metadata.start())
  const { image } = running.metadata
  for (const { name, id, partitions } of expectedTopics()) {
    t.equal(image.topics.byName(name)?.id, id, name)
    t.equal(image.topics.byId(id)?.partitions.length, partitions.length)
  }
  t.equal(image.metadataVersion, VERSION)
  const kinds = [...new Set([...image.kept.keys()].map((key) => key.split('/')[0]))].sort()
  t.same(kinds, ['acl', 'controller', 'quota', 'scram'])
  t.equal(image.unknown.length, 0)
  t.same(contentsOf(imageOf(recordsOf(image))), contentsOf(image), 'a snapshot of it loses nothing')
  t.ok(image.nextProducerId > 0n)
  // The broker's id and cluster are its own: it can go on from there.
  await machine.simulation.complete(running.lifecycle.start())
  const leaderless = Array.from(running.metadata.image.topics.values()).filter(({ partitions }) =>
    partitions.some(({ leader }) => leader !== 1),
  )
  t.same(leaderless, [])
  const { topics } = await machine.simulation.complete(
    running.channel.send('CreateTopics', createTopicsRequest(topicOf('another'))),
  )
  t.match(topics, [{ errorCode: ErrorCode.NONE }])
})
