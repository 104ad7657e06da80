// The transaction coordinator's state machine on a log in memory: what is written, what is fenced, what is carried out
// again. Whole brokers are in test/broker/transactions.test.ts.

import t from 'tap'
import { BrokerConfig } from '../../../../broker/config/broker-config.ts'
import { ProducerIds } from '../../../../broker/coordinator/transaction/producer-ids.ts'
import type { TopicPartitions } from '../../../../broker/coordinator/transaction/transaction.ts'
import {
  type TransactionConfig,
  transactionConfigOf,
} from '../../../../broker/coordinator/transaction/transaction-config.ts'
import { TransactionCoordinator } from '../../../../broker/coordinator/transaction/transaction-coordinator.ts'
import type { Marker } from '../../../../broker/coordinator/transaction/transaction-machine.ts'
import { MetadataImage } from '../../../../broker/metadata/image.ts'
import { simulate } from '../../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../../protocol/error-codes.ts'
import { transactionRecords } from '../../../../protocol/messages/transaction-state/transaction-records.ts'
import { batchBaseSequence, viewOf } from '../../../../protocol/records/batch.ts'
import { buildBatch } from '../../../../protocol/records/builder.ts'
import { readRecords } from '../../../../protocol/records/record.ts'
import { seed } from '../../../host/implementations.ts'
import { MemoryPartition } from '../runtime/memory-partition.ts'

const ID = 'payments'
const PARTITIONS: TopicPartitions = new Map([['letters', new Set([0, 1])]])
const LAST_EPOCH = 0x7fff - 1

const DEFAULTS = { ...transactionConfigOf(new BrokerConfig(), () => MetadataImage.empty), transactionVersion: 2 }

type Written = { -readonly [Name in keyof TransactionConfig]: TransactionConfig[Name] }

class World {
  readonly simulation = simulate(seed)
  readonly host = this.simulation.node('broker').host
  readonly config: Written = { ...DEFAULTS }
  readonly markers: (Marker & { readonly partitions: TopicPartitions })[] = []
  /** How many attempts at markers are refused. */
  refusals = 0
  /** Markers are under way until it is called. */
  release: (() => void) | null = null
  isHeld = false
  allocationError: number = ErrorCode.NONE
  partition: MemoryPartition
  coordinator: TransactionCoordinator

  constructor(partition = new MemoryPartition(), config: Partial<TransactionConfig> = {}) {
    Object.assign(this.config, config)
    this.partition = partition
    this.coordinator = this.#start()
  }

  #start(): TransactionCoordinator {
    let nextBlock = 1000n
    const allocate = async () => {
      nextBlock += 1000n
      const errorCode = this.allocationError
      return { throttleTimeMs: 0, errorCode, producerIdStart: nextBlock, producerIdLen: 2 }
    }
    const coordinator = new TransactionCoordinator({
      host: this.host,
      config: this.config,
      producerIds: new ProducerIds(allocate),
      markers: { writeAll: (marker, partitions) => this.#write(marker, partitions) },
      partitionCount: () => 1,
    })
    coordinator.onElected(0, this.partition)
    return coordinator
  }

  async #write(marker: Marker, partitions: TopicPartitions): Promise<TopicPartitions> {
    this.markers.push({ ...marker, partitions })
    if (this.isHeld) await new Promise<void>((resolve) => (this.release = resolve))
    return this.refusals-- > 0 ? partitions : new Map()
  }

  /** Another leader takes over the log as it is, of which so much is committed. */
  async takeOver(committedOffset = this.partition.logEndOffset): Promise<void> {
    this.coordinator.close()
    this.partition = new MemoryPartition(this.partition.leaderEpoch + 1, this.partition.batches)
    this.partition.committedOffset = committedOffset
    this.coordinator = this.#start()
    await this.run(10)
  }

  run(ms: number): Promise<void> {
    return this.simulation.run(ms)
  }

  init(changes: { current?: { producerId: bigint; producerEpoch: number }; timeoutMs?: number } = {}) {
    const { current = null, timeoutMs = 60_000 } = changes
    return this.simulation.complete(this.coordinator.initProducerId({ transactionalId: ID, timeoutMs, current }))
  }

  add(producer: { producerId: bigint; producerEpoch: number }, clientVersion = 2, partitions = PARTITIONS) {
    const { producerId, producerEpoch } = producer
    const request = { transactionalId: ID, producerId, producerEpoch, partitions, clientVersion }
    return this.simulation.complete(this.coordinator.addPartitions(request))
  }

  end(producer: { producerId: bigint; producerEpoch: number }, committed: boolean, clientVersion = 2) {
    const { producerId, producerEpoch } = producer
    const request = { transactionalId: ID, producerId, producerEpoch, committed, clientVersion }
    return this.simulation.complete(this.coordinator.endTransaction(request))
  }

  async state(): Promise<string> {
    const described = await this.simulation.complete(this.coordinator.describe(ID))
    return described.errorCode === ErrorCode.NONE ? described.transactionState : String(described.errorCode)
  }

  /** What stands in the log. */
  records() {
    return this.partition.batches.flatMap(({ bytes }) =>
      readRecords(bytes).map(({ key, value }) => transactionRecords.decode(key!, value)!),
    )
  }
}

