// The state machine of one partition of `__share_group_state`: the delivery state of share partitions, by group, topic
// and partition. A snapshot now and then, updates between them; a snapshot without value deletes. Source:
// ShareCoordinatorShard.

import type { Host } from '../../../host/host.ts'
import { type ShareRecordInput, shareRecords } from '../../../protocol/messages/share-state/share-records.ts'
import { Reader } from '../../../protocol/reader.ts'
import type { ShardTimers } from '../runtime/shard.ts'
import type { Outcome, RecordFormat, StateMachine } from '../runtime/state-machine.ts'
import { combine, type ShareState, type StateBatch } from './share-state.ts'

export type ShareOutcome = Outcome<ShareRecordInput>

export interface ShareKey {
  readonly groupId: string
  readonly topicId: string
  readonly partition: number
}

export interface ShareStateConfig {
  readonly updatesPerSnapshot: number
  /** After so long without a write a state is written whole, so that the log before it can go. */
  readonly coldSnapshotIntervalMs: number
}

export const shareRecordFormat: RecordFormat<ShareRecordInput> = {
  baseSequence: 0,
  encode: (record) => shareRecords.encode(record),
  // What is decoded may view memory that is used again.
  decode: (key, value) =>
    (shareRecords.decode(new Uint8Array(key), value === null ? null : new Uint8Array(value)) as
      | ShareRecordInput
      | undefined) ?? null,
  describe: (key) => ({ type: key.length < 2 ? 'none' : new Reader(key).int16() }),
}

/** Unlike the key of FindCoordinator it need not be the same everywhere. */
function keyText({ groupId, topicId, partition }: ShareKey): string {
  return `${topicId}:${partition}:${groupId}`
}

const COLD_TIMER = 'cold'

export class ShareMachine implements StateMachine<ShareRecordInput> {
  readonly host: Host
  readonly config: ShareStateConfig
  readonly #timers: ShardTimers<ShareRecordInput>
  readonly states = new Map<string, { readonly key: ShareKey; readonly state: ShareState }>()

  constructor(host: Host, config: ShareStateConfig, timers: ShardTimers<ShareRecordInput>) {
    this.host = host
    this.config = config
    this.#timers = timers
  }

  get(key: ShareKey): ShareState | undefined {
    return this.states.get(keyText(key))?.state
  }

  replay(record: ShareRecordInput, offset: number): void {
    if (record.type === 'ShareSnapshot') this.#replaySnapshot(record, offset)
    else if (record.value !== null) this.#replayUpdate(record.key, record.value)
  }

  #replaySnapshot(record: Extract<ShareRecordInput, { type: 'ShareSnapshot' }>, offset: number): void {
    const { key, value } = record
    const text = keyText(key)
    if (value === null) {
      this.states.delete(text)
      return
    }
    const before = this.states.get(text)?.state
    this.states.set(text, {
      key: { groupId: key.groupId, topicId: key.topicId, partition: key.partition },
      state: {
        snapshotEpoch: value.snapshotEpoch,
        stateEpoch: Math.max(value.stateEpoch, before?.stateEpoch ?? 0),
        leaderEpoch: Math.max(value.leaderEpoch, before?.leaderEpoch ?? 0),
        startOffset: Number(value.startOffset),
        deliveryCompleteCount: value.deliveryCompleteCount ?? -1,
        createTimestamp: Number(value.createTimestamp),
        writeTimestamp: Number(value.writeTimestamp),
        batches: value.stateBatches.map(toBatch),
        updateCount: 0,
        snapshotOffset: offset,
      },
    })
  }

  #replayUpdate(key: ShareKey, value: NonNullable<Extract<ShareRecordInput, { type: 'ShareUpdate' }>['value']>): void {
    const state = this.get(key)
    // The log may begin after the snapshot of a state that was deleted later.
    if (state === undefined) return
    const startOffset = Number(value.startOffset)
    if (startOffset !== -1) state.startOffset = startOffset
    if (value.leaderEpoch !== -1) state.leaderEpoch = Math.max(state.leaderEpoch, value.leaderEpoch)
    state.deliveryCompleteCount = value.deliveryCompleteCount ?? -1
    state.batches = combine(state.batches, value.stateBatches.map(toBatch), state.startOffset)
    state.writeTimestamp = this.host.clock.now()
    state.updateCount++
  }

  /** Nothing of transactions is in this log. */
  replayMarker(): void {}

  onLoaded(): ShareOutcome[] {
    this.#scheduleCold()
    return []
  }

  /** Records before it are not needed; null: all are. */
  firstNeededOffset(): number | null {
    let first: number | null = null
    for (const { state } of this.states.values()) {
      if (first === null || state.snapshotOffset < first) first = state.snapshotOffset
    }
    return first
  }

  #scheduleCold(): void {
    this.#timers.schedule(COLD_TIMER, this.config.coldSnapshotIntervalMs, () => {
      this.#scheduleCold()
      const now = this.host.clock.now()
      const records: ShareRecordInput[] = []
      for (const { key, state } of this.states.values()) {
        const isCold = now - state.writeTimestamp >= this.config.coldSnapshotIntervalMs
        if (isCold && state.updateCount > 0) records.push(snapshotRecord(key, nextSnapshot(state, now)))
      }
      return { records, inPieces: true, refused: () => {} }
    })
  }
}

export function nextSnapshot(state: ShareState, now: number): ShareState {
  return { ...state, snapshotEpoch: state.snapshotEpoch + 1, writeTimestamp: now }
}

export function snapshotRecord(key: ShareKey, state: ShareState): ShareRecordInput {
  return {
    type: 'ShareSnapshot',
    version: 0,
    key,
    value: {
      snapshotEpoch: state.snapshotEpoch,
      stateEpoch: state.stateEpoch,
      leaderEpoch: state.leaderEpoch,
      startOffset: BigInt(state.startOffset),
      createTimestamp: BigInt(state.createTimestamp),
      writeTimestamp: BigInt(state.writeTimestamp),
      stateBatches: state.batches.map(fromBatch),
      deliveryCompleteCount: state.deliveryCompleteCount,
    },
  }
}

export function updateRecord(key: ShareKey, state: ShareState, batches: readonly StateBatch[]): ShareRecordInput {
  return {
    type: 'ShareUpdate',
    version: 0,
    key,
    value: {
      snapshotEpoch: state.snapshotEpoch,
      leaderEpoch: state.leaderEpoch,
      startOffset: BigInt(state.startOffset),
      stateBatches: batches.map(fromBatch),
      deliveryCompleteCount: state.deliveryCompleteCount,
    },
  }
}

export function deletionRecord(key: ShareKey): ShareRecordInput {
  return { type: 'ShareSnapshot', key, value: null }
}

interface WireBatch {
  readonly firstOffset: bigint | number
  readonly lastOffset: bigint | number
  readonly deliveryState: number
  readonly deliveryCount: number
}

export function toBatch({ firstOffset, lastOffset, deliveryState, deliveryCount }: WireBatch): StateBatch {
  return { firstOffset: Number(firstOffset), lastOffset: Number(lastOffset), deliveryState, deliveryCount }
}

export function fromBatch({ firstOffset, lastOffset, deliveryState, deliveryCount }: StateBatch) {
  return { firstOffset: BigInt(firstOffset), lastOffset: BigInt(lastOffset), deliveryState, deliveryCount }
}
