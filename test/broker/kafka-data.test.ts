// A whole broker on the directory that Apache Kafka 4.4.0 left behind (test/oracle): what Kafka's own clients read from
// Kafka is what they read from us, and what we do not serve yet is kept. test/clients/swap.ts does it with both in
// turn.

import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { Broker } from '../../broker/broker.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { type Served, served } from '../clients/served.ts'
import { seed } from '../host/implementations.ts'
import { expectedTopics, install, kafkaFiles } from '../storage/kafka-data.ts'
import { WireClient } from '../wire-client.ts'

const expected: { groupOffsets: Served['offsets'] } = JSON.parse(
  gunzipSync(readFileSync(new URL('../oracle/kafka-data-4.4.0.expected.json.gz', import.meta.url))).toString('utf8'),
)
const properties = { listeners: 'PLAINTEXT://broker:9092', 'log.dirs': '/data', 'node.id': '1' }

async function compare(t: Test, isClean: boolean): Promise<void> {
  const simulation = simulate(seed)
  const node = simulation.node('broker')
  const files = kafkaFiles()
  if (!isClean) files.delete('.kafka_cleanshutdown')
  install(node.host.disk, '/data', files)
  for (let start = 0; start < 3; start++) {
    const host = start === 0 ? node.host : node.restart()
    const broker = await simulation.complete(Broker.start({ host, properties }))
    t.equal(broker.clusterId, 'OExQfSewS4ukr3oz6vrcTg')
    const { network } = simulation.node(`client ${start}`).host
    const connection = await simulation.complete(network.connect({ host: 'broker', port: 9092 }))
    const answers = await simulation.complete(served(new WireClient(connection, 'swap')))
    const topics = expectedTopics()
    t.same(
      answers.topics.map(({ name }) => name),
      topics.map(({ name }) => name).sort(),
    )
    for (const topic of topics)
      t.same(
        answers.topics.find(({ name }) => name === topic.name),
        topic,
        topic.name,
      )
    t.match(answers, state)
    t.same(answers.offsets, expected.groupOffsets)
    if (start === 1) node.kill()
    else await simulation.complete(broker.stop())
  }
}

/** What the directory holds besides records and offsets, as kafka-dump-log shows it. */
const state = {
  configs: {
    appendtime: { 'message.timestamp.type': 'LogAppendTime' },
    compacted: {
      'cleanup.policy': 'compact',
      'delete.retention.ms': '100',
      'min.cleanable.dirty.ratio': '0.01',
      'segment.ms': '100',
    },
    'codec-gzip': { 'retention.ms': '86400000' },
    segments: { 'index.interval.bytes': '512', 'segment.bytes': '1048576' },
  },
  groups: {
    'group-classic': 'classic',
    'group-consumer': 'consumer',
    'group-manual': 'classic',
    'txn-group': 'classic',
    workers: 'share',
  },
  // Its first record was delivered twice, and is released.
  shareOffsets: { workers: { 'queue-0': 0 } },
  quotas: [
    {
      entity: [{ entityType: 'client-id', entityName: 'slow' }],
      values: [{ key: 'producer_byte_rate', value: 1024 }],
    },
  ],
  scram: [{ user: 'alice', errorCode: 0, credentialInfos: [{ mechanism: 1, iterations: 4096 }] }],
  features: {
    'eligible.leader.replicas.version': 1,
    'group.version': 1,
    'metadata.version': 33,
    'share.version': 2,
    'streams.version': 1,
    'transaction.version': 2,
  },
}

t.test('a broker serves everything that Kafka left after a clean stop, through restarts and a kill', (t) =>
  compare(t, true),
)
t.test('a broker serves everything that a killed Kafka left, through restarts and a kill', (t) => compare(t, false))
