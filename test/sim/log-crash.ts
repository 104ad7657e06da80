// One log through crashes: appends of plain and idempotent producers, group commit, rolls, loss of power and kill -9 at
// random moments, recovery; then again. Checked after every restart:
//
//   everything below an offset that was durable is there, byte for byte as appended, at its offset
//   offsets are dense; what is there beyond is a prefix of what was appended, nothing else
//   an idempotent producer that sends its last batches again is told that they are duplicates, and none is there twice

import { strict as assert } from 'node:assert'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import { Journal } from '../../storage/journal/journal.ts'
import { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'

const parent = '/data'
const directory = `${parent}/topic-0`
const topicId = 'ePSQjlhTTsyjmeh43SPfJg'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A batch as one of the producers sent it, and sends it again until it is acknowledged. */
interface Batch {
  readonly producer: Producer
  readonly values: readonly string[]
  readonly baseSequence: number
  /** Where the log has put it; -1 before. */
  baseOffset: number
}

interface Producer {
  /** null: not idempotent. */
  readonly id: bigint | null
  nextSequence: number
  /** Of an idempotent producer: appended and not known to be durable, in order. */
  pending: Batch[]
  /** Known to be durable; the log remembers the last five of them. */
  acknowledged: Batch[]
}

export interface LogCrashReport {
  readonly lives: number
  readonly appended: number
  readonly lost: number
  /** Written to the journal. */
  readonly journaled: number
}

export async function runLogCrash(seed: number): Promise<LogCrashReport> {
  const run = new LogCrashRun(seed)
  return run.all()
}

class LogCrashRun {
  readonly #simulation: Simulation
  readonly #config: LogConfig
  readonly #producers: Producer[]
  readonly #journalSize: number
  #journal: Journal | null = null
  /** The value at each offset of the log, as far as it has been appended in this life or found after a crash. */
  #values: string[] = []
  #durableEndOffset = 0
  /** What a checkpoint says: durable at some earlier moment. */
  #recoveryPoint = 0
  #valueCount = 0
  #appended = 0
  #lost = 0
  #journaled = 0

  constructor(seed: number) {
    this.#simulation = simulate(seed)
    const { random } = this.#simulation
    this.#config = {
      ...defaultLogConfig,
      segmentBytes: random.pick([2000, 10_000, 100_000]),
      indexIntervalBytes: random.pick([1, 500, 4096]),
      segmentIndexBytes: random.pick([240, 10_485_760]),
    }
    this.#journalSize = random.pick([0, 16_384, 16_384, 262_144])
    this.#producers = [null, 1000n, 1001n].map((id) => ({ id, nextSequence: 0, pending: [], acknowledged: [] }))
  }

  async all(): Promise<LogCrashReport> {
    const { random } = this.#simulation
    const node = this.#simulation.node('a')
    const lives = random.between(3, 6)
    let isClean = false
    for (let life = 0; life < lives; life++) {
      const log = this.#open(isClean)
      await this.#check(log)
      if (random.chance(0.8)) await this.#recovered(log)
      this.#sendAgain(log)
      await this.#work(log)
      this.#journaled += this.#journal?.recordCount ?? 0
      isClean = random.chance(0.15)
      if (isClean) {
        log.close()
        this.#journal?.close(true)
        this.#noteDurable(log.logEndOffset)
        this.#recoveryPoint = log.logEndOffset
        if (random.chance(0.5)) node.crash()
      } else if (random.chance(0.6)) node.crash()
      else node.kill()
      node.restart()
    }
    await this.#check(this.#open(isClean))
    return { lives, appended: this.#appended, lost: this.#lost, journaled: this.#journaled }
  }

  #open(isClean: boolean): Log {
    const { random } = this.#simulation
    // At times all but the first is written in the pool, at times nothing.
    const slowWriteMs = random.pick([0, 1000])
    // Another one now and then, as an operator may set it.
    const journalSize = random.chance(0.3) ? random.pick([0, 16_384, 65_536, 262_144]) : this.#journalSize
    const journal = { journalSize, journalAfterSyncs: 0 }
    const options = { slowWriteMs, poolWriteFromSize: 1, ...journal }
    const environment = createStorageEnvironment(this.#simulation.node('a').host, options)
    environment.host.disk.makeDirectory(parent)
    this.#journal = new Journal(environment, parent, isClean, (error) => {
      throw error
    })
    const log = Log.open({
      environment,
      directory,
      topic: 'topic',
      partition: 0,
      topicId,
      journal: this.#journal,
      config: this.#config,
      recoveryPoint: this.#recoveryPoint,
      cleanShutdown: isClean,
    })
    log.listener = {
      onWritten() {},
      onDurable: () => this.#noteDurable(log.durableEndOffset),
      onFailed: (error) => {
        throw error
      },
    }
    return log
  }

  /** What the start has found is synced. */
  async #recovered(log: Log): Promise<void> {
    await this.#simulation.runUntil(() => !log.isSyncing)
    assert.equal(log.durableEndOffset, log.logEndOffset)
    this.#journal?.recovered()
  }

  #noteDurable(endOffset: number): void {
    if (endOffset <= this.#durableEndOffset) return
    this.#durableEndOffset = endOffset
    for (const producer of this.#producers) {
      while (producer.pending.length > 0) {
        const [first] = producer.pending
        if (first === undefined || first.baseOffset < 0 || first.baseOffset + first.values.length > endOffset) break
        producer.acknowledged.push(first)
        producer.pending.shift()
      }
    }
  }

  /** What the log holds is what was appended, up to its end, and its end is not below what was durable. */
  async #check(log: Log): Promise<void> {
    const end = log.logEndOffset
    assert.ok(end >= this.#durableEndOffset, `log ends at ${end}, durable was ${this.#durableEndOffset}`)
    assert.ok(end <= this.#values.length, `log ends at ${end}, ${this.#values.length} records were appended`)
    const found = await this.#readAll(log)
    assert.deepEqual(found, this.#values.slice(0, end))
    this.#lost += this.#values.length - end
    this.#values = found
    this.#noteDurable(log.durableEndOffset)
  }

  async #readAll(log: Log): Promise<string[]> {
    const values: string[] = []
    while (values.length < log.logEndOffset) {
      const before = values.length
      const read = new Promise<void>((resolve) => {
        log.read(values.length, 10_000, log.logEndOffset, true, (errorCode, slices) => {
          assert.equal(errorCode, ErrorCode.NONE)
          for (const slice of slices) {
            for (const record of readRecords(slice)) {
              if (record.offset < before) continue
              assert.equal(record.offset, values.length, 'offsets are dense')
              values.push(decoder.decode(record.value ?? new Uint8Array()))
            }
          }
          resolve()
        })
      })
      await this.#simulation.complete(read)
      assert.ok(values.length > before, `nothing to read at ${before} of ${log.logEndOffset}`)
    }
    return values
  }

  /** As after a reconnect: an idempotent producer does not know which of its batches have arrived. */
  #sendAgain(log: Log): void {
    for (const producer of this.#producers) {
      if (producer.id === null) {
        producer.pending = []
        continue
      }
      const knownCount = Math.max(0, 5 - producer.pending.length)
      const known = producer.acknowledged.slice(producer.acknowledged.length - knownCount)
      for (const batch of known) this.#sendAcknowledged(log, batch)
      for (const batch of producer.pending) this.#append(log, batch)
      this.#noteDurable(log.durableEndOffset)
    }
    log.requestSync()
  }

  /**
   * A batch that was acknowledged is never taken for a new one, and its producer is told where it is: also after a
   * stop, whose snapshot of the log's producers keeps the last batch of each alone.
   */
  #sendAcknowledged(log: Log, batch: Batch): void {
    const result = log.append(encode(batch), 1, 'client')
    const what = `producer ${batch.producer.id} sequence ${batch.baseSequence} again: ${result.errorMessage}`
    assert.equal(result.errorCode, ErrorCode.NONE, what)
    assert.ok(result.duplicate, `${what} is taken for new`)
    assert.equal(result.baseOffset, batch.baseOffset, what)
  }

  async #work(log: Log): Promise<void> {
    const { random } = this.#simulation
    const steps = random.between(1, 60)
    for (let step = 0; step < steps; step++) {
      const producer = random.pick(this.#producers)
      // No more than the log remembers: a sixth would make the first a stranger.
      if (producer.pending.length < 5 || producer.id === null) {
        const count = random.between(1, 4)
        const values = Array.from({ length: count }, () => `${this.#valueCount++}`.padEnd(random.between(1, 300), '.'))
        const batch = { producer, values, baseSequence: producer.nextSequence, baseOffset: -1 }
        producer.nextSequence += count
        producer.pending.push(batch)
        this.#append(log, batch)
      }
      if (random.chance(0.4)) log.requestSync()
      if (random.chance(0.05)) log.roll()
      if (random.chance(0.05)) this.#recoveryPoint = log.recoveryPoint
      if (random.chance(0.7)) await this.#simulation.run(random.pick([0, 0.1, 1, 5]))
    }
  }

  #append(log: Log, batch: Batch): void {
    const result = log.append(encode(batch), 1, 'client')
    const what = `producer ${batch.producer.id} sequence ${batch.baseSequence}`
    assert.equal(result.errorCode, ErrorCode.NONE, `${what}: ${result.errorMessage}`)
    if (result.duplicate) {
      const there = this.#values.slice(result.baseOffset, result.lastOffset + 1)
      assert.deepEqual(there, batch.values, `${what}: said to be at ${result.baseOffset}`)
    } else {
      assert.equal(result.baseOffset, this.#values.length, what)
      this.#values.push(...batch.values)
      this.#appended += batch.values.length
    }
    batch.baseOffset = result.baseOffset
  }
}

function encode({ producer, values, baseSequence }: Batch): Uint8Array {
  return buildBatch({
    timestamp: 1_767_225_600_000,
    ...(producer.id === null ? {} : { producerId: producer.id, producerEpoch: 0, baseSequence }),
    records: values.map((value) => ({ key: null, value: encoder.encode(value) })),
  })
}
