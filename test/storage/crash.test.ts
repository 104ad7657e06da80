// Crashes at arbitrary moments, over many seeds, against a model that keeps every batch. After each restart:
//
//   what was durable is there; offsets are dense and records those appended; what is missing is missing from the end;
//   producer state, aborted transactions, last stable offset and leader epochs follow from the batches that are left;
//   every entry of every index points at a batch.
//
// SEED=n replays one seed; SEEDS=n runs that many.

import t, { type Test } from 'tap'
import { DiskError } from '../../host/disk.ts'
import type { SimulatedNode } from '../../host/simulated/node.ts'
import { SeededRandom } from '../../host/simulated/random.ts'
import { type Simulation, simulate } from '../../host/simulated/simulation.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import { buildEndTransactionBatch } from '../../protocol/records/control.ts'
import { readRecords } from '../../protocol/records/record.ts'
import { LogDirectory } from '../../storage/directory/log-directory.ts'
import { createStorageEnvironment } from '../../storage/environment.ts'
import type { Log } from '../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../storage/log/log-config.ts'
import { SegmentScanner } from '../../storage/segment/segment-scanner.ts'

const topicId = 'ePSQjlhTTsyjmeh43SPfJg'
const firstSeed = Number(process.env['SEED'] ?? 1)
const seedCount = process.env['SEED'] === undefined ? Number(process.env['SEEDS'] ?? 150) : 1

interface ModelBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly values: readonly string[]
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly kind: 'plain' | 'transactional' | 'commit' | 'abort'
}

interface ModelProducer {
  epoch: number
  lastSequence: number
  transactionFirstOffset: number
}

class Model {
  batches: ModelBatch[] = []
  /** Taken back and told so, while the pool was still writing them: there again when the process ends before that. */
  doubtful: ModelBatch[] = []
  logStartOffset = 0
  #serial = 0

  get endOffset(): number {
    return this.batches.length === 0 ? 0 : this.batches[this.batches.length - 1]!.lastOffset + 1
  }

  /** Batches from `offset` on never were. */
  cut(offset: number): void {
    this.batches = this.batches.filter((batch) => batch.lastOffset < offset)
  }

  nextValue(): string {
    return `value-${this.#serial++}`
  }

  producers(): Map<number, ModelProducer> {
    const producers = new Map<number, ModelProducer>()
    for (const { producerId, producerEpoch, lastSequence, kind, baseOffset } of this.batches) {
      if (producerId < 0) continue
      const producer = producers.get(producerId) ?? { epoch: -1, lastSequence: -1, transactionFirstOffset: -1 }
      producers.set(producerId, producer)
      producer.epoch = producerEpoch
      if (kind === 'commit' || kind === 'abort') producer.transactionFirstOffset = -1
      else producer.lastSequence = lastSequence
      if (kind === 'transactional' && producer.transactionFirstOffset < 0) producer.transactionFirstOffset = baseOffset
    }
    return producers
  }

  aborted(): { producerId: bigint; firstOffset: number; lastOffset: number }[] {
    const open = new Map<number, number>()
    const aborted: { producerId: bigint; firstOffset: number; lastOffset: number }[] = []
    for (const { producerId, kind, baseOffset } of this.batches) {
      if (kind === 'transactional' && !open.has(producerId)) open.set(producerId, baseOffset)
      if (kind !== 'commit' && kind !== 'abort') continue
      const firstOffset = open.get(producerId)
      open.delete(producerId)
      if (kind === 'abort' && firstOffset !== undefined) {
        aborted.push({ producerId: BigInt(producerId), firstOffset, lastOffset: baseOffset })
      }
    }
    return aborted.sort((a, b) => a.firstOffset - b.firstOffset)
  }
}

class Run {
  readonly simulation: Simulation
  readonly node: SimulatedNode
  readonly random: SeededRandom
  readonly model = new Model()
  readonly config: LogConfig
  durableEndOffset = 0
  directory: LogDirectory
  log: Log
  epoch = 0

  constructor(seed: number) {
    this.simulation = simulate(seed)
    this.node = this.simulation.node('a')
    this.random = new SeededRandom(seed)
    const { random } = this
    this.config = {
      ...defaultLogConfig,
      segmentBytes: random.pick([1500, 4000, 20_000, 1_000_000]),
      indexIntervalBytes: random.pick([0, 100, 1000, 4096]),
      retentionMs: -1,
      fileDeleteDelayMs: random.pick([0, 1000]),
    }
    this.directory = this.openDirectory()
    this.log = this.openLog()
  }