/** A log that says the id is in this state. */
function logOf(value: Partial<Parameters<typeof transactionRecords.encode>[0]['value']> & object): MemoryPartition {
  const partition = new MemoryPartition()
  const whole = {
    ...{ producerId: 7n, producerEpoch: 3, transactionTimeoutMs: 60_000, transactionStatus: 0 },
    ...{ transactionPartitions: null, transactionLastUpdateTimestampMs: 0n, transactionStartTimestampMs: 0n },
    ...value,
  }
  const record = transactionRecords.encode({
    type: 'TransactionLog',
    version: 1,
    key: { transactionalId: ID },
    value: whole,
  })
  partition.append(buildBatch({ records: [record] }))
  return partition
}

async function start(partition?: MemoryPartition, config?: Partial<TransactionConfig>): Promise<World> {
  const world = new World(partition, config)
  await world.run(10)
  return world
}

const producer = (producerEpoch: number, producerId = 7n) => ({ producerId, producerEpoch })

t.test('each step is a record, and the last of them is what the next coordinator knows', async (t) => {
  const world = await start()
  const first = await world.init()
  t.match(first, { errorCode: 0, producerEpoch: 0 })
  t.equal(await world.add(first), ErrorCode.NONE)
  t.equal(await world.state(), 'Ongoing')
  const next = await world.end(first, true)
  t.match(next, { errorCode: 0, producerId: first.producerId, producerEpoch: 1 })
  await world.run(10)
  t.equal(await world.state(), 'CompleteCommit')
  const status = world.records().map(({ version, value }) => [version, value?.transactionStatus, value?.producerEpoch])
  t.same(status, [
    [1, 0, 0],
    [1, 1, 0],
    [1, 2, 1],
    [1, 4, 1],
  ])
  await world.takeOver()
  t.equal(await world.state(), 'CompleteCommit')
  t.match(await world.init(), { errorCode: 0, producerEpoch: 2 })
})

t.test('batches have no base sequence, as those of Kafka for transactions, and unlike those for groups', async (t) => {
  const world = await start()
  await world.init()
  t.strictSame(
    world.partition.batches.map(({ bytes }) => batchBaseSequence(viewOf(bytes), 0)),
    [-1],
  )
})

t.test('under transaction.version 0 values are written at version 0, which has no tagged fields', async (t) => {
  const world = await start(undefined, { transactionVersion: 0 })
  const first = await world.init()
  await world.add(first, 0)
  t.match(await world.end(first, true, 0), { errorCode: 0, producerId: -1n, producerEpoch: -1 })
  t.ok(world.records().every(({ version }) => version === 0))
})

t.test('trap 24: an InitProducerId while a transaction is open aborts it first, and asks to come again', async (t) => {
  const world = await start()
  const old = await world.init()
  await world.add(old)
  world.isHeld = true
  t.match(await world.init(), { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS })
  t.match(await world.init(), { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS })
  t.equal(await world.state(), 'PrepareAbort')
  world.release?.()
  await world.run(10)
  t.equal(await world.state(), 'CompleteAbort')
  t.match(world.markers, [{ committed: false, producerEpoch: 1, transactionVersion: 2 }])
  const next = await world.init()
  t.match(next, { errorCode: 0, producerEpoch: 2 })
  t.equal(await world.add(old), ErrorCode.PRODUCER_FENCED)
  t.match(await world.end(old, true), { errorCode: ErrorCode.PRODUCER_FENCED })
})

t.test('trap 24: epochs that are spent give way to a new producer id', async (t) => {
  const world = await start(logOf({ producerEpoch: LAST_EPOCH }))
  const current = producer(LAST_EPOCH)
  const next = await world.init({ current })
  t.match(next, { errorCode: 0, producerId: 2000n, producerEpoch: 0 })
  t.same(await world.init({ current }), next, 'a retry that has not heard of it')
  t.match(await world.init({ current: producer(3) }), { errorCode: ErrorCode.PRODUCER_FENCED })
})

