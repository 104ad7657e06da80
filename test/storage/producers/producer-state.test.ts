// Idempotence and transactions as a partition sees them: KIP-98, KIP-360.

import t from 'tap'
import { simulate } from '../../../host/simulated/simulation.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { setBaseOffset, viewOf } from '../../../protocol/records/batch.ts'
import { type BatchOptions, buildBatch } from '../../../protocol/records/builder.ts'
import { buildEndTransactionBatch } from '../../../protocol/records/control.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../storage/producers/producer-snapshot.ts'
import { ProducerState } from '../../../storage/producers/producer-state.ts'
import { openLog } from '../logs.ts'

interface Sent {
  readonly id?: bigint
  readonly epoch?: number
  readonly sequence: number
  readonly count?: number
  readonly transactional?: boolean
  readonly timestamp?: number
}

class Producers {
  state = new ProducerState()
  offset = 0

  batch({ id = 5n, epoch = 0, sequence, count = 1, transactional = false, timestamp = 1000 }: Sent): Uint8Array {
    const records = Array.from({ length: count }, () => ({ key: null, value: null }))
    return buildBatch({
      records,
      timestamp,
      producerId: id,
      producerEpoch: epoch,
      baseSequence: sequence,
      transactional,
    })
  }

  /** The error code; appended when there is none. */
  send(sent: Sent): number {
    const bytes = this.batch(sent)
    const verdict = this.state.check(viewOf(bytes), 0)
    if (verdict.errorCode === ErrorCode.NONE && !verdict.isDuplicate) this.append(bytes, sent.count ?? 1)
    return verdict.errorCode
  }

  duplicate(sent: Sent): [number, number] | null {
    const verdict = this.state.check(viewOf(this.batch(sent)), 0)
    return verdict.isDuplicate ? [verdict.baseOffset, verdict.lastOffset] : null
  }

  end(type: 'commit' | 'abort', id = 5n, epoch = 0, coordinatorEpoch = 0) {
    const bytes = buildEndTransactionBatch(
      { producerId: id, producerEpoch: epoch, timestamp: 2000 },
      type,
      coordinatorEpoch,
    )
    const { errorCode } = this.state.checkMarker(bytes, viewOf(bytes), 0)
    return { errorCode, aborted: errorCode === 0 ? this.append(bytes, 1) : null }
  }

  append(bytes: Uint8Array, count: number) {
    const view = viewOf(bytes)
    setBaseOffset(view, 0, this.offset)
    this.offset += count
    return this.state.apply(bytes, view, 0)
  }
}