  openDirectory(): LogDirectory {
    const environment = createStorageEnvironment(this.node.host, {
      tailCacheSize: this.random.pick([0, 5000, 1 << 20]),
      maxOpenFiles: this.random.pick([1, 3, 100]),
      indexMemorySize: this.random.pick([0, 1 << 20]),
      slowWriteMs: this.random.pick([0, 0, 1000]),
      poolWriteFromSize: this.random.pick([1, 500]),
      journalSize: this.random.pick([0, 16_384, 16_384, 262_144]),
      journalAfterSyncs: this.random.pick([0, 3]),
    })
    return LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
  }

  openLog(): Log {
    const log = this.directory.openLog('topic', topicId, 0, this.config)
    log.listener = {
      onWritten: () => {},
      onDurable: () => {
        this.durableEndOffset = Math.max(this.durableEndOffset, log.durableEndOffset)
      },
      onFailed: () => {
        const { model } = this
        const isWriting = log.segments.some((segment) => segment.isWriting)
        model.doubtful = isWriting ? model.batches.filter((batch) => batch.lastOffset >= log.logEndOffset) : []
        model.cut(log.logEndOffset)
      },
    }
    return log
  }

  async step(): Promise<void> {
    const { random, log } = this
    const dice = random.below(100)
    if (dice < 55) this.append()
    else if (dice < 65) log.requestSync()
    else if (dice < 90) await this.simulation.run(random.pick([0, 0.1, 1, 5]))
    else if (dice < 93) this.directory.checkpoint()
    else if (dice < 94) this.epoch++
    else if (dice < 96) this.truncate()
    else if (dice < 98) this.deleteRecords()
    else if (dice < 99) await this.failWrites()
    else this.rollIfPossible()
  }

  append(): void {
    const { random, log, model } = this
    const producerId = random.pick([-1, 1, 2, 3])
    const producer = model.producers().get(producerId)
    // No idempotent producer has more than five batches in flight.
    const isInFlight = (batch: ModelBatch) =>
      batch.producerId === producerId && batch.baseOffset >= log.writtenEndOffset
    if (producerId >= 0 && model.batches.filter(isInFlight).length >= 5) return
    const isOpen = (producer?.transactionFirstOffset ?? -1) >= 0
    if (producer !== undefined && isOpen && random.chance(0.3)) {
      const kind = random.pick<'commit' | 'abort'>(['commit', 'abort'])
      const marker = { producerId: BigInt(producerId), producerEpoch: producer.epoch, timestamp: this.now() }
      this.appendBytes(buildEndTransactionBatch(marker, kind, 0), [], { producerId, kind, producer }, 'coordinator')
      return
    }
    const values = Array.from({ length: 1 + random.below(4) }, () => model.nextValue())
    const isTransactional = producerId > 0 && (isOpen || random.chance(0.3))
    const filler = 'x'.repeat(random.pick([0, 10, 300]))
    const records: RecordInput[] = values.map((value) => ({
      key: new TextEncoder().encode(filler),
      value: new TextEncoder().encode(value),
    }))
    const baseSequence = producerId < 0 ? -1 : (producer?.lastSequence ?? -1) + 1
    const bytes = buildBatch({
      records,
      timestamp: this.now(),
      ...(producerId < 0 ? {} : { producerId: BigInt(producerId), producerEpoch: producer?.epoch ?? 0, baseSequence }),
      transactional: isTransactional,
    })
    const kind = isTransactional ? 'transactional' : 'plain'
    const lastSequence = producerId < 0 ? -1 : baseSequence + values.length - 1
    this.appendBytes(bytes, values, { producerId, kind, producer, lastSequence }, 'client')
    if (random.chance(0.3)) log.requestSync()
  }

  appendBytes(
    bytes: Uint8Array,
    values: readonly string[],
    about: { producerId: number; kind: ModelBatch['kind']; producer: ModelProducer | undefined; lastSequence?: number },
    origin: 'client' | 'coordinator',
  ): void {
    const result = this.log.append(bytes, this.epoch, origin)
    if (result.errorCode === ErrorCode.KAFKA_STORAGE_ERROR) return
    if (result.errorCode !== ErrorCode.NONE || result.duplicate) throw new Error(JSON.stringify(result))
    if (result.baseOffset !== this.model.endOffset)
      throw new Error(`${result.baseOffset} after ${this.model.endOffset}`)
    this.model.doubtful = []
    this.model.batches.push({
      baseOffset: result.baseOffset,
      lastOffset: result.lastOffset,
      epoch: this.epoch,
      values,
      producerId: about.producerId,
      producerEpoch: about.producer?.epoch ?? 0,
      lastSequence: about.lastSequence ?? about.producer?.lastSequence ?? -1,
      kind: about.kind,
    })
  }

