import t, { type Test } from 'tap'
import {
  type Acknowledgement,
  type DeliverySettings,
  type FetchedBatches,
  InFlightRecords,
  stateBatches,
} from '../../../broker/share/in-flight-records.ts'
import type { InFlightRun } from '../../../broker/share/in-flight-run.ts'
import {
  ACCEPT,
  ACKNOWLEDGED,
  ACQUIRED,
  ARCHIVED,
  ARCHIVING,
  AVAILABLE,
  GAP,
  REJECT,
  RELEASE,
  RENEW,
} from '../../../broker/share/record-state.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { seed } from '../../host/implementations.ts'

const SETTINGS: DeliverySettings = {
  maxDeliveryCount: 5,
  maxRecordLocks: 200,
  lockDurationMs: 30_000,
  mayRenew: true,
  hasDeadLetters: false,
}

function make(settings: Partial<DeliverySettings> = {}, start = 0): InFlightRecords {
  return new InFlightRecords(start, [], () => ({ ...SETTINGS, ...settings }))
}

/** Batches of these sizes, one behind the other. */
function fetched(base: number, ...counts: number[]): FetchedBatches {
  const bases: number[] = []
  const lasts: number[] = []
  let next = base
  for (const count of counts) {
    bases.push(next)
    next += count
    lasts.push(next - 1)
  }
  return { count: counts.length, bases, lasts }
}

interface Ask {
  readonly member?: string
  readonly max?: number
  readonly batchSize?: number
  readonly isRecordLimit?: boolean
  readonly at?: number
  readonly from?: number
}

function acquire(
  records: InFlightRecords,
  batches: FetchedBatches,
  ask: Ask = {},
  aborted: FetchedBatches | null = null,
) {
  const { member = 'a', max = 500, batchSize = 500, isRecordLimit = false, at = 0 } = ask
  const fetchOffset = ask.from ?? records.nextFetchOffset()
  const told = records.acquire(
    { memberId: member, isRecordLimit, batchSize, maxRecords: max, fetchOffset, nowMs: at },
    batches,
    aborted,
  )
  return told.map(({ firstOffset, lastOffset, deliveryCount }) => `${firstOffset}-${lastOffset}x${deliveryCount}`)
}

function acknowledge(
  records: InFlightRecords,
  first: number,
  last: number,
  types: number | number[],
  member = 'a',
  at = 0,
): number {
  const changed: InFlightRun[] = []
  const one: Acknowledgement = {
    firstOffset: first,
    lastOffset: last,
    types: typeof types === 'number' ? [types] : types,
  }
  const fault = records.acknowledge(member, [one], at, changed)
  records.settle(changed, true, at)
  return fault?.errorCode ?? ErrorCode.NONE
}

const shown = (records: InFlightRecords) =>
  records.runs.map(({ first, last, state, deliveryCount }) => `${first}-${last}:${state}x${deliveryCount}`)

t.test('a batch that is accepted whole is one run, and the start moves past it', async (t) => {
  const records = make()
  t.same(acquire(records, fetched(0, 100)), ['0-99x1'])
  t.same(shown(records), [`0-99:${ACQUIRED}x1`])
  t.equal(records.nextFetchOffset(), 100)
  t.equal(acknowledge(records, 0, 99, ACCEPT), ErrorCode.NONE)
  t.same(shown(records), [])
  t.equal(records.startOffset, 100)
})

t.test('a fetch is cut into batches of the wanted size where batches of the log end', async (t) => {
  const records = make()
  t.same(acquire(records, fetched(0, 10, 10, 10, 10), { batchSize: 15 }), ['0-19x1', '20-39x1'])
})

t.test('whole batches are acquired beyond the wanted number of records, and with a record limit none is', async (t) => {
  const soft = make()
  t.same(acquire(soft, fetched(0, 10, 10, 10), { max: 15 }), ['0-19x1'])
  t.equal(soft.nextFetchOffset(), 20)
  const hard = make()
  t.same(acquire(hard, fetched(0, 10, 10, 10), { max: 15, isRecordLimit: true }), ['0-14x1'])
  t.equal(hard.nextFetchOffset(), 15)
  t.same(acquire(hard, fetched(10, 10, 10), { max: 5, isRecordLimit: true, member: 'b' }), ['15-19x1'])
})

