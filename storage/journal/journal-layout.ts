// The two files of a log directory's journal, and what stands in them.
//
//   .milena-journal-0   │ lap 7 │ record │ record │ record │        full, read again after a crash
//   .milena-journal-1   │ lap 8 │ record │ record │ ·· lap 6 ··     being written, over what lap 6 has left
//                       0       512      each begins at a multiple of 512, a sector
//
//   head      magic 4 │ CRC-32C 4 │ lap 4 │ salt 4 │ state 4
//   record    magic 4 │ CRC-32C 4 │ size 4 │ lap 4 │ salt 4 │ entries
//   entry     topic id 22 │ 2 │ partition 4 │ base offset 8 │ size 4 │ batches
//             size -1: the log was truncated to `base offset` here, which voids what stands before
//
// A record is of a lap when it carries the number and the salt of the file's head: what an earlier lap has left counts
// no more, and no client can send a batch that looks like a record. Checksums run from behind themselves to the end.

import { crc32c } from '../../protocol/records/crc32c.ts'

export const JOURNAL_FILES = ['.milena-journal-0', '.milena-journal-1'] as const

export const SECTOR_SIZE = 512
export const HEAD_SIZE = 20
export const RECORD_HEADER_SIZE = 20
export const TOPIC_ID_SIZE = 22
export const ENTRY_HEADER_SIZE = 40
export const TRUNCATION = -1

export const at = {
  MAGIC: 0,
  CRC: 4,
  /** Of a head. */
  LAP: 8,
  SALT: 12,
  STATE: 16,
  /** Of a record. */
  SIZE: 8,
  RECORD_LAP: 12,
  RECORD_SALT: 16,
  /** Of an entry. */
  PARTITION: 24,
  BASE_OFFSET: 28,
  ENTRY_SIZE: 36,
} as const

const HEAD_MAGIC = 0x4d4a4c31
export const RECORD_MAGIC = 0x4d4a5231
const IN_USE = 1
const VOID = 0

export interface JournalHead {
  readonly lap: number
  readonly salt: number
  /** False: a clean stop has come since, and the logs' own files have everything. */
  readonly isInUse: boolean
}

/** A sector. */
export function encodeHead({ lap, salt, isInUse }: JournalHead): Uint8Array {
  const bytes = new Uint8Array(SECTOR_SIZE)
  const view = new DataView(bytes.buffer)
  view.setUint32(at.MAGIC, HEAD_MAGIC)
  view.setUint32(at.LAP, lap)
  view.setUint32(at.SALT, salt)
  view.setUint32(at.STATE, isInUse ? IN_USE : VOID)
  view.setUint32(at.CRC, crc32c(bytes, at.LAP, HEAD_SIZE))
  return bytes
}

/** null: never used, or torn, and then nothing that was written behind it has been promised to anyone. */
export function decodeHead(bytes: Uint8Array): JournalHead | null {
  if (bytes.length < HEAD_SIZE) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getUint32(at.MAGIC) !== HEAD_MAGIC || view.getUint32(at.CRC) !== crc32c(bytes, at.LAP, HEAD_SIZE)) {
    return null
  }
  return { lap: view.getUint32(at.LAP), salt: view.getUint32(at.SALT), isInUse: view.getUint32(at.STATE) === IN_USE }
}

export function toSectors(size: number): number {
  return Math.ceil(size / SECTOR_SIZE) * SECTOR_SIZE
}