  truncate(): void {
    const { model, log, random } = this
    // A follower takes back what was durable, too, when its leader does not have it.
    const low = Math.max(random.chance(0.3) ? 0 : this.durableEndOffset, model.logStartOffset)
    const candidates = model.batches.filter((batch) => batch.baseOffset >= low)
    if (candidates.length === 0) return
    const { baseOffset } = random.pick(candidates)
    try {
      log.truncateTo(baseOffset)
    } catch (error) {
      // The pool is still writing there, or the journal of the life before has no room.
      if (error instanceof DiskError && error.reason === 'exhausted') return
      throw error
    }
    model.cut(baseOffset)
    this.durableEndOffset = Math.min(this.durableEndOffset, baseOffset)
    this.epoch++
  }

  deleteRecords(): void {
    const { model, log, random } = this
    log.updateHighWatermark(log.durableEndOffset)
    if (log.highWatermark <= log.logStartOffset) return
    const offset = random.between(log.logStartOffset, log.highWatermark)
    model.logStartOffset = log.deleteRecordsBefore(offset)
    this.directory.checkpointLogStartOffsets()
    if (random.chance(0.5)) this.directory.applyRetention()
  }

  async failWrites(): Promise<void> {
    this.node.disk.fault = (operation) => (operation === 'write' ? 'full' : null)
    for (let index = 0; index < 3; index++) {
      this.append()
      if (this.random.chance(0.3)) await this.simulation.run(this.random.pick([0, 0.05, 0.2]))
    }
    if (this.random.chance(0.3)) this.rollIfPossible()
    await this.simulation.run(this.random.pick([0, 0.2]))
    this.node.disk.fault = null
    if (this.random.chance(0.8)) await this.simulation.run(200)
  }

  rollIfPossible(): void {
    try {
      this.log.roll()
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
    }
  }

  now(): number {
    return this.node.wallClockMs()
  }

  async restart(how: 'crash' | 'kill' | 'close'): Promise<void> {
    if (how === 'close') {
      await this.simulation.complete(this.directory.close(1))
      this.durableEndOffset = this.log.logEndOffset
    } else if (how === 'kill') this.node.kill()
    else this.node.crash()
    this.node.restart()
    this.directory = this.openDirectory()
    this.log = this.openLog()
  }

  check(t: Test, seed: number, how: string): void {
    const { log, model } = this
    const where = `seed ${seed}, ${how}`
    if (log.logEndOffset < this.durableEndOffset)
      t.fail(`${where}: end ${log.logEndOffset} < durable ${this.durableEndOffset}`)
    if (log.logEndOffset > model.endOffset) model.batches.push(...model.doubtful)
    model.doubtful = []
    if (log.logEndOffset > model.endOffset) t.fail(`${where}: end ${log.logEndOffset} > appended ${model.endOffset}`)
    if (how !== 'crash' && log.logEndOffset !== model.endOffset && log.writtenEndOffset < this.durableEndOffset) {
      t.fail(`${where}: end ${log.logEndOffset}, appended ${model.endOffset}`)
    }
    model.cut(log.logEndOffset)
    if (log.logEndOffset !== model.endOffset && model.batches.length > 0) t.fail(`${where}: cut inside a batch`)
    if (log.logStartOffset > model.logStartOffset) t.fail(`${where}: begins at ${log.logStartOffset}`)
    const begin = log.logStartOffset
    const expected = model.batches.flatMap(({ baseOffset, values }) =>
      values.map((value, index) => [baseOffset + index, value]),
    )
    const visible = expected.filter(([offset]) => Number(offset) >= begin)
    same(t, readAll(log), visible, `${where}: records`)
    log.updateHighWatermark(log.logEndOffset)
    const producers = model.producers()
    const found = log.producers.active().map((producer) => [
      Number(producer.producerId),
      {
        epoch: producer.producerEpoch,
        lastSequence: producer.lastSequence,
        transactionFirstOffset: producer.currentTransactionStartOffset,
      },
    ])
    same(t, sorted(found), sorted([...producers]), `${where}: producers`)
    const aborted = log.abortedTransactions(begin, log.logEndOffset).map(({ lastStableOffset, ...rest }) => rest)
    const wanted = model.aborted().filter((transaction) => transaction.lastOffset >= begin)
    same(t, shown(aborted), shown(wanted), `${where}: aborted`)
    const firsts = [...producers.values()]
      .map((producer) => producer.transactionFirstOffset)
      .filter((offset) => offset >= 0)
    same(
      t,
      log.lastStableOffset,
      Math.max(begin, Math.min(log.logEndOffset, ...firsts)),
      `${where}: last stable offset`,
    )
    for (const batch of model.batches) {
      if (batch.lastOffset < begin) continue
      same(t, log.epochForOffset(batch.lastOffset), batch.epoch, `${where}: epoch of ${batch.lastOffset}`)
    }
    checkIndexes(t, log, where)
  }
}