t.test('what is released is delivered again, and its deliveries are counted', async (t) => {
  const records = make()
  acquire(records, fetched(0, 10))
  t.equal(acknowledge(records, 3, 5, RELEASE), ErrorCode.NONE)
  t.equal(records.nextFetchOffset(), 3)
  t.same(acquire(records, fetched(0, 10), { member: 'b' }), ['3-5x2'])
  t.equal(acknowledge(records, 3, 5, ACCEPT, 'a'), ErrorCode.INVALID_RECORD_STATE, 'it is not its any more')
  t.equal(acknowledge(records, 3, 5, ACCEPT, 'b'), ErrorCode.NONE)
  t.equal(records.startOffset, 0)
  t.equal(records.deliveryCompleteCount(), 3)
  t.equal(acknowledge(records, 0, 9, ACCEPT), ErrorCode.INVALID_RECORD_STATE, 'some of it is done')
  t.equal(acknowledge(records, 0, 2, ACCEPT), ErrorCode.NONE)
  t.equal(records.startOffset, 6)
})

t.test('each offset may have a type of its own', async (t) => {
  const records = make()
  acquire(records, fetched(0, 6))
  t.equal(acknowledge(records, 0, 5, [ACCEPT, RELEASE, RELEASE, REJECT, GAP, ACCEPT]), ErrorCode.NONE)
  t.same(shown(records), [`1-2:${AVAILABLE}x1`, `3-3:${ARCHIVED}x1`, `4-4:${ARCHIVED}x1`, `5-5:${ACKNOWLEDGED}x1`])
  t.same(acquire(records, fetched(0, 6)), ['1-2x2'])
})

t.test('a record that is delivered too often is archived, or dead-lettered', async (t) => {
  for (const hasDeadLetters of [false, true]) {
    const records = make({ maxDeliveryCount: 2, hasDeadLetters })
    acquire(records, fetched(0, 1, 1))
    acknowledge(records, 0, 0, RELEASE)
    acquire(records, fetched(0, 1, 1))
    acknowledge(records, 0, 0, RELEASE)
    t.equal(records.runs[0]?.state, hasDeadLetters ? ARCHIVING : ACQUIRED)
    t.equal(records.startOffset, hasDeadLetters ? 0 : 1)
    if (!hasDeadLetters) continue
    records.archive(records.runs[0]!)
    records.advance()
    t.equal(records.startOffset, 1)
  }
})

t.test('a batch that failed often comes in halves, and its last delivery is of one record', async (t) => {
  const records = make({ maxDeliveryCount: 5 })
  const batch = fetched(0, 8)
  for (const count of [1, 2, 3]) {
    t.same(acquire(records, batch), [`0-7x${count}`])
    acknowledge(records, 0, 7, RELEASE)
  }
  t.same(acquire(records, batch), ['0-3x4'])
  acknowledge(records, 0, 3, RELEASE)
  t.same(acquire(records, batch), ['0-0x5'])
  t.same(acquire(records, batch), ['1-1x5'])
})

t.test('locks that end give the records to others; a renewal begins them anew', async (t) => {
  const records = make()
  acquire(records, fetched(0, 10, 10), { batchSize: 10 })
  t.equal(acknowledge(records, 10, 19, RENEW, 'a', 20_000), ErrorCode.NONE)
  t.equal(records.firstLockEndMs(), 30_000)
  const changed: InFlightRun[] = []
  records.expire(29_999, changed)
  t.equal(changed.length, 0)
  records.expire(30_000, changed)
  t.same(stateBatches(changed), [{ firstOffset: 0, lastOffset: 9, deliveryState: AVAILABLE, deliveryCount: 1 }])
  t.same(acquire(records, fetched(0, 10, 10), { member: 'b' }), ['0-9x2'])
  t.equal(records.firstLockEndMs(), 30_000)
  t.equal(acknowledge(make({ mayRenew: false }), 0, 0, RENEW), ErrorCode.INVALID_RECORD_STATE)
})

