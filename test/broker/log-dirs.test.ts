// Several log directories: where partitions go, how they move, and one that fails alone.

import t, { type Test } from 'tap'
import { Broker } from '../../broker/broker.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { readMetaProperties } from '../../storage/directory/meta-properties.ts'
import { Client, World } from './harness.ts'

const TWO = { 'log.dirs': '/a,/b', 'file.delete.delay.ms': '1000' }
const encoder = new TextEncoder()

const batch = (value: string, count = 1): Uint8Array =>
  buildBatch({
    timestamp: 1_767_225_600_000,
    records: Array.from({ length: count }, () => ({ key: encoder.encode('k'), value: encoder.encode(value) })),
  })

/** The directory of each partition of a topic, by index; `future` where a copy is under way. */
async function placesOf(client: Client, topic: string): Promise<string[]> {
  const { results } = await client.request('DescribeLogDirs', 4, { topics: null })
  const places: string[] = []
  for (const { logDir, topics } of results) {
    for (const { partitionIndex, isFutureKey } of topics.find(({ name }) => name === topic)?.partitions ?? []) {
      if (!isFutureKey) places[partitionIndex] = logDir
    }
  }
  return places
}

async function move(client: Client, topic: string, index: number, path: string): Promise<number> {
  const dirs = [{ path, topics: [{ name: topic, partitions: [index] }] }]
  const { results } = await client.request('AlterReplicaLogDirs', 2, { dirs })
  return results[0]!.partitions[0]!.errorCode
}

/** Of all records that are there. */
async function offsets(client: Client, topic: string): Promise<number[]> {
  const all: number[] = []
  for (;;) {
    const found = (await client.fetch(topic, all.length)).read.filter(({ offset }) => offset >= all.length)
    if (found.length === 0) return all
    all.push(...found.map(({ offset }) => offset))
  }
}

/** A partition in one of two directories, with so many batches of a record of so many bytes; and the other one. */
async function withPartition(t: Test, count: number, size: number) {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t')
  for (let index = 0; index < count; index++) await client.produce('t', batch('x'.repeat(size)))
  const [from] = await placesOf(client, 't')
  return { world, client, from, to: from === '/a' ? '/b' : '/a' }
}

t.test('new partitions go where the fewest are, and the controller learns where', async (t) => {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t', 4)
  const places = await placesOf(client, 't')
  t.same(places.toSorted(), ['/a', '/a', '/b', '/b'])
  await world.simulation.run(1000)
  await world.stop()
  await world.restart()
  const again = await world.connect()
  t.same(await placesOf(again, 't'), places, 'also of partitions without a file')
})