t.test('the last epoch ends its transaction, and the next one is of a new producer id', async (t) => {
  const world = await start(logOf({ producerEpoch: LAST_EPOCH }))
  const current = producer(LAST_EPOCH)
  t.equal(await world.add(current), ErrorCode.NONE)
  world.isHeld = true
  const next = await world.end(current, true)
  t.match(next, { errorCode: 0, producerId: 2000n, producerEpoch: 0 })
  t.match(await world.end(current, true), { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS })
  t.match(await world.end(current, false), { errorCode: ErrorCode.INVALID_TXN_STATE })
  t.match(await world.end(producer(0x7fff), false), { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS })
  t.match(world.markers, [{ producerId: 7n, producerEpoch: 0x7fff }])
  world.release?.()
  await world.run(10)
  t.same(await world.end(current, true), next, 'a retry that has not heard of it')
  t.match(await world.end(current, false), { errorCode: ErrorCode.INVALID_TXN_STATE })
  t.equal(await world.add(next), ErrorCode.NONE)
})

t.test('a transaction that takes too long is aborted, also in its last epoch', async (t) => {
  for (const producerEpoch of [3, LAST_EPOCH]) {
    const world = await start(logOf({ producerEpoch, transactionTimeoutMs: 5000 }), { abortTimedOutIntervalMs: 1000 })
    t.equal(await world.add(producer(producerEpoch)), ErrorCode.NONE)
    await world.run(4000)
    t.equal(await world.state(), 'Ongoing')
    await world.run(4000)
    t.equal(await world.state(), 'CompleteAbort')
    t.equal(world.markers[0]?.producerEpoch, producerEpoch + 1)
    t.match(await world.init(), { errorCode: 0, producerEpoch: producerEpoch === 3 ? 5 : 1 })
  }
})

t.test('trap 25: an EndTxn while the last one is carried out is to come again', async (t) => {
  for (const clientVersion of [0, 2]) {
    const world = await start()
    const first = await world.init()
    await world.add(first, clientVersion)
    world.isHeld = true
    const { producerId, producerEpoch } = await world.end(first, true, clientVersion)
    const next = clientVersion === 2 ? { producerId, producerEpoch } : first
    t.equal(await world.state(), 'PrepareCommit')
    t.match(await world.end(first, true, clientVersion), { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS })
    t.match(await world.end(next, true, clientVersion), { errorCode: ErrorCode.CONCURRENT_TRANSACTIONS })
    t.match(await world.end(first, false, clientVersion), { errorCode: ErrorCode.INVALID_TXN_STATE })
    world.release?.()
    await world.run(10)
    t.match(await world.end(first, true, clientVersion), { errorCode: ErrorCode.NONE })
    t.equal(world.markers.length, 1)
  }
})

t.test('trap 27: a decision that is found in the log is carried out from the beginning', async (t) => {
  const transactionPartitions = [{ topic: 'letters', partitionIds: [0, 1] }]
  const world = new World(logOf({ transactionStatus: 2, transactionPartitions, clientTransactionVersion: 2 }))
  world.refusals = 3
  await world.run(10)
  t.equal(await world.state(), 'PrepareCommit')
  t.equal(await world.add(producer(3)), ErrorCode.CONCURRENT_TRANSACTIONS)
  await world.run(1000)
  t.equal(await world.state(), 'CompleteCommit')
  t.equal(world.markers.length, 4)
  t.match(world.markers[3], { committed: true, producerId: 7n, producerEpoch: 3, coordinatorEpoch: 1 })
  t.same(world.markers[3]?.partitions, PARTITIONS)
})

t.test(
  'trap 27: a decision that is found in the log, and may yet be lost, is carried out once it is committed',
  async (t) => {
    const world = await start()
    const first = await world.init()
    await world.add(first)
    world.isHeld = true
    await world.end(first, true)
    await world.run(10)
    const { logEndOffset } = world.partition
    world.isHeld = false
    world.markers.length = 0
    await world.takeOver(logEndOffset - 1)
    t.same(world.markers, [], 'a crash could still undo the decision')
    world.partition.commit()
    await world.run(10)
    t.equal(world.markers.length, 1)
    await world.run(10)
    t.equal(await world.state(), 'CompleteCommit')
  },
)

t.test('a coordinator that is none any more ends nothing', async (t) => {
  const world = await start()
  const first = await world.init()
  await world.add(first)
  world.refusals = 1000
  await world.end(first, true)
  await world.run(1000)
  const count = world.markers.length
  t.ok(count > 5)
  world.coordinator.onResigned(0)
  await world.run(10_000)
  t.equal(world.markers.length, count)
  t.match(await world.end(first, true), { errorCode: ErrorCode.NOT_COORDINATOR })
})

