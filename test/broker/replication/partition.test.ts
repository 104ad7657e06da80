import t, { type Test } from 'tap'
import { MemoryBudget } from '../../../broker/network/memory-budget.ts'
import { Deadlines } from '../../../broker/replication/deadlines.ts'
import { DelayedFetch, type FetchLimits } from '../../../broker/replication/delayed-fetch.ts'
import { DelayedProduce, ProducedPartition } from '../../../broker/replication/delayed-produce.ts'
import { FetchTarget } from '../../../broker/replication/fetch-target.ts'
import { Partition } from '../../../broker/replication/partition.ts'
import { simulate } from '../../../host/simulated/simulation.ts'
import { letGo, letGoOfAll, type SlabPool } from '../../../host/slab.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { createStorageEnvironment } from '../../../storage/environment.ts'
import { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig } from '../../../storage/log/log-config.ts'
import { seed } from '../../host/implementations.ts'

/** Keeps the error codes of its answer. */
class Produce extends DelayedProduce {
  readonly #answers: number[][]
  readonly #produced: ProducedPartition[] = []

  constructor(deadlines: Deadlines, answers: number[][]) {
    super(deadlines)
    this.#answers = answers
    this.responses = [{ name: 't', topicId: '', partitionResponses: this.#produced }]
  }

  wait(partition: Partition, endOffset: number): void {
    const produced = new ProducedPartition(0, this)
    this.#produced.push(produced)
    this.await(partition, endOffset, -1, produced)
  }

  protected override onDone(): void {
    this.#answers.push(this.#produced.map(({ errorCode }) => errorCode))
  }
}

const NODE = 1
const EPOCH = 3

function records(count: number): Uint8Array {
  const timestamp = 1_767_225_600_000
  return buildBatch({
    timestamp,
    records: Array.from({ length: count }, (_, index) => ({
      key: null,
      value: Buffer.from(`value ${index}`),
      headers: [],
    })),
  })
}

function world(_t: Test, options: { syncsAcksAll: boolean; tailCacheSize?: number } = { syncsAcksAll: true }) {
  const simulation = simulate(seed)
  const node = simulation.node('broker')
  const environment = createStorageEnvironment(node.host, { tailCacheSize: options.tailCacheSize ?? 1 << 20 })
  const log = Log.open({ environment, directory: '/data/t-0', topic: 't', partition: 0, config: defaultLogConfig })
  const partition = new Partition('t', 'id', 0, log, options)
  partition.becomeLeader(EPOCH, NODE)
  const append = (count: number, acks: number): number => {
    const result = partition.appendAsLeader(records(count), 'client', acks)
    if (result.errorCode !== ErrorCode.NONE) throw new Error(`${result.errorCode} ${result.errorMessage}`)
    return result.lastOffset + 1
  }
  const deadlines = new Deadlines(node.host)
  const whenCommitted = (endOffset: number, onOffset: (errorCode: number) => void) =>
    partition.whenCommitted(endOffset, { onOffset })
  return { simulation, node, log, partition, append, deadlines, whenCommitted }
}

t.test('acks=all is visible when it is durable, acks=1 when it is written', async (t) => {
  const { simulation, log, partition, append } = world(t)
  append(3, -1)
  const seen: [written: number, durable: number, visible: number][] = []
  const onOffset = () => seen.push([log.writtenEndOffset, log.durableEndOffset, partition.highWatermark])
  partition.whenWritten(3, { onOffset })
  partition.whenCommitted(3, { onOffset })
  await simulation.run(1000)
  t.same(seen, [
    [3, 0, 0],
    [3, 3, 3],
  ])
  append(2, 1)
  partition.whenWritten(5, { onOffset })
  await simulation.run(1000)
  t.equal(partition.highWatermark, 5)
  t.equal(log.durableEndOffset, 3, 'nobody asked for a sync')
})

t.test('an append of acks=1 does not make an earlier acks=all answer before it is durable', async (t) => {
  const { simulation, log, append, whenCommitted } = world(t)
  const end = append(1, -1)
  append(1, 1)
  let durableThen = -1
  whenCommitted(end, () => {
    durableThen = log.durableEndOffset
  })
  await simulation.run(1000)
  t.ok(durableThen >= end, `durable up to ${durableThen}`)
})

t.test('with the sync switched off, acks=all trusts the page cache', async (t) => {
  const { simulation, log, append, whenCommitted } = world(t, { syncsAcksAll: false })
  const end = append(1, -1)
  let durableThen = -1
  whenCommitted(end, () => {
    durableThen = log.durableEndOffset
  })
  await simulation.run(1000)
  t.equal(durableThen, 0)
})

t.test('a produce answers once: when all is committed, or when its time is up', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  const answers: number[][] = []
  const request = () => new Produce(deadlines, answers)
  const delayed = request()
  for (let index = 0; index < 2; index++) delayed.wait(partition, append(1, -1))
  delayed.start(30_000)
  t.same(answers, [])
  await simulation.run(60_000)
  t.same(answers, [[ErrorCode.NONE, ErrorCode.NONE]])

  const hopeless = request()
  hopeless.wait(partition, append(1, -1))
  hopeless.wait(partition, 1000)
  hopeless.start(100)
  await simulation.run(1000)
  t.same(answers.slice(1), [[ErrorCode.NONE, ErrorCode.REQUEST_TIMED_OUT]])
  partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
  t.equal(answers.length, 2, 'what is refused later is told to nobody')
})

t.test('what was written before a failed write is not refused with it', async (t) => {
  const { simulation, node, partition, append, deadlines, whenCommitted } = world(t)
  const codes: [string, number][] = []
  whenCommitted(append(1, -1), (errorCode) => codes.push(['written', errorCode]))
  await simulation.runUntil(() => partition.log.writtenEndOffset === 1)
  const asked = target(partition, 0)
  let isFetched = false
  new DelayedFetch([asked], { ...limits, maxWaitMs: 60_000 }, deadlines, plenty, () => {
    isFetched = true
  }).start()
  node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
  whenCommitted(append(1, -1), (errorCode) => codes.push(['refused', errorCode]))
  await simulation.run(1000)
  t.same(codes.sort(), [
    ['refused', ErrorCode.KAFKA_STORAGE_ERROR],
    ['written', ErrorCode.NONE],
  ])
  t.equal(isFetched, true, 'and a fetch that waits for it wakes')
})

t.test('a partition that is deleted refuses what waits for it', async (t) => {
  const { partition, append, whenCommitted } = world(t)
  const codes: number[] = []
  whenCommitted(append(1, -1), (errorCode) => codes.push(errorCode))
  partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
  t.same(codes, [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  t.equal(partition.appendAsLeader(records(1), 'client').errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER)
})

t.test('a failed write refuses what waits for it, and the partition goes on', async (t) => {
  const { simulation, node, partition, append, whenCommitted } = world(t)
  append(1, -1)
  await simulation.run(100)
  node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
  const codes: number[] = []
  whenCommitted(append(1, -1), (errorCode) => codes.push(errorCode))
  await simulation.run(100)
  t.same(codes, [ErrorCode.KAFKA_STORAGE_ERROR])
  t.equal(partition.log.logEndOffset, 1)
  node.disk.fault = null
  whenCommitted(append(1, -1), (errorCode) => codes.push(errorCode))
  await simulation.run(100)
  t.same(codes, [ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NONE])
})

function target(partition: Partition, fetchOffset: number): FetchTarget {
  const target = new FetchTarget('t', '', 0)
  target.partition = partition
  target.fetchOffset = fetchOffset
  target.maxSize = 1_000_000
  return target
}

const plenty = new MemoryBudget(1 << 30)
const limits: FetchLimits = { minSize: 1, maxSize: 1_000_000, maxWaitMs: 500, readCommitted: false }

t.test('a fetch at the end waits, and wakes when records are visible', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  const asked = target(partition, 0)
  let doneAt = -1
  new DelayedFetch([asked], limits, deadlines, plenty, () => {
    doneAt = simulation.nowMs
  }).start()
  await simulation.run(100)
  t.equal(doneAt, -1)
  append(2, -1)
  t.equal(doneAt, -1, 'appended is not visible')
  await simulation.run(100)
  t.ok(doneAt >= 100 && doneAt < 200, `woken at ${doneAt}`)
  t.ok(asked.recordsSize > 0)
  t.equal(asked.highWatermark, 2)
})

t.test('a fetch of several partitions wakes for one, and tells of all', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  const [other, gone] = [world(t), world(t)]
  const targets = [target(other.partition, 0), target(partition, 0), target(gone.partition, 0)]
  const answers: object[] = []
  const fetch = (maxWaitMs: number) =>
    new DelayedFetch(targets, { ...limits, maxWaitMs }, deadlines, plenty, () =>
      answers.push(
        targets.map(({ errorCode, highWatermark, recordsSize }) => ({
          ...{ errorCode, highWatermark, hasRecords: recordsSize > 0 },
        })),
      ),
    ).start()
  const nothing = { errorCode: ErrorCode.NONE, highWatermark: 0, hasRecords: false }
  fetch(500)
  append(2, 1)
  await simulation.run(100)
  t.same(answers, [[nothing, { errorCode: ErrorCode.NONE, highWatermark: 2, hasRecords: true }, nothing]])

  targets[1]!.fetchOffset = 2
  const nothingNew = { errorCode: ErrorCode.NONE, highWatermark: 2, hasRecords: false }
  fetch(500)
  await simulation.run(1000)
  t.same(answers[1], [nothing, nothingNew, nothing], 'when its time is up')

  fetch(500)
  gone.partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
  await simulation.run(1)
  const error = { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, highWatermark: -1, hasRecords: false }
  t.same(answers[2], [nothing, nothingNew, error])
  await simulation.run(1000)
  t.equal(answers.length, 3)
})

t.test('what changes in one callback wakes a fetch once, and is answered together', async (t) => {
  const { simulation, partition, deadlines } = world(t)
  const other = world(t)
  const targets = [target(partition, 0), target(other.partition, 0)]
  const errorCodes: number[][] = []
  new DelayedFetch(targets, limits, deadlines, plenty, () =>
    errorCodes.push(targets.map(({ errorCode }) => errorCode)),
  ).start()
  const error = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  partition.resign(error, { closed: true })
  other.partition.resign(error, { closed: true })
  t.same(errorCodes, [])
  await simulation.run(1)
  t.same(errorCodes, [[error, error]])
})

t.test('a fetch that is awake reads no more when its connection is gone', async (t) => {
  const { simulation, partition, deadlines } = world(t)
  let isDone = false
  const fetch = new DelayedFetch([target(partition, 0)], limits, deadlines, plenty, () => {
    isDone = true
  })
  fetch.start()
  partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
  fetch.cancel()
  await simulation.run(1000)
  t.equal(isDone, false)
})

t.test('a fetch that waits in vain answers empty when its time is up', async (t) => {
  const { simulation, partition, deadlines } = world(t)
  const asked = target(partition, 0)
  let doneAt = -1
  new DelayedFetch([asked], limits, deadlines, plenty, () => {
    doneAt = simulation.nowMs
  }).start()
  await simulation.run(2000)
  t.ok(doneAt >= 500 && doneAt < 600, `answered at ${doneAt}`)
  t.equal(asked.recordsSize, 0)
})

t.test('a fetch with a minimum waits for that many bytes', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  append(1, 1)
  await simulation.run(10)
  const size = partition.log.size
  let isDone = false
  const asked = target(partition, 0)
  new DelayedFetch([asked], { ...limits, minSize: 3 * size, maxWaitMs: 10_000 }, deadlines, plenty, () => {
    isDone = true
  }).start()
  await simulation.run(10)
  append(1, 1)
  await simulation.run(10)
  t.equal(isDone, false, 'two of three')
  append(1, 1)
  await simulation.run(10)
  t.equal(isDone, true)
  t.equal(asked.recordsSize, 3 * size)
})