t.test('a partition moves while it is written to, and loses nothing', async (t) => {
  const { world, client, from, to } = await withPartition(t, 50, 1000)
  t.equal(await move(client, 't', 0, to), ErrorCode.NONE)
  for (let index = 0; index < 50; index++) {
    const { errorCode, baseOffset } = await client.produce('t', batch('y'.repeat(1000)))
    t.equal(errorCode, ErrorCode.NONE)
    t.equal(Number(baseOffset), 50 + index)
  }
  await world.simulation.run(5000)
  t.same(await placesOf(client, 't'), [to])
  t.equal((await offsets(client, 't')).length, 100)
  t.notOk(world.node.host.disk.exists(`${from}/t-0`))
  world.node.crash()
  await world.restart()
  const again = await world.connect()
  t.same(await placesOf(again, 't'), [to])
  t.equal((await offsets(again, 't')).length, 100)
  t.equal(await move(again, 't', 0, to), ErrorCode.NONE, 'it is there already')
  t.equal(await move(again, 't', 0, '/c'), ErrorCode.LOG_DIR_NOT_FOUND)
  t.equal(await move(again, 'none', 0, '/a'), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

t.test('a move keeps to the rate that is set for it', async (t) => {
  const { world, client, from, to } = await withPartition(t, 50, 1000)
  const setRate = async (value: string): Promise<number> => {
    const configs = [{ name: 'replica.alter.log.dirs.io.max.bytes.per.second', configOperation: 0, value }]
    const resources = [{ resourceType: 4, resourceName: '1', configs }]
    const { responses } = await client.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
    return responses[0]!.errorCode
  }
  t.equal(await setRate('fast'), ErrorCode.INVALID_REQUEST)
  t.equal(await setRate('5000'), ErrorCode.NONE)
  t.equal(await move(client, 't', 0, to), ErrorCode.NONE)
  await world.simulation.run(5000)
  t.same(await placesOf(client, 't'), [from], 'half of it is copied')
  t.equal(await setRate('1000000'), ErrorCode.NONE)
  await world.simulation.run(3000)
  t.same(await placesOf(client, 't'), [to])
  t.equal((await offsets(client, 't')).length, 50)
})

t.test('a move that a crash cuts off begins anew', async (t) => {
  const { world, client, to } = await withPartition(t, 40, 100_000)
  await move(client, 't', 0, to)
  await world.simulation.run(5)
  const { results } = await client.request('DescribeLogDirs', 4, { topics: null })
  const future = results.find(({ logDir }) => logDir === to)?.topics.flatMap(({ partitions }) => partitions)
  t.match(
    future?.find(({ isFutureKey }) => isFutureKey),
    { partitionIndex: 0 },
  )
  world.node.kill()
  await world.restart()
  await world.simulation.run(20_000)
  const again = await world.connect()
  t.same(await placesOf(again, 't'), [to])
  t.equal((await offsets(again, 't')).length, 40)
})

t.test('a cordoned directory takes no new partitions and keeps those that it has (KIP-1066)', async (t) => {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t', 2)
  const lying = (await placesOf(client, 't')).indexOf('/b')
  const cordon = async (on: Client, value: string) => {
    const configs = [{ name: 'cordoned.log.dirs', configOperation: 0, value }]
    const resources = [{ resourceType: 4, resourceName: '1', configs }]
    const { responses } = await on.request('IncrementalAlterConfigs', 1, { resources, validateOnly: false })
    // The controller hears of it with the next heartbeat.
    await world.simulation.run(3_000)
    return responses[0]?.errorCode
  }
  t.equal(await cordon(client, '/c'), ErrorCode.INVALID_REQUEST)
  t.equal(await cordon(client, '/b'), ErrorCode.NONE)
  const { results } = await client.request('DescribeLogDirs', 5, { topics: null })
  t.same(Object.fromEntries(results.map(({ logDir, isCordoned }) => [logDir, isCordoned])), { '/a': false, '/b': true })
  await client.createTopic('new', 3)
  t.same(await placesOf(client, 'new'), ['/a', '/a', '/a'])
  t.equal((await client.produce('t', batch('v'), { index: lying })).errorCode, ErrorCode.NONE)
  t.equal(await move(client, 't', 1 - lying, '/b'), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  t.equal(await cordon(client, '*'), ErrorCode.NONE)
  await t.rejects(client.createTopic('none'), `${ErrorCode.INVALID_REPLICATION_FACTOR}`)
  world.node.crash()
  await world.restart()
  const again = await world.connect()
  await t.rejects(again.createTopic('none'), `${ErrorCode.INVALID_REPLICATION_FACTOR}`)
  t.equal((await offsets(again, 't')).length, lying === 0 ? 1 : 0)
  t.equal(await cordon(again, ''), ErrorCode.NONE)
  await again.createTopic('last')
  await world.stop()
})

t.test('a directory that fails goes alone: its partitions answer KAFKA_STORAGE_ERROR, the rest serves', async (t) => {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t', 2)
  const places = await placesOf(client, 't')
  const lost = places.indexOf('/b')
  const kept = places.indexOf('/a')
  for (const index of [0, 1]) await client.produce('t', batch('v'), { index })
  await world.simulation.run(1000)
  world.node.disk.fault = (_operation, path) => (path.startsWith('/b') ? 'failed' : null)
  await world.simulation.run(20_000)
  t.equal((await client.produce('t', batch('v'), { index: kept })).errorCode, ErrorCode.NONE)
  t.equal((await client.produce('t', batch('v'), { index: lost })).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  t.equal((await client.fetch('t', 0, { index: lost })).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  const { results } = await client.request('DescribeLogDirs', 4, { topics: null })
  t.match(
    results.find(({ logDir }) => logDir === '/b'),
    { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, topics: [] },
  )
  const { topics } = await client.request('Metadata', 12, { topics: null })
  const leaders = topics[0]?.partitions.map(({ partitionIndex, leaderId }) => [partitionIndex, leaderId])
  t.same(
    leaders?.toSorted(),
    [0, 1].map((index) => [index, index === lost ? -1 : 1]),
  )
  t.same(topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === lost)?.offlineReplicas, [1])
  await client.createTopic('new', 2)
  t.same(await placesOf(client, 'new'), ['/a', '/a'])

  world.node.kill()
  const host = world.node.restart()
  t.ok(host)
})

t.test('a directory that cannot be opened is offline, and what lies there does not begin anew elsewhere', async (t) => {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t', 2)
  const lost = (await placesOf(client, 't')).indexOf('/b')
  for (const index of [0, 1]) await client.produce('t', batch('v'), { index })
  await world.simulation.run(1000)
  await world.stop()
  world.node.disk.fault = (_operation, path) => (path.startsWith('/b') ? 'failed' : null)
  await world.restart()
  const without = await world.connect()
  t.equal((await without.produce('t', batch('v'), { index: lost })).errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
  t.equal((await without.produce('t', batch('v'), { index: 1 - lost })).errorCode, ErrorCode.NONE)
  t.equal(await move(without, 't', lost, '/a'), ErrorCode.KAFKA_STORAGE_ERROR)
  t.equal(await move(without, 't', 1 - lost, '/b'), ErrorCode.KAFKA_STORAGE_ERROR)
  await world.stop()
  world.node.disk.fault = null
  await world.restart()
  const again = await world.connect()
  t.equal((await again.fetch('t', 0, { index: lost })).read.length, 1)
  t.equal((await again.produce('t', batch('v'), { index: lost })).errorCode, ErrorCode.NONE)
})

t.test('a disk that was replaced by an empty one: what lay there begins anew, and is led', async (t) => {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t', 2)
  const places = await placesOf(client, 't')
  const index = places.indexOf('/b')
  await client.produce('t', batch('v'), { index })
  await world.simulation.run(1000)
  await world.stop()
  world.node.host.disk.removeDirectory('/b')
  await world.restart()
  await world.simulation.run(1000)
  const again = await world.connect()
  const { errorCode, baseOffset } = await again.produce('t', batch('v'), { index })
  t.same([errorCode, Number(baseOffset)], [ErrorCode.NONE, 0])
})

t.test('an unclean election does not make a leader of a replica in a failed directory', async (t) => {
  const world = await World.start(t, TWO)
  const client = await world.connect()
  await client.createTopic('t', 2)
  const lost = (await placesOf(client, 't')).indexOf('/b')
  await client.produce('t', batch('v'), { index: lost })
  await world.simulation.run(1000)
  world.node.disk.fault = (operation, path) => (operation === 'sync' && path.startsWith('/b') ? 'failed' : null)
  await client.produce('t', batch('v'), { index: lost })
  await world.simulation.run(1000)
  const topicPartitions = [{ topic: 't', partitions: [lost] }]
  const { replicaElectionResults } = await client.request('ElectLeaders', 2, {
    electionType: 1,
    topicPartitions,
    timeoutMs: 1000,
  })
  t.equal(replicaElectionResults[0]?.partitionResult[0]?.errorCode, ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE)
  const { topics } = await client.request('Metadata', 12, { topics: null })
  t.equal(topics[0]?.partitions.find(({ partitionIndex }) => partitionIndex === lost)?.leaderId, -1)
})

const seedCount = Number(process.env['SEEDS'] ?? 6)

/** All of it but the metadata log's. */
function failDirectory(node: SimulatedNode, failing: string): void {
  node.disk.fault = (operation, path) => (operation === failing && path.startsWith('/b/') ? 'failed' : null)
}

t.test('moves, crashes and failing disks at any moment lose nothing that was acknowledged', async (t) => {
  for (let seed = 1; seed <= seedCount; seed++) {
    const simulation = simulate(seed)
    const { random } = simulation
    const node = simulation.node('broker')
    const journal = { 'milena.journal.size': random.pick(['0', '65536']), 'milena.journal.after.syncs': '0' }
    const properties = { ...TWO, ...journal, listeners: 'PLAINTEXT://broker:9092' }
    let broker = await simulation.complete(Broker.start({ host: node.host, properties }))
    const connect = async (): Promise<Client> => {
      const { host } = simulation.node('client')
      const connection = await simulation.complete(host.network.connect({ host: 'broker', port: 9092 }))
      return new Client(simulation, connection, 'test')
    }
    let client = await connect()
    await client.createTopic('t')
    const acknowledged = new Map<number, string>()
    for (let life = 0; life < 5; life++) {
      for (let step = random.between(1, 30); step > 0; step--) {
        if (random.chance(0.02)) failDirectory(node, random.pick(['write', 'sync']))
        if (random.chance(0.3)) await move(client, 't', 0, random.pick(['/a', '/b']))
        const value = `${seed}-${life}-${step}`.padEnd(random.pick([10, 10, 1000, 50_000]), '.')
        const { errorCode, baseOffset } = await client.produce('t', batch(value))
        if (errorCode === ErrorCode.NONE) acknowledged.set(Number(baseOffset), value)
        if (random.chance(0.5)) await simulation.run(random.pick([1, 5, 20]))
      }
      await simulation.run(random.pick([0, 1, 3, 10, 30]))
      if (random.chance(0.2)) await simulation.complete(broker.stop())
      else if (random.chance(0.5)) node.kill()
      else node.crash()
      node.disk.fault = null
      broker = await simulation.complete(Broker.start({ host: node.restart(), properties }))
      client = await connect()
      const found = new Map<number, string>()
      for (let next = 0; ; ) {
        const { read } = await client.fetch('t', next)
        if (read.length === 0) break
        for (const { offset, value } of read) found.set(offset, new TextDecoder().decode(value ?? undefined))
        next = (read.at(-1)?.offset ?? next) + 1
      }
      for (const [offset, value] of acknowledged) {
        if (found.get(offset) === value) continue
        t.fail(
          `seed ${seed}, life ${life}: the record at ${offset} is ${found.get(offset)?.slice(0, 20)}, not ${value}`,
        )
        return
      }
    }
    await simulation.complete(broker.stop())
  }
  t.pass(`${seedCount} seeds`)
})

t.test('the metadata log', async (t) => {
  const METADATA = '__cluster_metadata-0'

  /** Why it does not start. */
  async function refusal(world: World, host: SimulatedNode['host'], properties = world.properties): Promise<string> {
    const started = Broker.start({ host, properties }).then(
      () => 'started',
      (error: Error) => `${error.name}: ${error.message}`,
    )
    return world.simulation.complete(started)
  }

  for (const how of ['clean', 'kill'] as const) {
    t.test(`lost after a ${how === 'clean' ? 'clean stop' : 'kill'}: no start, and nothing is set aside`, async (t) => {
      const world = await World.start(t, TWO)
      const client = await world.connect()
      await client.createTopic('t', 4)
      for (const index of [0, 1, 2, 3]) await client.produce('t', batch('x'), { index })
      await world.simulation.run(1000)
      if (how === 'clean') await world.stop()
      else world.node.kill()
      let host = world.node.restart()
      host.disk.rename(`/a/${METADATA}`, '/copy')
      const names = () =>
        ['/a', '/b'].flatMap((path) =>
          host.disk
            .list(path)
            .filter(({ isDirectory }) => isDirectory)
            .map(({ name }) => `${path}/${name}`),
        )
      const before = names().toSorted()
      for (const isEmpty of [false, true]) {
        if (isEmpty) host.disk.makeDirectory(`/a/${METADATA}`)
        const found = await refusal(world, host)
        t.match(found, /^StorageFault: \/a\/__cluster_metadata-0 is gone or empty, .*\(partitions there: 4\).* restore/)
        host = world.node.restart()
      }
      t.same(names().toSorted(), [...before, `/a/${METADATA}`].toSorted())
      host.disk.removeDirectory(`/a/${METADATA}`)
      host.disk.rename('/copy', `/a/${METADATA}`)
      await world.restart()
      const again = await world.connect()
      for (const index of [0, 1, 2, 3]) t.equal((await again.fetch('t', 0, { index })).read.length, 1)
    })
  }

  t.test('in another of the directories: no start, which would begin a second one', async (t) => {
    const world = await World.start(t, TWO)
    await world.stop()
    const found = await refusal(world, world.node.restart(), { ...world.properties, 'log.dirs': '/b,/a' })
    t.match(found, /^StorageFault: \/a\/__cluster_metadata-0 is not where .*, \/b: set metadata\.log\.dir=\/a/)
    const properties = { ...world.properties, 'log.dirs': '/b,/a', 'metadata.log.dir': '/a' }
    t.equal(await refusal(world, world.node.restart(), properties), 'started')
  })

  t.test('lost with its whole directory, which is there again and empty: no start', async (t) => {
    const world = await World.start(t, TWO)
    await world.stop()
    const host = world.node.restart()
    const clusterId = world.broker.clusterId
    host.disk.rename('/a', '/copy')
    host.disk.makeDirectory('/a')
    t.match(await refusal(world, host), /^StorageFault: \/a\/__cluster_metadata-0 is gone or empty.*: 0\)/)
    t.equal(readMetaProperties(world.node.restart().disk, '/a')?.clusterId, clusterId)
  })

  t.test('not begun yet, by a start that was cut short or by the storage tool: it is begun', async (t) => {
    const world = await World.start(t, TWO)
    await world.simulation.run(1000)
    world.node.kill()
    const host = world.node.restart()
    const bootstrap = '00000000000000000000-0000000000.checkpoint'
    for (const { name } of host.disk.list(`/a/${METADATA}`)) {
      if (name !== bootstrap) host.disk.remove(`/a/${METADATA}/${name}`)
    }
    t.equal(await refusal(world, host), 'started')
  })
})
