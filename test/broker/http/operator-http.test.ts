// The operator's door: metrics as Prometheus reads them, health, and what does not belong there.

import t, { type Test } from 'tap'
import { batchOf, World } from '../harness.ts'
import { ask, get, HTTP_PORT } from './scraper.ts'

async function start(t: Test): Promise<World> {
  return World.start(t, { 'milena.http.listeners': `http://broker:${HTTP_PORT}` })
}

const pass = (world: World) =>
  world.simulation.complete(new Promise<void>((done) => world.node.host.timers.after(100, done)))

t.test('what was produced, fetched and committed is counted under the names of Kafka', async (t) => {
  const world = await start(t)
  const client = await world.connect()
  await client.createTopic('orders', 2)
  const batch = batchOf(['a', 'b', 'c'])
  const batchSize = batch.length
  await client.produce('orders', batch)
  await client.fetch('orders', 0)
  await client.produce('nowhere', batchOf(['a']))
  for (;;) {
    const found = await client.request('FindCoordinator', 4, { keyType: 0, coordinatorKeys: ['readers'] })
    if (found.coordinators[0]!.errorCode === 0) break
    await pass(world)
  }
  await client.request('OffsetCommit', 8, {
    groupId: 'readers',
    memberId: '',
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, committedOffset: 1n, committedMetadata: null }] }],
  })
  // A long poll whose client goes is not in flight for ever.
  const other = await world.connect()
  void other.send('Fetch', 11, {
    maxWaitMs: 60_000,
    minBytes: 1,
    maxBytes: 1000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset: 3n, partitionMaxBytes: 1000 }] }],
    forgottenTopicsData: [],
    rackId: '',
  })
  await pass(world)
  t.match(await get(world, '/metrics'), /\nkafka_network_requestchannel_requestqueuesize 1\n/)
  other.close()
  await pass(world)
  const text = await get(world, '/metrics?all')
  t.match(text, /^HTTP\/1\.1 200 OK\r\nContent-Type: text\/plain; version=0\.0\.4/)
  const body = text.slice(text.indexOf('\r\n\r\n') + 4)
  t.match(text, `Content-Length: ${Buffer.byteLength(body)}\r\n`)
  for (const line of [
    'kafka_server_brokertopicmetrics_messagesin_total{topic="orders"} 3',
    `kafka_server_brokertopicmetrics_bytesin_total{topic="orders"} ${batchSize}`,
    `kafka_server_brokertopicmetrics_bytesout_total{topic="orders"} ${batchSize}`,
    'kafka_network_requestmetrics_requests_total{request="Produce",version="9"} 2',
    'kafka_network_requestmetrics_errors_total{request="Produce",error="NONE"} 1',
    'kafka_network_requestmetrics_errors_total{request="Produce",error="UNKNOWN_TOPIC_OR_PARTITION"} 1',
    'kafka_network_requestmetrics_totaltimems_count{request="Produce"} 2',
    'kafka_server_brokertopicmetrics_failedproducerequests_total 1',
    'kafka_network_requestchannel_requestqueuesize 0',
    'kafka_server_socket_server_metrics_connection_count{listener="PLAINTEXT"} 1',
    'kafka_log_log_logendoffset{topic="orders",partition="0"} 3',
    `kafka_log_log_size{topic="orders",partition="0"} ${batchSize}`,
    'kafka_controller_kafkacontroller_activebrokercount 1',
    'kafka_controller_kafkacontroller_offlinepartitionscount 0',
    'kafka_consumergroup_current_offset{consumergroup="readers",type="classic",topic="orders",partition="0"} 1',
    'kafka_consumergroup_lag{consumergroup="readers",type="classic",topic="orders",partition="0"} 2',
    'kafka_server_group_coordinator_metrics_group_count{protocol="classic"} 1',
  ])
    t.ok(body.includes(`\n${line}\n`), line)
  for (const line of body.trimEnd().split('\n')) {
    if (!/^# (HELP|TYPE) \w+ .+$|^\w+(\{(\w+="([^"\\]|\\.)*",?)+\})? ([-+.\de]+|NaN|[-+]Inf)$/.test(line)) t.fail(line)
  }
  const names = [...body.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name)
  t.equal(new Set(names).size, names.length, 'each family stands once')
  await world.stop()
})

t.test('a topic that is deleted leaves its traffic in that of all', async (t) => {
  const world = await start(t)
  const client = await world.connect()
  await client.createTopic('gone')
  await client.produce('gone', batchOf(['a', 'b']))
  await client.request('DeleteTopics', 5, { topicNames: ['gone'], timeoutMs: 1000 })
  const text = await get(world, '/metrics')
  t.match(text, /\nkafka_server_brokertopicmetrics_messagesin_total 2\n/)
  t.notMatch(text, 'topic="gone"')
  await world.stop()
})

t.test('the broker says that it is alive, and that it is ready', async (t) => {
  const world = await start(t)
  t.match(await get(world, '/healthz'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok\n$/)
  t.match(await get(world, '/readyz'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nready\n$/)
  await world.stop()
})

t.test('a broker that is fenced is alive and not ready, until it serves again', async (t) => {
  const world = await start(t)
  const client = await world.connect()
  await client.request('UnregisterBroker', 0, { brokerId: 1 })
  t.match(await get(world, '/readyz'), /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*\r\n\r\nfenced\n$/)
  t.match(await get(world, '/healthz'), /^HTTP\/1\.1 200 /)
  await world.simulation.run(15_000)
  t.match(await get(world, '/readyz'), /^HTTP\/1\.1 200 /)
  await world.stop()
})

t.test('a broker whose last log directory has failed is not ready', async (t) => {
  const world = await start(t)
  const client = await world.connect()
  await client.createTopic('q')
  world.node.disk.fault = (_operation, path) => (path.startsWith('/data') ? 'failed' : null)
  await client.produce('q', batchOf(['a']))
  await world.simulation.run(20_000)
  t.match(await get(world, '/readyz'), /^HTTP\/1\.1 503 [\s\S]*\r\n\r\n[\s\S]*no log directory is online\n/)
  t.match(await get(world, '/healthz'), /^HTTP\/1\.1 200 /)
})

t.test('other requests are refused, and the broker goes on', async (t) => {
  const world = await start(t)
  t.match(await get(world, '/'), /^HTTP\/1\.1 404 /)
  t.match(await ask(world, 'POST /metrics HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc'), /^HTTP\/1\.1 405 /)
  t.match(await ask(world, 'nonsense\r\n\r\n'), /^HTTP\/1\.1 400 /)
  t.match(await ask(world, 'x'.repeat(10_000)), /^HTTP\/1\.1 400 /)
  t.match(await ask(world, 'HEAD /healthz HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n$/)
  t.equal(await ask(world, 'GET /metrics HTTP/1.1\r\n'), '', 'a request that does not end is closed in the end')
  t.match(await get(world, '/readyz'), /^HTTP\/1\.1 200 /)
  await world.stop()
})

t.test('a listener that is none is the operator’s mistake', async (t) => {
  await t.rejects(World.start(t, { 'milena.http.listeners': 'broker:9644' }), /is not http:\/\/HOST:PORT/)
})