t.test('a change that is not durable yet is nobody else’s, and is taken back when it is lost', async (t) => {
  const records = make()
  acquire(records, fetched(0, 10))
  const changed: InFlightRun[] = []
  const all = { firstOffset: 0, lastOffset: 9, types: [RELEASE] }
  t.equal(records.acknowledge('a', [all], 0, changed), null)
  t.equal(records.nextFetchOffset(), 10)
  t.same(acquire(records, fetched(0, 10), { member: 'b', from: 0 }), [])
  t.equal(acknowledge(records, 0, 9, ACCEPT), ErrorCode.INVALID_RECORD_STATE)
  records.settle(changed, false, 10)
  t.equal(acknowledge(records, 0, 9, ACCEPT), ErrorCode.NONE, 'its lock goes on')

  acquire(records, fetched(10, 10))
  const lost: InFlightRun[] = []
  records.acknowledge('a', [{ firstOffset: 10, lastOffset: 19, types: [ACCEPT] }], 0, lost)
  records.settle(lost, false, 30_000)
  t.equal(records.nextFetchOffset(), 10, 'its lock has ended meanwhile')
})

t.test('no more records are locked than the group may lock, but released ones may be had again', async (t) => {
  const records = make({ maxRecordLocks: 20 })
  t.same(acquire(records, fetched(0, 10, 10, 10)), ['0-19x1'])
  t.notOk(records.canAcquire())
  t.same(acquire(records, fetched(20, 10)), [])
  acknowledge(records, 5, 6, RELEASE)
  t.ok(records.canAcquire())
  t.same(acquire(records, fetched(0, 10, 10, 10)), ['5-6x2'])
})

t.test('what was acquired before a restart is available; what was done stays done', async (t) => {
  const kept = [
    { firstOffset: 10, lastOffset: 14, deliveryState: ACKNOWLEDGED, deliveryCount: 1 },
    { firstOffset: 20, lastOffset: 24, deliveryState: AVAILABLE, deliveryCount: 3 },
    { firstOffset: 25, lastOffset: 29, deliveryState: ARCHIVED, deliveryCount: 5 },
  ]
  const records = new InFlightRecords(10, kept, () => SETTINGS)
  t.equal(records.startOffset, 15)
  t.equal(records.nextFetchOffset(), 15)
  t.same(acquire(records, fetched(15, 20)), ['15-19x1'])
  t.equal(records.nextFetchOffset(), 20)
  t.same(acquire(records, fetched(15, 20)), ['20-21x4'], 'half of it, for it failed often')
  t.equal(records.deliveryCompleteCount(), 5)
})

t.test('what compaction has taken away is archived', async (t) => {
  const records = make()
  acquire(records, fetched(0, 10, 10), { batchSize: 10 })
  acknowledge(records, 0, 19, RELEASE)
  t.same(acquire(records, fetched(5, 15)), ['5-9x2', '10-19x2'])
  t.equal(records.startOffset, 5)
})

t.test('records of aborted transactions are done with, and nobody is given them', async (t) => {
  const records = make()
  t.same(acquire(records, fetched(0, 10, 10, 10), {}, fetched(10, 10)), ['0-9x1', '20-29x1'])
  t.equal(records.deliveryCompleteCount(), 10)
  acknowledge(records, 0, 9, ACCEPT)
  t.equal(records.startOffset, 20)
})

