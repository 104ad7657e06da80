// Finding among the segments of a log, which are sorted by base offset.

import type { Segment } from './segment.ts'
import type { AbortedTransaction } from './transaction-index.ts'

/** The last segment that begins at or below `offset`; the first when none does. */
export function segmentIndexFor(segments: readonly Segment[], offset: number): number {
  let low = 0
  let high = segments.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    if (segments[middle]!.baseOffset <= offset) low = middle + 1
    else high = middle - 1
  }
  return Math.max(0, high)
}

/** Those that overlap [offset, upperBound), by first offset, as a consumer wants them. */
export function abortedTransactions(
  segments: readonly Segment[],
  offset: number,
  upperBound: number,
): AbortedTransaction[] {
  const found: AbortedTransaction[] = []
  for (let index = segmentIndexFor(segments, offset); index < segments.length; index++) {
    if (segments[index]!.indexes.transactions.collect(offset, upperBound, found)) break
  }
  return found.sort((a, b) => a.firstOffset - b.firstOffset)
}
