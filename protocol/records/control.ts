/**
 * Control records: what brokers and controllers write among the records of clients. The key is version and type (two
 * int16), the value belongs to the type. Source: ControlRecordType, EndTransactionMarker; KIP-98 (markers), KIP-595,
 * 630 and 853.
 */

import { type BatchOptions, buildBatch, type RecordInput } from './builder.ts'

const CONTROL_TYPES = {
  abort: 0,
  commit: 1,
  leaderChange: 2,
  snapshotHeader: 3,
  snapshotFooter: 4,
  kraftVersion: 5,
  kraftVoters: 6,
} as const
export type ControlType = keyof typeof CONTROL_TYPES

const NAMES: readonly ControlType[] = [
  'abort',
  'commit',
  'leaderChange',
  'snapshotHeader',
  'snapshotFooter',
  'kraftVersion',
  'kraftVoters',
]
const KEY_SIZE = 4
const MARKER_VALUE_SIZE = 6

export function controlKey(type: ControlType): Uint8Array {
  const key = new Uint8Array(KEY_SIZE)
  key[3] = CONTROL_TYPES[type]
  return key
}

/** undefined for a key that is too short or a type of a later release; readers pass over those. */
export function controlTypeOf(key: Uint8Array | null): ControlType | undefined {
  if (key === null || key.length < KEY_SIZE) return undefined
  return NAMES[(key[2]! << 8) | key[3]!]
}

/** `value` is the serialized message (LeaderChangeMessage, SnapshotHeaderRecord, …). */
export function controlRecord(type: ControlType, value: Uint8Array): RecordInput {
  return { key: controlKey(type), value }
}

function endTransactionMarker(type: 'commit' | 'abort', coordinatorEpoch: number): RecordInput {
  const value = new Uint8Array(MARKER_VALUE_SIZE)
  new DataView(value.buffer).setInt32(2, coordinatorEpoch)
  return controlRecord(type, value)
}

/** The coordinator epoch of a marker; null where the value is not that of a marker. */
export function markerCoordinatorEpoch(value: Uint8Array | null): number | null {
  if (value === null || value.length < MARKER_VALUE_SIZE) return null
  return new DataView(value.buffer, value.byteOffset, value.byteLength).getInt32(2)
}

/** A whole control batch that ends a transaction of one producer. */
export function buildEndTransactionBatch(
  options: Required<Pick<BatchOptions, 'producerId' | 'producerEpoch' | 'timestamp'>> & BatchOptions,
  type: 'commit' | 'abort',
  coordinatorEpoch: number,
): Uint8Array {
  const records = [endTransactionMarker(type, coordinatorEpoch)]
  return buildBatch({ ...options, transactional: true, control: true, records })
}