t.test('one byte budget holds for all partitions, and the first batch always comes', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  append(5, 1)
  await simulation.run(10)
  const targets = [target(partition, 0), target(partition, 0)]
  new DelayedFetch(targets, { ...limits, maxSize: 1 }, deadlines, plenty, () => {}).start()
  t.ok(targets[0]!.recordsSize > 1)
  t.equal(targets[1]!.recordsSize, 0)
})

t.test('a fetch with a minimum reads on over the ends of segments', async (t) => {
  const { simulation, partition, append, deadlines } = world(t, { syncsAcksAll: true, tailCacheSize: 0 })
  for (let segment = 0; segment < 3; segment++) {
    append(1, 1)
    await simulation.run(10)
    partition.log.roll()
  }
  const asked = target(partition, 0)
  let doneAt = -1
  new DelayedFetch([asked], { ...limits, minSize: partition.log.size }, deadlines, plenty, () => {
    doneAt = simulation.nowMs
  }).start()
  const startedAt = simulation.nowMs
  await simulation.run(2000)
  t.equal(asked.recordsSize, partition.log.size)
  t.ok(doneAt - startedAt < 100, 'without waiting')
})

t.test('fetches share one memory: the one that gets none waits, and is answered when its time is up', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  append(5, 1)
  await simulation.run(10)
  const memory = new MemoryBudget(1000)
  memory.charge(2000)
  const asked = [target(partition, 0), target(partition, 0)]
  const answered: number[] = []
  const fetch = (index: number) => {
    const each = asked[index]!
    new DelayedFetch([each], limits, deadlines, memory, () => answered.push(each.recordsSize)).start()
  }
  fetch(0)
  await simulation.run(10)
  t.same(answered, [])
  await simulation.run(2000)
  t.same(answered, [0])
  fetch(1)
  memory.release(2000)
  append(1, 1)
  await simulation.run(10)
  t.same(answered, [0, partition.log.size])
  t.equal(memory.used, 0, "what an answer holds until it is sent is not the fetch's")
})

