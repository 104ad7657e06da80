// Fetches of share groups in any order of reads, errors, restarts and ends: what they hold of the memory of answers.
//
// SEED=n replays one.

import t from 'tap'
import { InFlightRecords } from '../../../broker/share/in-flight-records.ts'
import { type FetchedShare, ShareFetch, ShareFetchTarget } from '../../../broker/share/share-fetch.ts'
import type { ShareWaiter } from '../../../broker/share/share-partition.ts'
import { SeededRandom } from '../../../host/simulated/random.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { viewOf } from '../../../protocol/records/batch.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { setInt64 } from '../../../protocol/records/int64.ts'

type ReadDone = Parameters<FetchedShare['partition']['log']['read']>[4]

const RECORDS = 10
const value = new Uint8Array(50)
const records = Array.from({ length: RECORDS }, () => ({ key: null, value }))

function batchAt(offset: number): Uint8Array {
  const batch = buildBatch({ timestamp: 1, records })
  setInt64(viewOf(batch), 0, offset)
  return batch
}

/** A partition whose reads end at once, or when `world` says so. */
class Share implements FetchedShare {
  readonly #world: World
  readonly #waiters = new Set<ShareWaiter>()
  readonly errorCode = ErrorCode.NONE
  readonly settings = { readCommitted: false }
  readonly records = new InFlightRecords(0, [], () => ({
    maxDeliveryCount: 5,
    maxRecordLocks: 1000,
    lockDurationMs: 1000,
    mayRenew: true,
    hasDeadLetters: false,
  }))
  readonly partition = {
    addFetchWaiter() {},
    removeFetchWaiter() {},
    log: {
      abortedTransactions: () => [],
      read: (offset: number, maxSize: number, end: number, minOneBatch: boolean, done: ReadDone) => {
        if (maxSize === 0) this.#world.readsOfNothing++
        const run = () => this.#read(offset, maxSize, end, minOneBatch, done)
        if (this.#world.random.chance(0.5)) run()
        else this.#world.reads.push(run)
      },
    },
  }
  isReading = false
  recordSize = 100
  readableEnd: number

  constructor(world: World) {
    this.#world = world
    this.readableEnd = RECORDS * world.random.below(3)
  }

  #read(offset: number, maxSize: number, end: number, minOneBatch: boolean, done: ReadDone): void {
    const { random } = this.#world
    const { NONE, OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR } = ErrorCode
    const errorCode = random.chance(0.8) ? NONE : random.pick([NONE, OFFSET_OUT_OF_RANGE, KAFKA_STORAGE_ERROR])
    const slices: Uint8Array[] = []
    let size = 0
    let at = offset - (offset % RECORDS)
    while (errorCode === NONE && at < end) {
      const batch = batchAt(at)
      if (size + batch.length > maxSize && !(minOneBatch && size === 0)) break
      slices.push(batch)
      size += batch.length
      at += RECORDS
    }
    done(errorCode, slices, size, at)
  }

  readableCount(from: InFlightRecords): number {
    return Math.max(0, this.readableEnd - from.nextFetchOffset())
  }

  followLogStart(): void {}

  watchLocks(): void {}

  addWaiter(waiter: ShareWaiter): void {
    this.#waiters.add(waiter)
  }

  removeWaiter(waiter: ShareWaiter): void {
    this.#waiters.delete(waiter)
  }

  wake(): void {
    for (const waiter of [...this.#waiters]) if (this.#waiters.has(waiter)) waiter.onShareProgress()
  }
}

class World {
  readonly random: SeededRandom
  readonly reads: (() => void)[] = []
  readonly shares: readonly Share[]
  readonly targets: readonly ShareFetchTarget[]
  readonly fetch: ShareFetch
  used = 0
  doneCount = 0
  readsOfNothing = 0

  constructor(seed: number) {
    const random = new SeededRandom(seed)
    this.random = random
    this.shares = Array.from({ length: 1 + random.below(3) }, () => new Share(this))
    this.targets = this.shares.map((share, index) => new ShareFetchTarget('topic', index, share))
    const limits = {
      memberId: 'member',
      maxWaitMs: 100,
      minSize: random.pick([1, 500]),
      maxSize: 500 + random.below(5000),
      maxRecords: 1 + random.below(40),
      batchSize: 10,
      isRecordLimit: random.chance(0.5),
    }
    const memory = {
      grant: (wanted: number) => {
        const granted = random.chance(0.2) ? 0 : Math.min(wanted, 200 + random.below(3000))
        this.used += granted
        return granted
      },
      release: (size: number) => {
        this.used -= size
      },
    }
    const deadlines = { add() {}, remove() {} }
    this.fetch = new ShareFetch(
      this.targets,
      limits,
      deadlines,
      memory,
      () => 0,
      () => this.doneCount++,
    )
  }

  get heldSize(): number {
    return this.targets.flatMap((target) => target.records).reduce((size, { length }) => size + length, 0)
  }

  finishReads(): void {
    while (this.reads.length > 0) this.reads.shift()?.()
  }

  step(): void {
    const { random, fetch } = this
    if (random.chance(0.4)) this.reads.shift()?.()
    else if (random.chance(0.5)) random.pick(this.shares).readableEnd += RECORDS
    else if (random.chance(0.1)) fetch.onDue()
    fetch.tryAgain()
  }
}

const given = Number(process.env['SEED'] ?? 0)
const seeds = given > 0 ? [given] : Array.from({ length: 3000 }, (_, index) => index + 1)

t.test('what is held is what is counted, and is given back once', async (t) => {
  let answered = 0
  let cancelledReads = 0
  for (const seed of seeds) {
    const world = new World(seed)
    const { fetch, random } = world
    fetch.start()
    for (let steps = random.below(30); steps > 0 && world.doneCount === 0; steps--) world.step()
    if (random.chance(0.3) && world.doneCount === 0) {
      cancelledReads += world.reads.length
      const held = world.reads.length > 0 ? world.used : 0
      fetch.cancel()
      if (world.used !== held) t.fail(`seed ${seed}: ${world.used} of ${held} after the cancel`)
      world.finishReads()
      if (world.doneCount > 0) t.fail(`seed ${seed}: answered after its cancel`)
    } else {
      world.finishReads()
      if (world.doneCount === 0) fetch.onDue()
      world.finishReads()
      if (world.doneCount !== 1) t.fail(`seed ${seed}: answered ${world.doneCount} times`)
      if (world.used !== world.heldSize) t.fail(`seed ${seed}: counts ${world.used}, holds ${world.heldSize}`)
      if (world.used > 0) answered++
      fetch.cancel()
      fetch.release()
    }
    if (world.used !== 0) t.fail(`seed ${seed}: ${world.used} are not given back`)
    if (world.readsOfNothing > 0) t.fail(`seed ${seed}: it reads though the memory is spent`)
    if (world.shares.some(({ isReading }) => isReading)) t.fail(`seed ${seed}: it reads still`)
    if (!t.passing()) return
  }
  if (given === 0) t.ok(answered > 500 && cancelledReads > 50, `${answered} answers, ${cancelledReads} reads cancelled`)
})