t.test('when the log begins later, what was before is gone', async (t) => {
  const records = make()
  acquire(records, fetched(0, 10, 10), { batchSize: 10 })
  records.moveStart(15)
  t.same(shown(records), [`15-19:${ACQUIRED}x1`])
  t.equal(acknowledge(records, 0, 9, ACCEPT), ErrorCode.NONE, 'nobody is told that it came too late')
  t.equal(acknowledge(records, 10, 19, ACCEPT), ErrorCode.NONE)
  t.equal(records.startOffset, 20)
  records.moveStart(100)
  t.equal(records.nextFetchOffset(), 100)
})

t.test('what was never acquired cannot be acknowledged', async (t) => {
  const records = make({}, 50)
  t.equal(acknowledge(records, 50, 59, ACCEPT), ErrorCode.INVALID_RECORD_STATE)
  acquire(records, fetched(50, 10))
  t.equal(acknowledge(records, 60, 60, ACCEPT), ErrorCode.INVALID_REQUEST)
  t.equal(acknowledge(records, 55, 60, ACCEPT), ErrorCode.INVALID_REQUEST)
  t.equal(acknowledge(records, 50, 59, ACCEPT, 'b'), ErrorCode.INVALID_RECORD_STATE)
})

t.test('acknowledgements that overlap change nothing', async (t) => {
  const records = make()
  acquire(records, fetched(0, 20))
  const changed: InFlightRun[] = []
  const overlapping = [
    { firstOffset: 0, lastOffset: 10, types: [ACCEPT] },
    { firstOffset: 10, lastOffset: 19, types: [ACCEPT] },
  ]
  t.match(records.acknowledge('a', overlapping, 0, changed), { errorCode: ErrorCode.INVALID_RECORD_STATE })
  t.same(changed, [])
  t.equal(acknowledge(records, 0, 19, ACCEPT), ErrorCode.NONE)
  t.equal(records.startOffset, 20)
})

t.test('what is renewed, or below the start, may be in the next acknowledgement, too', async (t) => {
  const records = make()
  acquire(records, fetched(0, 20))
  const overlapping = (first: number, type: number) => [
    { firstOffset: first, lastOffset: first + 4, types: [type] },
    { firstOffset: first + 4, lastOffset: first + 9, types: [ACCEPT] },
  ]
  const changed: InFlightRun[] = []
  t.equal(records.acknowledge('a', overlapping(0, RENEW), 0, changed), null)
  records.settle(changed, true, 0)
  t.match(stateBatches(changed), [{ firstOffset: 4, lastOffset: 9, deliveryState: ACKNOWLEDGED }])
  t.equal(acknowledge(records, 0, 3, ACCEPT), ErrorCode.NONE)
  t.equal(records.startOffset, 10)
  t.equal(records.acknowledge('a', overlapping(5, ACCEPT), 0, []), null)
})

/** What every offset is, each for itself: slow and plain. */
interface Model {
  state: number
  count: number
  member: string
  lockedUntil: number
}

