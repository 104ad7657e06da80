import t from 'tap'
import { NotCommitted } from '../../../broker/metadata/controller-channel.ts'
import { RESOURCE } from '../../../broker/metadata/image.ts'
import type { RequestOf } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { ZERO_UUID } from '../../../protocol/wire.ts'
import { createTopicsRequest, DIRECTORY_ID, MetadataMachine, type Running, topicOf } from './harness.ts'

const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3

function deleteRequest(...topics: { name?: string; topicId?: string }[]) {
  const full = topics.map(({ name = null, topicId = ZERO_UUID }: { name?: string | null; topicId?: string }) => ({
    name,
    topicId,
  }))
  return { topics: full, topicNames: [], timeoutMs: 1000 }
}

function alterRequest(
  resourceType: number,
  resourceName: string,
  ...changes: [name: string, operation: number, value: string | null][]
) {
  const configs = changes.map(([name, configOperation, value]) => ({ name, configOperation, value }))
  return { resources: [{ resourceType, resourceName, configs }], validateOnly: false }
}

async function started(seed: number, properties: Record<string, string> = {}) {
  const machine = new MetadataMachine(seed, properties)
  const running = await machine.start()
  const complete = <T>(promise: Promise<T>) => machine.simulation.complete(promise)
  const seen = () => complete(running.metadata.whenApplied(running.controller.image.offset))
  return { machine, complete, seen, running, send: running.channel.send.bind(running.channel) }
}

t.test('a topic that is created is in the broker image, and after a restart again', async (t) => {
  const { machine, running, complete, seen, send } = await started(1)
  const response = await complete(send('CreateTopics', createTopicsRequest(topicOf('orders', { numPartitions: 3 }))))
  t.match(response.topics, [{ name: 'orders', errorCode: ErrorCode.NONE, numPartitions: 3, replicationFactor: 1 }])
  await seen()
  const topic = running.metadata.image.topics.byName('orders')
  t.equal(topic?.id, response.topics[0]?.topicId)
  t.match(topic?.partitions[2], { leader: 1, leaderEpoch: 0, isr: [1], replicas: [1], directories: [DIRECTORY_ID] })

  await machine.stop(running)
  machine.node.restart()
  const again = await machine.start(true)
  const reloaded = again.metadata.image.topics.byName('orders')
  t.equal(reloaded?.id, topic?.id)
  t.match(reloaded?.partitions[2], { leader: 1, leaderEpoch: 1, partitionEpoch: 1 }, 'led in a new epoch')
  t.equal(again.quorum.leaderEpoch, 2)
})

t.test('of two requests for one topic at once the second finds it there', async (t) => {
  const { complete, send } = await started(2)
  const create = () => send('CreateTopics', createTopicsRequest(topicOf('orders')))
  const answers = await complete(Promise.all([create(), create()]))
  t.same(
    answers.map(({ topics }) => topics[0]?.errorCode),
    [ErrorCode.NONE, ErrorCode.TOPIC_ALREADY_EXISTS],
  )
})