t.test('an answer waits until its record is committed, and markers do as well', async (t) => {
  const world = await start()
  const first = await world.init()
  await world.add(first)
  world.partition.isEager = false
  const { producerId, producerEpoch } = first
  const request = { transactionalId: ID, producerId, producerEpoch, committed: true, clientVersion: 2 }
  let isAnswered = false
  const ended = world.coordinator.endTransaction(request).then(() => {
    isAnswered = true
  })
  await world.run(100)
  t.notOk(isAnswered)
  t.same(world.markers, [])
  world.partition.isEager = true
  world.partition.commit()
  await world.simulation.complete(ended)
  await world.run(10)
  t.equal(world.markers.length, 1)
})

t.test('a record that is lost has not been: its coordinator loads its log again', async (t) => {
  const world = await start()
  const first = await world.init()
  await world.add(first)
  world.partition.isEager = false
  const ended = world.coordinator.endTransaction({ transactionalId: ID, ...first, committed: true, clientVersion: 2 })
  await world.run(10)
  world.partition.fail()
  t.match(await world.simulation.complete(ended), { errorCode: ErrorCode.NOT_COORDINATOR })
  world.partition.isEager = true
  await world.run(100)
  t.same(world.markers, [])
  t.equal(await world.state(), 'Ongoing')
  t.match(await world.end(first, true), { errorCode: 0 })
})

t.test('what the log refuses has not happened', async (t) => {
  const world = await start()
  const first = await world.init()
  world.partition.refusal = ErrorCode.NOT_ENOUGH_REPLICAS
  t.equal(await world.add(first), ErrorCode.COORDINATOR_NOT_AVAILABLE)
  t.match(await world.init(), { errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE })
  world.partition.refusal = ErrorCode.NONE
  t.equal(await world.state(), 'Empty')
  t.equal(await world.add(first), ErrorCode.NONE)
  world.partition.refusal = ErrorCode.KAFKA_STORAGE_ERROR
  t.match(await world.end(first, true), { errorCode: ErrorCode.NOT_COORDINATOR })
  world.partition.refusal = ErrorCode.NONE
  t.equal(await world.state(), 'Ongoing')
})

t.test('Complete is written again and again until the log takes it', async (t) => {
  const world = await start()
  const first = await world.init()
  await world.add(first)
  world.isHeld = true
  await world.end(first, false)
  world.partition.refusal = ErrorCode.KAFKA_STORAGE_ERROR
  world.release?.()
  await world.run(1000)
  world.partition.refusal = ErrorCode.NONE
  t.equal(await world.state(), 'PrepareAbort')
  await world.run(200)
  t.equal(await world.state(), 'CompleteAbort')
  t.equal(world.markers.length, 1)
})

t.test('without producer ids the client is told to come again', async (t) => {
  const world = await start()
  world.allocationError = ErrorCode.STALE_BROKER_EPOCH
  t.match(await world.init(), { errorCode: ErrorCode.COORDINATOR_LOAD_IN_PROGRESS })
  world.allocationError = ErrorCode.NONE
  t.match(await world.init(), { errorCode: 0, producerEpoch: 0 })
})

t.test('an id that nobody uses is forgotten, one with an open transaction is not', async (t) => {
  const day = 86_400_000
  const config = { idExpirationMs: 7 * day, removeExpiredIntervalMs: day, maxTimeoutMs: 24 * day }
  const world = await start(undefined, config)
  const first = await world.init({ timeoutMs: 24 * day })
  await world.add(first)
  await world.run(9 * day)
  t.equal(await world.state(), 'Ongoing')
  t.match(await world.end(first, false), { errorCode: 0 })
  await world.run(6 * day)
  t.equal(await world.state(), 'CompleteAbort')
  await world.run(3 * day)
  t.equal(await world.state(), String(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND))
  t.equal(await world.add(first), ErrorCode.INVALID_PRODUCER_ID_MAPPING)
  await world.takeOver()
  t.equal(await world.state(), String(ErrorCode.TRANSACTIONAL_ID_NOT_FOUND))
})

t.test('a batch waits for the transaction before its own, for a while', async (t) => {
  const world = await start()
  const first = await world.init()
  await world.add(first)
  world.isHeld = true
  const next = await world.end(first, true)
  const request = { transactionalId: ID, ...producer(next.producerEpoch, next.producerId), partitions: PARTITIONS }
  const waiting = world.coordinator.addPartitionsWhenIdle({ ...request, clientVersion: 2 })
  await world.run(50)
  world.release?.()
  t.equal(await world.simulation.complete(waiting), ErrorCode.NONE)
  world.isHeld = true
  const last = await world.end(next, true)
  const given = world.coordinator.addPartitionsWhenIdle({
    ...request,
    ...producer(last.producerEpoch, last.producerId),
    clientVersion: 2,
  })
  t.equal(await world.simulation.complete(given), ErrorCode.CONCURRENT_TRANSACTIONS)
})