t.test('any order of events gives what a table of single records gives', async (t) => {
  let random = seed >>> 0
  const below = (limit: number): number => {
    random = (Math.imul(random, 1664525) + 1013904223) >>> 0
    return Math.floor((random / 0x1_0000_0000) * limit)
  }
  const members = ['a', 'b', 'c']
  for (let round = 0; round < 60; round++) {
    const maxDeliveryCount = 2 + below(4)
    // Without the isolation of what fails often, which is a matter of how much comes, not of what.
    const records = make({ maxDeliveryCount, maxRecordLocks: 100 })
    const model = new Map<number, Model>()
    const batches: [number, number][] = []
    let logEnd = 0
    let now = 0
    for (let step = 0; step < 300; step++) {
      now += below(3_000)
      const member = members[below(3)]!
      const choice = below(10)
      if (choice < 4) {
        while (logEnd < records.nextFetchOffset() + 40) {
          const count = 1 + below(9)
          batches.push([logEnd, logEnd + count - 1])
          logEnd += count
        }
        if (!records.canAcquire()) continue
        const from = records.nextFetchOffset()
        const first = batches.findIndex(([, last]) => last >= from)
        const some = batches.slice(first, first + 1 + below(5))
        const told = records.acquire(
          {
            memberId: member,
            isRecordLimit: below(2) === 0,
            batchSize: 1 + below(20),
            maxRecords: 1 + below(30),
            fetchOffset: from,
            nowMs: now,
          },
          { count: some.length, bases: some.map(([base]) => base), lasts: some.map(([, last]) => last) },
          null,
        )
        for (const { firstOffset, lastOffset, deliveryCount } of told) {
          for (let offset = firstOffset; offset <= lastOffset; offset++) {
            const known = model.get(offset) ?? { state: AVAILABLE, count: 0, member: '', lockedUntil: 0 }
            if (known.state !== AVAILABLE) t.fail(`seed ${seed}: ${offset} is given while it is ${known.state}`)
            if (deliveryCount !== known.count + 1) t.fail(`seed ${seed}: delivery ${deliveryCount} of ${offset}`)
            model.set(offset, { state: ACQUIRED, count: deliveryCount, member, lockedUntil: now + 30_000 })
          }
        }
      } else if (choice < 8) {
        const mine = [...model].filter(([, one]) => one.state === ACQUIRED && one.member === member).map(([o]) => o)
        if (mine.length === 0) continue
        const first = mine[below(mine.length)]!
        let last = first
        while (last - first < 12 && model.get(last + 1)?.state === ACQUIRED && model.get(last + 1)?.member === member)
          last++
        const types = Array.from(
          { length: last - first + 1 },
          () => [ACCEPT, ACCEPT, RELEASE, REJECT, GAP, RENEW][below(6)]!,
        )
        const changed: InFlightRun[] = []
        const fault = records.acknowledge(member, [{ firstOffset: first, lastOffset: last, types }], now, changed)
        if (fault !== null) t.fail(`seed ${seed}: ${member} cannot acknowledge ${first}-${last}`)
        const isKept = below(8) > 0
        records.settle(changed, isKept, now)
        for (const [index, type] of types.entries()) {
          const one = model.get(first + index)!
          if (type === RENEW) one.lockedUntil = now + 30_000
          else if (isKept) end(one, type, maxDeliveryCount)
          else if (one.lockedUntil <= now) end(one, RELEASE, maxDeliveryCount)
        }
      } else if (choice === 8) {
        const changed: InFlightRun[] = []
        records.release(member, changed)
        records.settle(changed, true, now)
        for (const one of model.values()) {
          if (one.state === ACQUIRED && one.member === member) end(one, RELEASE, maxDeliveryCount)
        }
      }
      records.expire(now, [])
      for (const one of model.values()) {
        if (one.state === ACQUIRED && one.lockedUntil <= now) end(one, RELEASE, maxDeliveryCount)
      }
      compare(t, records, model)
    }
  }
  t.pass('60 rounds of 300 events')
})

function end(one: Model, type: number, maxDeliveryCount: number): void {
  one.member = ''
  if (type === ACCEPT) one.state = ACKNOWLEDGED
  else if (type === RELEASE) one.state = one.count >= maxDeliveryCount ? ARCHIVED : AVAILABLE
  else one.state = ARCHIVED
}

function compare(t: Test, records: InFlightRecords, model: Map<number, Model>): void {
  let open = records.nextOffset
  for (const [offset, { state }] of model) if (state === AVAILABLE || state === ACQUIRED) open = Math.min(open, offset)
  if (records.startOffset !== open) t.fail(`seed ${seed}: starts at ${records.startOffset}, not ${open}`)
  let next = records.startOffset
  for (const run of records.runs) {
    if (run.first !== next) t.fail(`seed ${seed}: a run at ${run.first} after ${next}`)
    for (let offset = run.first; offset <= run.last; offset++) {
      const one = model.get(offset)
      if (one?.state !== run.state || one.count !== run.deliveryCount || one.member !== run.memberId) {
        t.fail(`seed ${seed}: ${offset} is ${run.state}x${run.deliveryCount}, not ${one?.state}x${one?.count}`)
      }
    }
    next = run.last + 1
  }
}
