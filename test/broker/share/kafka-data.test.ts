import t from 'tap'
import { Broker } from '../../../broker/broker.ts'
import { ACCEPT } from '../../../broker/share/record-state.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { seed } from '../../host/implementations.ts'
import { install, kafkaFiles } from '../../storage/kafka-data.ts'
import { Client } from '../harness.ts'
import { batch, ShareMember } from './harness.ts'

t.test('a share group of Apache Kafka goes on where it was: 30 of 40 records are done', async (t) => {
  const simulation = simulate(seed)
  const node = simulation.node('broker')
  install(node.host.disk, '/data', kafkaFiles())
  const properties = { listeners: 'PLAINTEXT://broker:9092', 'log.dirs': '/data' }
  const broker = await simulation.complete(Broker.start({ host: node.host, properties }))
  const connection = await simulation.complete(
    simulation.node('client').host.network.connect({ host: 'broker', port: 9092 }),
  )
  const client = new Client(simulation, connection, 'test')
  await simulation.run(1_000)
  const offsets = await client.request('DescribeShareGroupOffsets', 1, {
    groups: [{ groupId: 'workers', topics: null }],
  })
  t.equal(offsets.groups[0]?.topics[0]?.partitions[0]?.lag, 10n)
  const member = new ShareMember(client, 'workers', 'a')
  t.equal((await simulation.complete(member.heartbeat(['queue']))).errorCode, 0)
  const { acquired, records } = await simulation.complete(member.fetch())
  t.equal(records.length, 10)
  const [topicId = ''] = acquired.map((one) => one.topicId)
  const batches = acquired.map(({ first, last }) => batch(first, last, ACCEPT))
  t.equal(await simulation.complete(member.acknowledge(topicId, 0, batches)), 0)
  const after = await client.request('DescribeShareGroupOffsets', 1, { groups: [{ groupId: 'workers', topics: null }] })
  t.equal(after.groups[0]?.topics[0]?.partitions[0]?.lag, 0n)
  await simulation.complete(broker.stop())
})