t.test('topics that cannot be are refused one by one', async (t) => {
  const { running, complete, send } = await started(3)
  const manual = (...brokerIds: number[][]) => ({
    numPartitions: -1,
    replicationFactor: -1,
    assignments: brokerIds.map((ids, partitionIndex) => ({ partitionIndex, brokerIds: ids })),
  })
  const wrong = [
    [topicOf('a', { replicationFactor: 2 }), ErrorCode.INVALID_REPLICATION_FACTOR],
    [topicOf('b', { replicationFactor: 0 }), ErrorCode.INVALID_REPLICATION_FACTOR],
    [topicOf('c', { numPartitions: 0 }), ErrorCode.INVALID_PARTITIONS],
    [topicOf('d', { numPartitions: 10_001 }), ErrorCode.POLICY_VIOLATION],
    [topicOf('no spaces'), ErrorCode.INVALID_TOPIC_EXCEPTION],
    [topicOf('x'.repeat(250)), ErrorCode.INVALID_TOPIC_EXCEPTION],
    [topicOf('e', manual([1], [])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [topicOf('f', manual([7])), ErrorCode.INVALID_REPLICA_ASSIGNMENT],
    [topicOf('g', { ...manual([1]), numPartitions: 1 }), ErrorCode.INVALID_REQUEST],
    [topicOf('h', { configs: [{ name: 'retention.ms', value: 'soon' }] }), ErrorCode.INVALID_CONFIG],
    [topicOf('i', { configs: [{ name: 'no.such.key', value: '1' }] }), ErrorCode.INVALID_CONFIG],
    [topicOf('j', { configs: [{ name: 'retention.ms', value: null }] }), ErrorCode.INVALID_CONFIG],
  ] as const
  const good = topicOf('good', { numPartitions: -1, replicationFactor: -1 })
  const { topics } = await complete(send('CreateTopics', createTopicsRequest(...wrong.map(([one]) => one), good)))
  t.same(
    topics.map(({ errorCode }) => errorCode),
    [...wrong.map(([, errorCode]) => errorCode), ErrorCode.NONE],
  )
  t.equal(running.controller.image.topics.size, 1)
})

t.test('names that metrics could not tell apart collide', async (t) => {
  const { complete, send } = await started(4)
  await complete(send('CreateTopics', createTopicsRequest(topicOf('a.b'))))
  const { topics } = await complete(send('CreateTopics', createTopicsRequest(topicOf('a_b'), topicOf('a-b'))))
  t.match(topics, [
    { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: "Topic 'a_b' collides with existing topic: a.b" },
    { errorCode: ErrorCode.NONE },
  ])
})

t.test('what is only validated leaves nothing', async (t) => {
  const { running, complete, send } = await started(5)
  const { offset } = running.controller.image
  const request = { ...createTopicsRequest(topicOf('orders', { numPartitions: 4 })), validateOnly: true }
  t.match((await complete(send('CreateTopics', request))).topics, [{ errorCode: ErrorCode.NONE, numPartitions: 4 }])
  const alter = {
    ...alterRequest(RESOURCE.group, 'g', ['consumer.session.timeout.ms', SET, '50000']),
    validateOnly: true,
  }
  t.match((await complete(send('IncrementalAlterConfigs', alter))).responses, [{ errorCode: ErrorCode.NONE }])
  t.equal(running.controller.image.offset, offset)
})

t.test('a deleted topic takes its configs with it, and its name is free', async (t) => {
  const { running, complete, send } = await started(6)
  const configs = [{ name: 'retention.ms', value: '1000' }]
  const { topics } = await complete(send('CreateTopics', createTopicsRequest(topicOf('a', { configs }), topicOf('b'))))
  const asked = deleteRequest({ name: 'a' }, { topicId: topics[1]!.topicId! }, { name: 'c' }, { name: 'c' }, {})
  const { responses } = await complete(send('DeleteTopics', asked))
  t.same(
    responses.map(({ name, errorCode }) => [name, errorCode]),
    [
      ['c', ErrorCode.INVALID_REQUEST],
      ['a', ErrorCode.NONE],
      ['b', ErrorCode.NONE],
      [null, ErrorCode.INVALID_REQUEST],
    ],
  )
  t.equal(running.controller.image.topics.size, 0)
  await complete(send('CreateTopics', createTopicsRequest(topicOf('a'))))
  t.equal(running.controller.image.configs.of(RESOURCE.topic, 'a').size, 0)
})

t.test('a topic asked for by its name twice and by its id is deleted by that', async (t) => {
  const { running, complete, send } = await started(6)
  const { topics } = await complete(send('CreateTopics', createTopicsRequest(topicOf('a'))))
  const { topicId = '' } = topics[0]!
  const { responses } = await complete(send('DeleteTopics', deleteRequest({ name: 'a' }, { topicId }, { name: 'a' })))
  t.match(responses, [
    { name: 'a', topicId: ZERO_UUID, errorCode: ErrorCode.INVALID_REQUEST },
    { name: 'a', topicId, errorCode: ErrorCode.NONE },
  ])
  t.equal(responses.length, 2)
  t.equal(running.controller.image.topics.size, 0)
})

t.test('partitions are added and never taken away', async (t) => {
  const { running, complete, send } = await started(7)
  await complete(send('CreateTopics', createTopicsRequest(topicOf('a', { numPartitions: 2 }))))
  const add = (count: number, assignments: { brokerIds: number[] }[] | null = null) =>
    complete(
      send('CreatePartitions', { topics: [{ name: 'a', count, assignments }], timeoutMs: 1000, validateOnly: false }),
    )
  t.match((await add(2)).results, [{ errorCode: ErrorCode.INVALID_PARTITIONS }])
  t.match((await add(1)).results, [{ errorCode: ErrorCode.INVALID_PARTITIONS }])
  t.match((await add(4, [{ brokerIds: [1] }])).results, [{ errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT }])
  t.match((await add(3, [{ brokerIds: [1] }])).results, [{ errorCode: ErrorCode.NONE }])
  t.match((await add(5)).results, [{ errorCode: ErrorCode.NONE }])
  t.equal(running.controller.image.topics.byName('a')?.partitions.length, 5)
})

t.test('configs are set, deleted, appended to and subtracted from', async (t) => {
  const { running, complete, send } = await started(8)
  await complete(send('CreateTopics', createTopicsRequest(topicOf('a'))))
  const alter = async (...changes: [string, number, string | null][]) => {
    const { responses } = await complete(send('IncrementalAlterConfigs', alterRequest(RESOURCE.topic, 'a', ...changes)))
    return responses[0]?.errorCode
  }
  const own = () => Object.fromEntries(running.controller.image.configs.of(RESOURCE.topic, 'a'))
  t.equal(await alter(['cleanup.policy', APPEND, 'compact'], ['retention.ms', SET, '1']), ErrorCode.NONE)
  t.same(own(), { 'cleanup.policy': 'delete,compact', 'retention.ms': '1' }, 'appended to what was inherited')
  t.equal(await alter(['cleanup.policy', SUBTRACT, 'delete'], ['retention.ms', DELETE, null]), ErrorCode.NONE)
  t.same(own(), { 'cleanup.policy': 'compact' })
  t.equal(await alter(['retention.ms', APPEND, '5']), ErrorCode.INVALID_CONFIG)
  t.equal(await alter(['retention.ms', SET, '5'], ['segment.bytes', SET, 'x']), ErrorCode.INVALID_CONFIG)
  t.same(own(), { 'cleanup.policy': 'compact' }, 'all keys or none')
  const replace = {
    resources: [{ resourceType: RESOURCE.topic, resourceName: 'a', configs: [{ name: 'flush.ms', value: '9' }] }],
  }
  await complete(send('AlterConfigs', { ...replace, validateOnly: false }))
  t.same(own(), { 'flush.ms': '9' }, 'the older request replaces all')
})

t.test('min.insync.replicas is one for the cluster while eligible leader replicas are kept', async (t) => {
  const { complete, send } = await started(9)
  const alter = async (name: string, operation: number, value: string | null) => {
    const request = alterRequest(RESOURCE.broker, name, ['min.insync.replicas', operation, value])
    return (await complete(send('IncrementalAlterConfigs', request))).responses[0]?.errorCode
  }
  t.equal(await alter('1', SET, '1'), ErrorCode.INVALID_CONFIG)
  t.equal(await alter('', DELETE, null), ErrorCode.INVALID_CONFIG)
  t.equal(await alter('', SET, '2'), ErrorCode.NONE)
})

t.test('no producer id is given out twice, over restarts too', async (t) => {
  const machine = new MetadataMachine(10)
  const starts: bigint[] = []
  for (let round = 0; round < 3; round++) {
    const running = await machine.start()
    const { brokerEpoch } = running.lifecycle
    const allocate = (epoch: bigint) =>
      machine.simulation.complete(running.channel.send('AllocateProducerIds', { brokerId: 1, brokerEpoch: epoch }))
    for (let block = 0; block < 2; block++) {
      const answer = await allocate(brokerEpoch)
      t.equal(answer.producerIdLen, 1000)
      starts.push(answer.producerIdStart)
    }
    t.equal((await allocate(brokerEpoch - 1n)).errorCode, ErrorCode.STALE_BROKER_EPOCH)
    machine.node.crash()
    machine.node.restart()
  }
  t.same(starts, [0n, 1000n, 2000n, 3000n, 4000n, 5000n])
})

t.test('a broker that falls silent is fenced, and leads nothing', async (t) => {
  const { machine, running, complete, send } = await started(11)
  await complete(send('CreateTopics', createTopicsRequest(topicOf('a'))))
  await machine.simulation.run(30_000)
  t.equal(running.controller.image.brokers.get(1)?.fenced, false, 'while it sends heartbeats')
  const epoch = running.lifecycle.brokerEpoch
  const heartbeat = () =>
    send('BrokerHeartbeat', {
      ...{ brokerId: 1, brokerEpoch: epoch, currentMetadataOffset: epoch, offlineLogDirs: [], cordonedLogDirs: null },
      ...{ wantFence: false, wantShutDown: false },
    })
  stopHeartbeats(running)
  await machine.simulation.run(12_000)
  t.equal(running.controller.image.brokers.get(1)?.fenced, true)
  t.match(running.controller.image.topics.partition('a', 0), { leader: -1, isr: [1] })
  t.match(await complete(heartbeat()), { errorCode: ErrorCode.NONE, isFenced: false })
  t.match(running.controller.image.topics.partition('a', 0), { leader: 1, isr: [1], leaderEpoch: 2 })
})

/** As when its process hangs. */
function stopHeartbeats({ channel }: Running): void {
  channel.send = (() => new Promise(() => {})) as never
}

t.test('another process with the id of a live broker is turned away, another cluster always', async (t) => {
  const { complete, send, running } = await started(12)
  const request = {
    ...{ brokerId: 1, clusterId: 'OExQfSewS4ukr3oz6vrcTg', incarnationId: 'other-other-other-othe' },
    ...{ listeners: [], features: [...features(running)], rack: null, isMigratingZkBroker: false },
    ...{ logDirs: [DIRECTORY_ID], previousBrokerEpoch: -1n },
  }
  t.match(await complete(send('BrokerRegistration', request)), { errorCode: ErrorCode.DUPLICATE_BROKER_REGISTRATION })
  const stranger = { ...request, brokerId: 2, clusterId: 'another' }
  t.match(await complete(send('BrokerRegistration', stranger)), { errorCode: ErrorCode.INCONSISTENT_CLUSTER_ID })
  const old = { ...request, brokerId: 2, features: [] }
  t.match(await complete(send('BrokerRegistration', old)), { errorCode: ErrorCode.UNSUPPORTED_VERSION })
  t.match(await complete(send('BrokerRegistration', { ...request, brokerId: 2 })), { errorCode: ErrorCode.NONE })
})

function features({ metadata }: Running) {
  return metadata.image.brokers.get(1)?.features ?? []
}

t.test('when the log cannot be written the answer is an error and the state what it was', async (t) => {
  const { machine, running, complete, seen, send } = await started(13)
  await complete(send('CreateTopics', createTopicsRequest(topicOf('a'))))
  machine.node.disk.fault = (operation, path) => (operation === 'write' && path.endsWith('.log') ? 'full' : null)
  await t.rejects(complete(send('CreateTopics', createTopicsRequest(topicOf('b')))), NotCommitted)
  t.same(names(running), ['a'])
  machine.node.disk.fault = null
  const { topics } = await complete(send('CreateTopics', createTopicsRequest(topicOf('b'), topicOf('c'))))
  t.match(topics, [{ errorCode: ErrorCode.NONE }, { errorCode: ErrorCode.NONE }])
  await seen()
  t.same(Array.from(running.metadata.image.topics.values(), ({ name }) => name).sort(), ['a', 'b', 'c'])
})

t.test('of an append in pieces that fails, the state has what the log has', async (t) => {
  const { machine, running, complete, send } = await started(14)
  const { quorum, controller } = running
  const append = quorum.append.bind(quorum)
  quorum.append = (records, divisible) => {
    append(records.slice(0, 1), divisible)
    throw new NotCommitted('the second piece was not taken')
  }
  await t.rejects(complete(send('CreateTopics', createTopicsRequest(topicOf('a')))), NotCommitted)
  quorum.append = append
  t.equal(controller.image.offset, quorum.logEndOffset - 1)
  t.same(names(running), ['a'])
  await complete(send('CreateTopics', createTopicsRequest(topicOf('b'))))
  machine.node.crash()
  machine.node.restart()
  t.same(names(await machine.start()), ['a', 'b'])
})

t.test('a stop goes on when the log takes nothing, or never answers', async (t) => {
  const full = await started(15)
  full.machine.node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
  await full.machine.stop(full.running)
  t.match(full.machine.node.logger.lines().join('\n'), /WARN.*the controller does not know that this broker stops/)
  full.machine.node.disk.fault = null
  full.machine.node.restart()
  t.equal((await full.machine.start()).controller.image.brokers.get(1)?.fenced, false)

  const silent = await started(16)
  const before = silent.machine.simulation.nowMs
  stopHeartbeats(silent.running)
  await silent.complete(silent.running.lifecycle.stop())
  const tookMs = silent.machine.simulation.nowMs - before
  t.ok(tookMs > 1_000 && tookMs < 10_000, `${tookMs} ms`)

  const stubborn = await started(17)
  stubborn.running.channel.send = (async () => ({ errorCode: 0, shouldShutDown: false })) as never
  await stubborn.complete(stubborn.running.lifecycle.stop())
})

t.test('the registration tells the epoch of the life before, when that ended cleanly', async (t) => {
  const machine = new MetadataMachine(18)
  machine.previousBrokerEpoch = 42n
  const { channel, lifecycle, metadata } = machine.open()
  const sent: bigint[] = []
  const send = channel.send.bind(channel)
  channel.send = ((name: 'BrokerRegistration', request: RequestOf<'BrokerRegistration'>) => {
    if (name === 'BrokerRegistration') sent.push(request.previousBrokerEpoch)
    return send(name, request)
  }) as never
  await machine.simulation.complete(metadata.start())
  await machine.simulation.complete(lifecycle.start())
  t.same(sent, [42n])
})

function names({ controller }: Running): string[] {
  return Array.from(controller.image.topics.values(), ({ name }) => name).sort()
}

t.test('a crash loses nothing that was acknowledged, and what is left is a prefix', async (t) => {
  const base = Number(process.env['SEED'] ?? 1000)
  let kept = 0
  for (let seed = base; seed < base + (process.env['SEED'] ? 1 : 60); seed++) {
    const machine = new MetadataMachine(seed, { 'metadata.log.max.record.bytes.between.snapshots': '600' })
    const acknowledged = new Set<string>()
    const asked: string[][] = []
    let count = 0
    for (let life = 0; life < 3; life++) {
      const running = await machine.start()
      const inThisLife: string[] = []
      asked.push(inThisLife)
      for (let turn = 0; turn < 6; turn++) {
        for (let one = 0; one < 3; one++) {
          const name = `t${String(count++).padStart(3, '0')}`
          inThisLife.push(name)
          running.channel.send('CreateTopics', createTopicsRequest(topicOf(name, { numPartitions: 2 }))).then(
            () => acknowledged.add(name),
            () => {},
          )
        }
        await machine.simulation.run(machine.simulation.random.below(4))
      }
      if (machine.simulation.random.below(2) === 0) machine.node.crash()
      else machine.node.kill()
      machine.node.restart()
    }
    const running = await machine.start()
    const found = names(running)
    const lost = [...acknowledged].filter((name) => !found.includes(name))
    const halves = Array.from(running.metadata.image.topics.values()).filter(
      ({ partitions }) => partitions.length !== 2,
    )
    kept += acknowledged.size
    const gaps = asked.filter((life) => !isPrefix(life.map((name) => found.includes(name))))
    if (lost.length > 0 || halves.length > 0 || gaps.length > 0) {
      t.fail(`SEED=${seed}: lost ${lost}; in halves ${halves.length}; gaps in ${gaps}`)
    }
  }
  t.ok(kept > 0, `${kept} topics acknowledged`)
})

/** Nothing is there behind something that is not. */
function isPrefix(there: readonly boolean[]): boolean {
  return there.lastIndexOf(true) < (there.indexOf(false) === -1 ? there.length : there.indexOf(false))
}
