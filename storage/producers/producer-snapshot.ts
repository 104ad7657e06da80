// Producer state on disk, so that a start need not read the whole log: <offset>.snapshot is the state just before
// that offset. One is written when a segment is rolled (at the new base offset) and at a clean stop (at the log's end).
//
//    0         2         6        10
//   +---------+---------+--------+------------------------------ … entries
//   | version | crc-32c | count  | producer id i64, epoch i16, last sequence i32, last offset i64, offset delta i32,
//   | i16 = 1 | u32     | i32    | timestamp i64, coordinator epoch i32, transaction's first offset i64 (-1: none)
//   +---------+---------+--------+
//                        └ the checksum covers from here to the end ─►
//
// Only the last batch of each producer is kept; the others of its five are looked for in the log when a decision needs
// them (ProducerSnapshots.recent). Source: ProducerStateManager.

import { crc32c } from '../../protocol/records/crc32c.ts'
import { getInt64, setInt64 } from '../../protocol/records/int64.ts'
import { createEntry, type ProducerEntry } from './producer-state.ts'

const VERSION = 1
const CRC_POSITION = 2
const COUNT_POSITION = 6
const HEADER_SIZE = 10
const ENTRY_SIZE = 46

export function encodeSnapshot(entries: Iterable<ProducerEntry>, count: number): Uint8Array {
  const bytes = new Uint8Array(HEADER_SIZE + count * ENTRY_SIZE)
  const view = new DataView(bytes.buffer)
  view.setInt16(0, VERSION)
  view.setInt32(COUNT_POSITION, count)
  let position = HEADER_SIZE
  for (const entry of entries) {
    const last = entry.batches.length - 4
    view.setBigInt64(position, BigInt(entry.key))
    view.setInt16(position + 8, entry.epoch)
    view.setInt32(position + 10, last < 0 ? -1 : entry.batches[last]!)
    setInt64(view, position + 14, last < 0 ? -1 : entry.batches[last + 1]!)
    view.setInt32(position + 22, last < 0 ? 0 : entry.batches[last + 2]!)
    setInt64(view, position + 26, entry.lastTimestamp)
    view.setInt32(position + 34, entry.coordinatorEpoch)
    setInt64(view, position + 38, entry.currentTransactionFirstOffset)
    position += ENTRY_SIZE
  }
  if (position !== bytes.length)
    throw new Error(`${count} producers announced, ${position} of ${bytes.length} bytes filled`)
  view.setUint32(CRC_POSITION, crc32c(bytes, COUNT_POSITION))
  return bytes
}

/** What is wrong with the snapshot, as text, or its entries. */
export function decodeSnapshot(bytes: Uint8Array): ProducerEntry[] | string {
  if (bytes.length < HEADER_SIZE) return `has ${bytes.length} bytes`
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const version = view.getInt16(0)
  if (version !== VERSION) return `is of version ${version}`
  if (view.getUint32(CRC_POSITION) !== crc32c(bytes, COUNT_POSITION)) return 'fails its checksum'
  const count = view.getInt32(COUNT_POSITION)
  if (bytes.length !== HEADER_SIZE + count * ENTRY_SIZE) return `states ${count} entries in ${bytes.length} bytes`
  const entries: ProducerEntry[] = []
  for (let position = HEADER_SIZE; position < bytes.length; position += ENTRY_SIZE) {
    const id = getInt64(view, position)
    const entry = createEntry(Number.isSafeInteger(id) ? id : view.getBigInt64(position))
    entry.epoch = view.getInt16(position + 8)
    entry.lastTimestamp = getInt64(view, position + 26)
    entry.coordinatorEpoch = view.getInt32(position + 34)
    entry.currentTransactionFirstOffset = getInt64(view, position + 38)
    const lastOffset = getInt64(view, position + 14)
    // A producer that only ended transactions has no batch.
    if (lastOffset >= 0) {
      entry.batches.push(view.getInt32(position + 10), lastOffset, view.getInt32(position + 22), entry.lastTimestamp)
      entry.isPartial = true
    }
    entries.push(entry)
  }
  return entries
}
