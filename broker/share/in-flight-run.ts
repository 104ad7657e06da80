// A run of offsets in one state, and the runs of a partition in their order.
//
//   fetched   │ batch 0 … 499            │ batch 500 … 999 │
//   runs      │ 0 … 499 acquired by a    │ 500 … 999       │      one for each batch, as long as it is acknowledged
//             │ 0…9 │10│ 11 … 499        │                 │      whole; cut where it is not
//
// Kafka keeps a batch, or a state for every one of its offsets once they differ (InFlightBatch, InFlightState).

import type { RecordState } from './record-state.ts'

export const NOBODY = ''

export class InFlightRun {
  first: number
  last: number
  state: RecordState
  deliveryCount: number
  /** Who has acquired it; NOBODY in all other states. */
  memberId = NOBODY
  /** Of an acquired run: when its lock ends, on the monotonic clock. */
  lockedUntilMs = 0
  /** `state` is new and not durable yet: until it is, nobody may change or cut the run. */
  isPending = false
  /** Who had it before the change that is pending. */
  previousMemberId = NOBODY
  /** What it was cut from: where that began, and how many records it had. */
  batchFirst: number
  batchCount: number
  /** Of the acquire call that gave it to its member. */
  acquisition = 0

  constructor(first: number, last: number, state: RecordState, deliveryCount: number) {
    this.first = first
    this.last = last
    this.state = state
    this.deliveryCount = deliveryCount
    this.batchFirst = first
    this.batchCount = last - first + 1
  }

  get count(): number {
    return this.last - this.first + 1
  }
}

/** Ascending, and without overlap; between two runs there may be offsets that the log has no records for. */
export class InFlightRuns {
  readonly runs: InFlightRun[] = []

  /** Of the first run that ends at `offset` or after it; the count of runs when there is none. */
  indexFrom(offset: number): number {
    const { runs } = this
    // Nearly always it is one of the first.
    if (runs.length === 0 || runs[0]!.last >= offset) return 0
    let low = 1
    let high = runs.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (runs[middle]!.last < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Cuts the run at `index` so that one begins at `offset`; returns the index of that one. */
  cut(index: number, offset: number): number {
    const run = this.runs[index]!
    if (offset <= run.first) return index
    if (offset > run.last || run.isPending) {
      throw new Error(`assertion: ${run.first}-${run.last} is cut at ${offset}, pending: ${run.isPending}`)
    }
    const rest = new InFlightRun(offset, run.last, run.state, run.deliveryCount)
    rest.memberId = run.memberId
    rest.lockedUntilMs = run.lockedUntilMs
    rest.batchFirst = run.batchFirst
    rest.batchCount = run.batchCount
    rest.acquisition = run.acquisition
    run.last = offset - 1
    this.runs.splice(index + 1, 0, rest)
    return index + 1
  }
}
