// A compacted log through rounds of compaction, crashes in the middle of them, and restarts, against a model that keeps
// every record. Checked after every restart and at the end:
//
//   what is there is what was appended: key, value, time and offset of each record
//   what is missing has a later record of its key that counts, or belongs to an aborted transaction, or is a tombstone
//   whose time has come; so the last value of each key is always there
//   aborted records that are still there are in the transaction index
//   an idempotent producer that sends its last batch again is told that it is a duplicate
//   below the offset up to which the log is clean, each key is there once

import { strict as assert } from 'node:assert'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch } from '../../protocol/records/builder.ts'
import { buildEndTransactionBatch } from '../../protocol/records/control.ts'
import { CODECS, type Codec } from '../../protocol/records/layout.ts'
import type { LogRecord } from '../../protocol/records/log-record.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { LogCleaner } from '../../storage/cleaner/log-cleaner.ts'
import { LogDirectory } from '../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import type { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'

const TOPIC_ID = 'ePSQjlhTTsyjmeh43SPfJg'
const DELETE_RETENTION_MS = 60_000
const encoder = new TextEncoder()
const decoder = new TextDecoder()

interface ModelRecord {
  readonly offset: number
  readonly key: string
  readonly value: string | null
  readonly timestamp: number
  readonly producer: ModelProducer | null
  /** `open` until its transaction ends. */
  fate: 'counts' | 'open' | 'aborted'
}

interface ModelProducer {
  readonly id: bigint
  readonly isTransactional: boolean
  nextSequence: number
  /** What it sends again, and where that was put. */
  last: { readonly bytes: () => Uint8Array; readonly baseOffset: number } | null
  open: ModelRecord[]
}

export interface CompactionReport {
  readonly appended: number
  readonly rounds: number
  readonly dropped: number
  readonly lives: number
}

export async function runCompactionCrash(
  seed: number,
  onLog: (line: string) => void = () => {},
): Promise<CompactionReport> {
  const run = new CompactionRun(seed)
  try {
    return await run.all()
  } finally {
    run.logLines().forEach(onLog)
  }
}

class CompactionRun {
  readonly #simulation: Simulation
  readonly #config: LogConfig
  readonly #settings
  #model: ModelRecord[] = []
  /** By offset; they are no records of the model. */
  readonly #markers = new Map<number, { producer: ModelProducer; records: ModelRecord[] }>()
  #producers: ModelProducer[]
  #directory: LogDirectory | null = null
  #cleaner: LogCleaner | null = null
  #durableEndOffset = 0
  #rounds = 0
  #appended = 0
  #dropped = 0
  #serial = 0
  readonly #keyCount: number

