// The delivery state of one share partition (a group's view of a partition) as `__share_group_state` has it. Offsets
// below `startOffset` are done with, what no batch covers was not acknowledged. Source: ShareGroupOffset,
// PersisterStateBatchCombiner.

/** Fields as in ShareSnapshotValue. */
export interface StateBatch {
  readonly firstOffset: number
  readonly lastOffset: number
  readonly deliveryState: number
  readonly deliveryCount: number
}

export interface ShareState {
  snapshotEpoch: number
  /** Grows when the group's offsets are set anew: what was read before may write no more. */
  stateEpoch: number
  /** Of the partition's leader that has read last. */
  leaderEpoch: number
  /** -1: where the group begins has not been decided. */
  startOffset: number
  /** Records past the start that are done with; -1: not known. */
  deliveryCompleteCount: number
  createTimestamp: number
  writeTimestamp: number
  /** Ascending, without overlap. */
  batches: StateBatch[]
  /** Records since the last snapshot. */
  updateCount: number
  /** Of the last snapshot, in the log: what was written before it is not needed for this state. */
  snapshotOffset: number
}

/** Puts `added` over `batches`; where they overlap the further delivered wins, and of equals the later. */
export function combine(
  batches: readonly StateBatch[],
  added: readonly StateBatch[],
  startOffset: number,
): StateBatch[] {
  const list = fromStart(batches, startOffset)
  for (const batch of fromStart(added, startOffset)) place(list, batch)
  return joined(list)
}

function fromStart(batches: readonly StateBatch[], startOffset: number): StateBatch[] {
  const list: StateBatch[] = []
  for (const batch of batches) {
    if (batch.firstOffset >= startOffset) list.push(batch)
    else if (batch.lastOffset >= startOffset) list.push({ ...batch, firstOffset: startOffset })
  }
  return list
}

function place(list: StateBatch[], batch: StateBatch): void {
  let begin = list.length
  // Nearly always it comes last.
  while (begin > 0 && list[begin - 1]!.lastOffset >= batch.firstOffset) begin--
  const pieces: StateBatch[] = []
  let next = batch.firstOffset
  let after: StateBatch | null = null
  let end = begin
  for (; end < list.length && list[end]!.firstOffset <= batch.lastOffset; end++) {
    const old = list[end]!
    if (isFurther(old, batch)) {
      if (next < old.firstOffset) pieces.push({ ...batch, firstOffset: next, lastOffset: old.firstOffset - 1 })
      pieces.push(old)
      next = old.lastOffset + 1
    } else {
      if (old.firstOffset < batch.firstOffset) pieces.push({ ...old, lastOffset: batch.firstOffset - 1 })
      if (old.lastOffset > batch.lastOffset) after = { ...old, firstOffset: batch.lastOffset + 1 }
    }
  }
  if (next <= batch.lastOffset) pieces.push(next === batch.firstOffset ? batch : { ...batch, firstOffset: next })
  if (after !== null) pieces.push(after)
  list.splice(begin, end - begin, ...pieces)
}

function isFurther(one: StateBatch, other: StateBatch): boolean {
  if (one.deliveryCount !== other.deliveryCount) return one.deliveryCount > other.deliveryCount
  return one.deliveryState > other.deliveryState
}

function joined(list: readonly StateBatch[]): StateBatch[] {
  const result: StateBatch[] = []
  for (const batch of list) {
    const last = result[result.length - 1]
    const isSame =
      last?.lastOffset === batch.firstOffset - 1 &&
      last.deliveryState === batch.deliveryState &&
      last.deliveryCount === batch.deliveryCount
    if (isSame) result[result.length - 1] = { ...last, lastOffset: batch.lastOffset }
    else result.push(batch)
  }
  return result
}