function checkIndexes(t: Test, log: Log, where: string): void {
  if (!log.hasDirectory) return
  for (const segment of log.segments) {
    const batches = new Map<number, { lastOffset: number; maxTimestamp: number }>()
    const scanner = new SegmentScanner(segment.file(), 0, segment.size)
    let highest = -1
    while (scanner.next()) {
      batches.set(scanner.position, { lastOffset: scanner.lastOffset, maxTimestamp: scanner.maxTimestamp })
      highest = Math.max(highest, scanner.maxTimestamp)
    }
    if (scanner.fault !== null) t.fail(`${where}: segment ${segment.baseOffset}: ${scanner.fault}`)
    scanner.close()
    const { offset: offsetIndex, time: timeIndex } = segment.indexes
    for (let index = 0; index < offsetIndex.count; index++) {
      const batch = batches.get(offsetIndex.positionAt(index))
      same(t, offsetIndex.offsetAt(index), batch?.lastOffset, `${where}: index of ${segment.baseOffset}`)
    }
    for (let index = 0; index < timeIndex.count; index++) {
      const offset = timeIndex.offsetAt(index)
      const batch = [...batches.values()].find(({ lastOffset }) => lastOffset === offset)
      same(t, timeIndex.timestampAt(index), batch?.maxTimestamp, `${where}: time index of ${segment.baseOffset}`)
    }
    same(t, segment.maxTimestamp, highest, `${where}: max timestamp of ${segment.baseOffset}`)
  }
}

function readAll(log: Log): unknown[] {
  const records: unknown[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    let next = offset
    log.readSync(offset, 2000, log.logEndOffset, true, (_code, slices, _size, nextOffset) => {
      for (const record of slices.flatMap((slice) => readRecords(slice))) {
        const value = new TextDecoder().decode(record.value ?? new Uint8Array(0))
        if (record.offset >= log.logStartOffset && value.startsWith('value')) records.push([record.offset, value])
      }
      next = nextOffset
    })
    if (next === offset) throw new Error(`nothing at ${offset} of ${log.logEndOffset}`)
    offset = next
  }
  return records
}

const shown = (value: unknown): string =>
  JSON.stringify(value, (_key, part) => (typeof part === 'bigint' ? `${part}` : part))
const sorted = (entries: unknown[]): string => shown([...entries].map(shown).sort())

/** tap records every comparison; only failures are of interest here. */
function same(t: Test, found: unknown, wanted: unknown, text: string): void {
  if (shown(found) !== shown(wanted)) t.same(found, wanted, text)
}

t.setTimeout(3_600_000)
t.test(`crashes, seeds ${firstSeed} to ${firstSeed + seedCount - 1}`, async (t) => {
  for (let seed = firstSeed; seed < firstSeed + seedCount; seed++) {
    const run = new Run(seed)
    try {
      for (let restart = 0; restart < 4; restart++) {
        const steps = run.random.pick([3, 30, 150])
        for (let index = 0; index < steps; index++) await run.step()
        const how = run.random.pick<'crash' | 'kill' | 'close'>(['crash', 'crash', 'kill', 'close'])
        await run.restart(how)
        run.check(t, seed, `${how} ${restart}`)
        if (run.random.chance(0.8)) await run.simulation.complete(run.directory.whenRecovered())
      }
    } catch (error) {
      t.fail(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}`)
    }
    if (!t.passing()) break
  }
  t.pass(`${seedCount} seeds`)
})