  constructor(seed: number) {
    this.#simulation = simulate(seed)
    const { random } = this.#simulation
    this.#keyCount = random.pick([12, 12, 300])
    this.#config = {
      ...defaultLogConfig,
      cleanupPolicy: ['compact'],
      segmentBytes: random.pick([600, 2000, 10_000]),
      indexIntervalBytes: random.pick([1, 500, 4096]),
      minCleanableDirtyRatio: 0,
      deleteRetentionMs: DELETE_RETENTION_MS,
      fileDeleteDelayMs: random.pick([0, 10, 60_000]),
      minCompactionLagMs: random.pick([0, 0, 50]),
    }
    this.#settings = {
      isEnabled: true,
      backoffMs: 10,
      maxBytesPerSecond: random.pick([Number.POSITIVE_INFINITY, 1_000_000]),
      mapSize: 24 * random.pick([512, 1024, 100_000]),
      loadFactor: 0.9,
      bufferSize: random.pick([2048, 524_288]),
    }
    this.#producers = [1000n, 1001n, 2000n, 2001n].map((id) => ({
      id,
      isTransactional: id >= 2000n,
      nextSequence: 0,
      last: null,
      open: [],
    }))
  }

  logLines(): string[] {
    return this.#simulation.node('a').logger.lines()
  }

  async all(): Promise<CompactionReport> {
    const { random } = this.#simulation
    const node = this.#simulation.node('a')
    const lives = random.between(3, 7)
    for (let life = 0; life < lives; life++) {
      const log = await this.#open()
      await this.#check(log)
      this.#sendAgain(log)
      await this.#work(log)
      const end = random.below(4)
      if (end === 0) {
        // The cleaner is cut off in the middle of a round, the log is closed as it is.
        await this.#simulation.complete(Promise.all([this.#cleaner!.stop(), this.#directory!.close(1)]))
        this.#noteDurable(log.logEndOffset)
        if (random.chance(0.5)) node.crash()
      } else if (end === 1) node.kill()
      else node.crash()
      node.restart()
    }
    const log = await this.#open()
    await this.#check(log)
    await this.#finish(log)
    return { appended: this.#appended, rounds: this.#rounds, dropped: this.#dropped, lives }
  }

  async #open(): Promise<Log> {
    // At times small appends go to the journal first.
    const { random } = this.#simulation
    const journal = { journalSize: random.pick([0, 1 << 20]), journalAfterSyncs: random.pick([0, 5]) }
    const environment = createStorageEnvironment(this.#simulation.node('a').host, journal)
    const directory = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
    const log = directory.openLog('topic', TOPIC_ID, 0, this.#config)
    log.listener = {
      onWritten() {},
      onDurable: () => {
        log.updateHighWatermark(log.durableEndOffset)
        this.#noteDurable(log.durableEndOffset)
      },
      onFailed: (error) => {
        throw error
      },
    }
    await this.#simulation.complete(directory.whenRecovered())
    log.updateHighWatermark(log.logEndOffset)
    this.#directory = directory
    this.#cleaner = new LogCleaner(environment, [directory], () => this.#settings)
    return log
  }

  #noteDurable(endOffset: number): void {
    this.#durableEndOffset = Math.max(this.#durableEndOffset, endOffset)
  }

  async #work(log: Log): Promise<void> {
    const { random } = this.#simulation
    const steps = random.between(1, 120)
    this.#cleaner!.start()
    for (let step = 0; step < steps; step++) {
      if (random.chance(0.7)) this.#append(log)
      if (random.chance(0.3)) this.#endTransaction(log)
      if (random.chance(0.5)) log.requestSync()
      if (random.chance(0.1)) log.roll()
      if (random.chance(0.6)) await this.#simulation.run(random.pick([0, 0.1, 1, 5, 30]))
      if (random.chance(0.03)) await this.#simulation.run(DELETE_RETENTION_MS)
    }
    this.#rounds += this.#cleaner!.totals.logs
  }

  #append(log: Log): void {
    const { random } = this.#simulation
    const producer = random.pick([null, ...this.#producers])
    const timestamp = Math.floor(this.#simulation.node('a').host.clock.now())
    const records = Array.from({ length: random.between(1, 4) }, () => ({
      key: `k${random.below(this.#keyCount)}`,
      value: random.chance(0.25) ? null : `${this.#serial++}`.padEnd(random.between(1, 120), '.'),
    }))
    const compression: Codec = random.pick(['none', 'none', random.pick(CODECS)])
    const baseSequence = producer?.nextSequence ?? -1
    const bytes = (): Uint8Array =>
      buildBatch({
        timestamp,
        compression,
        ...(producer === null
          ? {}
          : { producerId: producer.id, producerEpoch: 0, baseSequence, transactional: producer.isTransactional }),
        records: records.map(({ key, value }) => ({
          key: encoder.encode(key),
          value: value === null ? null : encoder.encode(value),
        })),
      })
    const result = log.append(bytes(), 1, 'client')
    assert.equal(result.errorCode, ErrorCode.NONE, `${result.errorMessage}`)
    assert.ok(!result.duplicate)
    for (const [index, { key, value }] of records.entries()) {
      const fate = producer?.isTransactional ? 'open' : 'counts'
      const record: ModelRecord = { offset: result.baseOffset + index, key, value, timestamp, producer, fate }
      this.#model.push(record)
      if (fate === 'open') producer?.open.push(record)
    }
    this.#appended += records.length
    if (producer !== null) {
      producer.nextSequence += records.length
      producer.last = { bytes, baseOffset: result.baseOffset }
    }
  }

  #endTransaction(log: Log): void {
    const { random } = this.#simulation
    const producer = random.pick(this.#producers)
    if (producer.open.length > 0) this.#end(log, producer, random.chance(0.5) ? 'commit' : 'abort')
  }

  #end(log: Log, producer: ModelProducer, type: 'commit' | 'abort'): void {
    const timestamp = Math.floor(this.#simulation.node('a').host.clock.now())
    const marker = buildEndTransactionBatch({ producerId: producer.id, producerEpoch: 0, timestamp }, type, 0)
    const result = log.append(marker, 1, 'coordinator')
    assert.equal(result.errorCode, ErrorCode.NONE, `${result.errorMessage}`)
    for (const record of producer.open) record.fate = type === 'commit' ? 'counts' : 'aborted'
    this.#markers.set(result.baseOffset, { producer, records: producer.open })
    producer.open = []
  }

  #sendAgain(log: Log): void {
    for (const { last } of this.#producers) {
      if (last === null) continue
      const result = log.append(last.bytes(), 1, 'client')
      assert.equal(result.errorCode, ErrorCode.NONE, `${result.errorMessage}`)
      assert.ok(result.duplicate, `a batch at ${last.baseOffset} is taken for new`)
      assert.equal(result.baseOffset, last.baseOffset)
    }
  }

  async #check(log: Log): Promise<void> {
    const end = log.logEndOffset
    assert.ok(end >= this.#durableEndOffset, `log ends at ${end}, durable was ${this.#durableEndOffset}`)
    this.#forgetFrom(end)
    this.#noteDurable(end)
    const found = await this.#readAll(log)
    this.#checkFound(log, found)
    this.#checkMissing(found)
    this.#checkIndexes(log)
  }

  /** What a crash has taken was never durable. A transaction whose marker is among it is open again. */
  #forgetFrom(end: number): void {
    for (const [offset, { producer, records }] of this.#markers) {
      if (offset < end) continue
      this.#markers.delete(offset)
      for (const record of records) record.fate = 'open'
      producer.open.unshift(...records)
    }
    this.#model = this.#model.filter(({ offset }) => offset < end)
    for (const producer of this.#producers) {
      producer.open = producer.open.filter(({ offset }) => offset < end)
      if (producer.last === null || producer.last.baseOffset < end) continue
      producer.last = null
      producer.nextSequence = this.#model.filter((record) => record.producer === producer).length
    }
  }

  async #readAll(log: Log): Promise<Map<number, LogRecord>> {
    const found = new Map<number, LogRecord>()
    let next = log.logStartOffset
    while (next < log.logEndOffset) {
      const before = next
      const read = new Promise<void>((resolve) => {
        log.read(next, 5000, log.logEndOffset, true, (errorCode, slices, _size, nextOffset) => {
          assert.equal(errorCode, ErrorCode.NONE)
          for (const slice of slices) {
            for (const record of readRecords(slice))
              if (record.offset >= before) found.set(record.offset, copyOf(record))
          }
          next = nextOffset
          resolve()
        })
      })
      await this.#simulation.complete(read)
      assert.ok(next > before, `nothing to read at ${before} of ${log.logEndOffset}`)
    }
    return found
  }

  #checkFound(log: Log, found: ReadonlyMap<number, LogRecord>): void {
    const model = new Map(this.#model.map((record) => [record.offset, record]))
    const aborted = log.abortedTransactions(0, log.logEndOffset)
    for (const [offset, { key, value, timestamp }] of found) {
      if (this.#markers.has(offset)) continue
      const record = model.get(offset)
      assert.ok(record !== undefined, `there is a record at ${offset}, where none was appended`)
      assert.deepEqual(
        [key === null ? null : decoder.decode(key), value === null ? null : decoder.decode(value), timestamp],
        [record.key, record.value, record.timestamp],
        `offset ${offset}`,
      )
      if (record.fate !== 'aborted') continue
      const entry = aborted.find(
        ({ producerId, firstOffset, lastOffset }) =>
          producerId === record.producer?.id && firstOffset <= offset && offset <= lastOffset,
      )
      assert.ok(entry !== undefined, `the aborted record at ${offset} is not in the transaction index`)
    }
  }

  #checkMissing(found: ReadonlyMap<number, LogRecord>): void {
    const lastOfKey = new Map<string, number>()
    for (const { offset, key, fate } of this.#model) if (fate === 'counts') lastOfKey.set(key, offset)
    const now = this.#simulation.nowMs
    for (const { offset, key, value, fate } of this.#model) {
      if (found.has(offset) || fate === 'aborted') continue
      const isSuperseded = fate === 'counts' && (lastOfKey.get(key) ?? -1) > offset
      const isTombstone = fate === 'counts' && value === null && now >= DELETE_RETENTION_MS
      assert.ok(isSuperseded || isTombstone, `the record at ${offset} with key ${key}, ${fate}, is lost`)
    }
    this.#dropped = this.#model.filter(({ offset }) => !found.has(offset)).length
  }

  #checkIndexes(log: Log): void {
    for (const segment of log.segments) {
      const { offset: offsetIndex } = segment.indexes
      for (let index = 0; index < offsetIndex.count; index++) {
        assert.ok(offsetIndex.positionAt(index) < segment.size, 'an index entry points beyond its segment')
      }
    }
  }

  /** All is decided and cleaned: each key once. */
  async #finish(log: Log): Promise<void> {
    for (const producer of this.#producers) if (producer.open.length > 0) this.#end(log, producer, 'commit')
    log.roll()
    log.requestSync()
    await this.#simulation.run(1000)
    for (let round = 0; round < 1000; round++) {
      const count = await this.#simulation.complete(this.#cleaner!.clean())
      if (count === 0) break
      this.#rounds += count
    }
    assert.equal(this.#cleaner!.uncleanable.size, 0, 'nothing is uncleanable')
    const found = await this.#readAll(log)
    this.#checkFound(log, found)
    this.#checkMissing(found)
    const clean = this.#model.filter(({ offset }) => found.has(offset) && offset < (log.cleanedOffset ?? 0))
    const keys = clean.map(({ key }) => key)
    assert.equal(new Set(keys).size, keys.length, `a key is there twice below ${log.cleanedOffset}: ${keys}`)
    assert.ok(
      clean.every(({ fate }) => fate === 'counts'),
      'nothing aborted is left below',
    )
  }
}

const copyOf = (record: LogRecord): LogRecord => ({
  ...record,
  key: record.key === null ? null : record.key.slice(),
  value: record.value === null ? null : record.value.slice(),
})