t.test('a fetch whose client is gone is given up', async (t) => {
  const { simulation, partition, append, deadlines } = world(t)
  const memory = new MemoryBudget(1000)
  const fetch = new DelayedFetch([target(partition, 0)], limits, deadlines, memory, () => t.fail('nobody is there'))
  fetch.start()
  await simulation.run(10)
  fetch.cancel()
  append(1, -1)
  await simulation.run(2000)
  t.equal(memory.used, 0)
})

t.test('a fetch outside the log is out of range, at once and without watermarks', async (t) => {
  const { partition, deadlines } = world(t)
  const asked = target(partition, 7)
  let isDone = false
  new DelayedFetch([asked], limits, deadlines, plenty, () => {
    isDone = true
  }).start()
  t.equal(isDone, true)
  t.equal(asked.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)
  t.equal(asked.highWatermark, -1)
})

t.test('a waiting fetch is answered when its partition is deleted', async (t) => {
  const { simulation, partition, deadlines } = world(t)
  const asked = target(partition, 0)
  let isDone = false
  new DelayedFetch([asked], limits, deadlines, plenty, () => {
    isDone = true
  }).start()
  await simulation.run(10)
  partition.resign(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, { closed: true })
  await simulation.run(1)
  t.equal(isDone, true)
  t.equal(asked.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

/** Appends a batch that lies in memory of the pool, as the network gives it. */
function appendPooled(partition: Partition, slabs: SlabPool): void {
  const batch = records(3)
  const bytes = slabs.take(batch.length)
  bytes.set(batch)
  partition.appendAsLeader(bytes, 'client', 1)
  letGo(bytes)
}

t.test(
  'bytes that are read are held for the answer, and let go of when they are read again or for nobody',
  async (t) => {
    const { simulation, node, log, partition, deadlines } = world(t)
    const { slabs } = node.host
    appendPooled(partition, slabs)
    await simulation.run(10)
    const patient = { ...limits, minSize: 3 * log.size, maxWaitMs: 10_000 }
    const answers: (readonly Uint8Array[])[] = []
    const asked = target(partition, 0)
    new DelayedFetch([asked], patient, deadlines, plenty, () => answers.push(asked.records)).start()
    const lost = target(partition, 0)
    const cancelled = new DelayedFetch([lost], patient, deadlines, plenty, () => t.fail('nobody is there'))
    cancelled.start()
    appendPooled(partition, slabs)
    await simulation.run(10)
    cancelled.cancel()
    t.same(lost.records, [])
    appendPooled(partition, slabs)
    await simulation.run(10)
    t.same(asked.records, [], 'given away')
    const [answer = []] = answers
    const bytes = Buffer.concat(answer)
    t.equal(bytes.length, patient.minSize)
    log.close()
    t.equal(slabs.freeSize, 0)
    t.same(Buffer.concat(answer), bytes, 'the log has dropped them, the answer has not')
    letGoOfAll(answer)
    const slab = slabs.take(1).buffer.byteLength
    t.equal(slabs.freeSize, 2 * slab, 'nobody else holds any of the three')
  },
)

t.test('a cold read that ends after its client is gone leaves nothing held', async (t) => {
  const { simulation, node, partition, append, deadlines } = world(t, { syncsAcksAll: true, tailCacheSize: 0 })
  const { slabs } = node.host
  append(3, 1)
  await simulation.run(10)
  const asked = target(partition, 0)
  const memory = new MemoryBudget(1 << 20)
  const fetch = new DelayedFetch([asked], limits, deadlines, memory, () => t.fail('nobody is there'))
  fetch.start()
  const free = slabs.freeSize
  fetch.cancel()
  t.not(memory.used, 0, 'the read goes on')
  await simulation.run(100)
  t.equal(memory.used, 0)
  t.ok(slabs.freeSize > free)
  t.same(asked.records, [])
})

t.test('where the producers of a log cannot be read, a fetch is told so, and a later one finds them', async (t) => {
  const { simulation, node, log, partition, append, deadlines } = world(t)
  append(3, -1)
  await simulation.run(100)
  const answers: number[][] = []
  const fetch = (): void => {
    // The first record is too little: when the time is up, all is read once more.
    const targets = [target(partition, 3), target(partition, 0)]
    const done = () => answers.push(targets.flatMap((each) => [each.errorCode, each.lastStableOffset]))
    new DelayedFetch(targets, { ...limits, minSize: 100_000 }, deadlines, plenty, done).start()
  }
  fetch()
  // As after a move to another log directory: the log has been opened, and its producers have not been read.
  log.close()
  const environment = createStorageEnvironment(node.host)
  const options = { environment, directory: '/data/t-0', topic: 't', partition: 0, config: defaultLogConfig }
  partition.replaceLog(Log.open({ ...options, highWatermark: 3, cleanShutdown: true }))
  node.disk.fault = (_operation, path) => (path.endsWith('.snapshot') ? 'failed' : null)
  const failed = [ErrorCode.KAFKA_STORAGE_ERROR, -1]
  await simulation.run(1000)
  t.same(answers, [[...failed, ...failed]], 'one that was waiting')
  fetch()
  t.same(answers.slice(1), [[...failed, ...failed]], 'one that comes later, at once')
  node.disk.fault = null
  fetch()
  await simulation.run(1000)
  t.same(answers.slice(2), [[ErrorCode.NONE, 3, ErrorCode.NONE, 3]])
})