t.test('the last five batches are recognised when they come again, older ones are out of order', async (t) => {
  const producers = new Producers()
  for (let index = 0; index < 7; index++) t.equal(producers.send({ sequence: index * 2, count: 2 }), 0)
  t.same(producers.duplicate({ sequence: 12, count: 2 }), [12, 13])
  t.same(producers.duplicate({ sequence: 4, count: 2 }), [4, 5])
  t.equal(producers.duplicate({ sequence: 2, count: 2 }), null)
  t.equal(producers.send({ sequence: 2, count: 2 }), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  t.equal(producers.duplicate({ sequence: 12, count: 1 }), null, 'a batch of another size is another batch')
  t.equal(producers.send({ sequence: 15 }), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER, 'a gap')
  t.equal(producers.send({ sequence: 14 }), 0)
})

t.test('a new epoch begins with sequence 0 and fences the one before', async (t) => {
  const producers = new Producers()
  t.equal(producers.send({ sequence: 0 }), 0)
  t.equal(producers.send({ epoch: 1, sequence: 1 }), ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
  t.equal(producers.send({ epoch: 1, sequence: 0 }), 0)
  t.equal(producers.send({ epoch: 0, sequence: 1 }), ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal(producers.duplicate({ epoch: 0, sequence: 0 }), null, 'batches of an older epoch are no duplicates')
})

t.test('a producer that is not known may begin with any sequence', async (t) => {
  const producers = new Producers()
  t.equal(producers.send({ sequence: 77 }), 0)
  t.equal(producers.send({ sequence: 78 }), 0)
})

t.test('sequences wrap from 2^31 - 1 to 0', async (t) => {
  const producers = new Producers()
  const last = 0x7fffffff
  t.equal(producers.send({ sequence: last - 1, count: 4 }), 0, 'inside a batch')
  t.same(producers.duplicate({ sequence: last - 1, count: 4 }), [0, 3])
  t.equal(producers.send({ sequence: 2, count: 1 }), 0)
  t.equal(producers.send({ id: 6n, sequence: last }), 0)
  t.equal(producers.send({ id: 6n, sequence: 0 }), 0, 'between batches')
})

t.test('the last stable offset waits for markers, and for them to be below the high watermark', async (t) => {
  const producers = new Producers()
  const { state } = producers
  t.equal(state.firstUnstableOffset(), Number.POSITIVE_INFINITY)
  producers.send({ id: 1n, sequence: 0, transactional: true })
  producers.send({ id: 2n, sequence: 0, transactional: true })
  producers.send({ id: 2n, sequence: 1, transactional: true })
  t.equal(state.firstUnstableOffset(), 0)
  t.same(producers.end('abort', 1n).aborted, {
    producerId: 1n,
    firstOffset: 0,
    lastOffset: 3,
    lastStableOffset: 1,
  })
  t.equal(state.firstUnstableOffset(), 0, 'the marker is not replicated yet')
  state.onHighWatermark(3)
  t.equal(state.firstUnstableOffset(), 0)
  state.onHighWatermark(4)
  t.equal(state.firstUnstableOffset(), 1)
  t.equal(producers.end('commit', 2n).aborted, null)
  state.onHighWatermark(5)
  t.equal(state.firstUnstableOffset(), Number.POSITIVE_INFINITY)
  t.equal(producers.end('abort', 2n).aborted, null, 'a marker without a transaction is tolerated')
})

t.test('markers of a fenced producer or coordinator are refused', async (t) => {
  const producers = new Producers()
  producers.send({ epoch: 3, sequence: 0, transactional: true })
  t.equal(producers.end('commit', 5n, 2).errorCode, ErrorCode.INVALID_PRODUCER_EPOCH)
  t.equal(producers.end('commit', 5n, 3, 7).errorCode, 0)
  t.equal(producers.end('commit', 5n, 3, 6).errorCode, ErrorCode.TRANSACTION_COORDINATOR_FENCED)
})

t.test('within a transaction every batch is transactional', async (t) => {
  const producers = new Producers()
  producers.send({ sequence: 0, transactional: true })
  t.equal(producers.send({ sequence: 1 }), ErrorCode.INVALID_TXN_STATE)
})

t.test('coordinators write without sequences; their epoch counts', async (t) => {
  const producers = new Producers()
  producers.send({ epoch: 2, sequence: 0, transactional: true })
  const { state } = producers
  const verdict = (epoch: number) => state.check(viewOf(producers.batch({ epoch, sequence: -1 })), 0, false).errorCode
  t.equal(verdict(2), 0)
  t.equal(verdict(1), ErrorCode.INVALID_PRODUCER_EPOCH)
})

t.test('idle producers expire, those with an open transaction do not', async (t) => {
  const producers = new Producers()
  producers.send({ id: 1n, sequence: 0, timestamp: 1000 })
  producers.send({ id: 2n, sequence: 0, timestamp: 1000, transactional: true })
  producers.send({ id: 3n, sequence: 0, timestamp: 5000 })
  t.equal(producers.state.removeExpired(6000, 5000), 1)
  t.same(
    producers.state.activeProducers().map(({ producerId }) => producerId),
    [2n, 3n],
  )
})

t.test('producer ids beyond 2^53 are told apart', async (t) => {
  const producers = new Producers()
  const id = 9223372036854775806n
  t.equal(producers.send({ id, sequence: 0 }), 0)
  t.equal(producers.send({ id: id - 1n, sequence: 3 }), 0)
  t.equal(producers.send({ id, sequence: 1 }), 0)
  t.same(
    producers.state.activeProducers().map(({ producerId, lastSequence }) => [producerId, lastSequence]),
    [
      [id, 1],
      [id - 1n, 3],
    ],
  )
})

t.test('a snapshot keeps what counts, and a damaged one is known', async (t) => {
  const producers = new Producers()
  for (let index = 0; index < 3; index++) producers.send({ id: 1n, sequence: index })
  producers.send({ id: 9223372036854775806n, epoch: 4, sequence: 0, count: 3, transactional: true })
  producers.end('commit', 7n, 2, 9)
  const bytes = encodeSnapshot(producers.state.entries(), producers.state.size)
  const entries = decodeSnapshot(bytes)
  if (typeof entries === 'string') throw new Error(entries)
  const state = new ProducerState()
  state.load(entries)
  t.same(state.activeProducers(), producers.state.activeProducers())
  t.equal(state.firstUnstableOffset(), 3)
  t.same(encodeSnapshot(state.entries(), state.size), bytes)
  for (let position = 0; position < bytes.length; position++) {
    const damaged = bytes.slice()
    damaged[position]! ^= 1
    if (typeof decodeSnapshot(damaged) !== 'string') t.fail(`byte ${position}`)
    if (typeof decodeSnapshot(bytes.subarray(0, position)) !== 'string') t.fail(`${position} bytes`)
  }
})

// The producers of a whole log

function records(values: readonly string[], options: BatchOptions = {}): Uint8Array {
  const encoder = new TextEncoder()
  const all = values.map((value) => ({ key: null, value: encoder.encode(value) }))
  return buildBatch({ timestamp: 1_767_225_600_000, ...options, records: all })
}

t.test(
  'after a clean stop the five batches in flight are known when they come again, not the last alone',
  async (t) => {
    for (const segmentBytes of [1_000_000, 300]) {
      const simulation = simulate(18)
      const node = simulation.node('a')
      const config = { segmentBytes, indexIntervalBytes: 1 }
      const sent = (id: bigint, baseSequence: number): Uint8Array =>
        records(['a', 'b'], { producerId: id, producerEpoch: 0, baseSequence })
      const first = openLog(node, config)
      for (const sequence of [0, 2, 4, 6, 8, 10])
        for (const id of [1n, 2n]) first.append(sent(id, sequence), 0, 'client')
      first.append(records(['a']), 0, 'client')
      first.close()
      node.restart()
      const log = openLog(node, config, { cleanShutdown: true, recoveryPoint: 25 })
      t.match(log.append(sent(2n, 12), 0, 'client'), { errorCode: 0, baseOffset: 25, duplicate: false })
      for (const [index, sequence] of [2, 4, 6, 8, 10].entries()) {
        const answer = { errorCode: 0, duplicate: true, baseOffset: 4 + index * 4 }
        t.match(
          log.append(sent(1n, sequence), 0, 'client'),
          answer,
          `sequence ${sequence}, segments of ${segmentBytes}`,
        )
      }
      t.match(log.append(sent(1n, 0), 0, 'client'), { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }, 'a sixth')
      t.match(log.append(sent(1n, 14), 0, 'client'), { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }, 'a gap')
      t.match(log.append(sent(1n, 12), 0, 'client'), { errorCode: 0, baseOffset: 27, duplicate: false })
      t.match(log.append(sent(2n, 4), 0, 'client'), { errorCode: 0, duplicate: true, baseOffset: 10 })
      t.match(log.append(sent(2n, 2), 0, 'client'), { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
    }
  },
)

t.test('how far a log is searched for the batches of a producer is bounded', async (t) => {
  const simulation = simulate(19)
  const node = simulation.node('a')
  const value = 'x'.repeat(900_000)
  const sent = (baseSequence: number): Uint8Array => records(['a'], { producerId: 1n, producerEpoch: 0, baseSequence })
  const first = openLog(node)
  for (let index = 0; index < 30; index++) {
    if (index === 0 || index === 20 || index === 29) first.append(sent(Math.ceil(index / 20)), 0, 'client')
    first.append(records([value]), 0, 'client')
  }
  first.close()
  node.restart()
  const log = openLog(node, {}, { cleanShutdown: true, recoveryPoint: 33 })
  t.match(log.append(sent(0), 0, 'client'), { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER })
  t.match(log.append(sent(1), 0, 'client'), { errorCode: 0, duplicate: true, baseOffset: 21 })
})

t.test(
  'what was in flight behind a new producer’s first batch is not taken without it when the disk fails',
  async (t) => {
    for (const wasAppended of [true, false]) {
      const simulation = simulate(20)
      const node = simulation.node('a')
      const log = openLog(node)
      const sent = (baseSequence: number, producerEpoch = 0): Uint8Array =>
        records(['a', 'b'], { producerId: 1n, producerEpoch, baseSequence })
      const outOfOrder = { errorCode: ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER }
      node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
      log.append(wasAppended ? sent(0) : records(['x']), 0, 'client')
      if (wasAppended) log.append(sent(2), 0, 'client')
      await simulation.run(1)
      node.disk.fault = null
      if (!wasAppended) t.match(log.append(sent(0), 0, 'client'), { errorCode: ErrorCode.KAFKA_STORAGE_ERROR })
      await simulation.run(200)
      t.match(log.append(sent(4), 0, 'client'), outOfOrder)
      t.match(log.append(sent(0), 0, 'client'), { errorCode: 0, baseOffset: 0 })
      t.match(log.append(sent(2), 0, 'client'), { errorCode: 0, baseOffset: 2 })
      t.match(log.append(sent(0, 1), 0, 'client'), { errorCode: 0, baseOffset: 4 })
    }
  },
)
