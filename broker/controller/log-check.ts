// Looks at the metadata log before it is opened. Opening cuts a log at the first batch that is not sound. That is right
// for a tail that a crash has torn, and would empty the cluster when a bit has flipped in front of sound records:
// without their topics all partitions are set aside. So here the two are told apart, and damage is a fault that the
// operator must decide about.
//
//   batch │ batch │ bat                 torn: the end did not reach the disk
//   batch │ batch │ ✗ 0000              torn: a sector of it did not
//   batch │ batch │ ✗ 0000 │ batch      torn: the disk wrote the next one first
//   batch │ batch │ ✗ │                 damage: all of it was written, and has changed since
//   batch │ ✗ 0000 │ LeaderChange       damage: whoever began that epoch had recovered the log, and synced it
//   batch │ ✗ 0000 │ batch    snapshot of a later offset beside it: damage, for what a snapshot holds was committed
//   ✗ anywhere after a clean stop       damage: all was synced

import type { Disk } from '../../host/disk.ts'
import { batchBaseOffset, batchSize, isControl, verifyCrc, viewOf } from '../../protocol/records/batch.ts'
import { BATCH_LENGTH, LOG_OVERHEAD, MAGIC, RECORDS } from '../../protocol/records/layout.ts'
import { LOG_SUFFIX, offsetOfFileName } from '../../storage/file-names.ts'
import { SegmentScanner } from '../../storage/segment/segment-scanner.ts'
import { StorageFault } from '../../storage/storage-fault.ts'
import { listSnapshots } from './snapshot-file.ts'

/** What a disk writes as one, at least. */
const SECTOR_SIZE = 512
const OFFSET_SIZE = 8

export interface LogCheck {
  readonly cleanShutdown: boolean
  /** What lies below is not needed: an older snapshot than the newest holds it. */
  readonly logStartOffset: number
  /** What lies below was committed: the newest snapshot holds it. */
  readonly committedOffset: number
}

interface SegmentFile {
  readonly path: string
  readonly baseOffset: number
}

interface Fault {
  readonly reason: string
  readonly position: number
  /** Of the first record that cannot be read. */
  readonly offset: number
  /** `changed`: no write that did not reach the disk looks so; `short`: the file's end may not have reached it. */
  readonly kind: 'changed' | 'short' | 'other'
}

/** Whether there is anything of it: what the storage tool writes before the first start is none. */
export function hasMetadataLog(disk: Disk, directory: string): boolean {
  if (!disk.exists(directory)) return false
  if (listSnapshots(disk, directory).some(({ endOffset }) => endOffset > 0)) return true
  return segmentFiles(disk, directory, 0).some((segment) => fileSize(disk, segment) > 0)
}

/** @throws StorageFault when records that were committed cannot be read. */
export function checkMetadataLog(disk: Disk, directory: string, check: LogCheck): void {
  const segments = segmentFiles(disk, directory, check.logStartOffset)
  let next = segments[0]?.baseOffset ?? 0
  for (const [index, segment] of segments.entries()) {
    const bytesBefore = index === 0 ? 0 : fileSize(disk, segments[index - 1]!)
    if (segment.baseOffset !== next) {
      const reason = `ends at offset ${next}, and the next segment begins at ${segment.baseOffset}`
      const fault = { reason, position: bytesBefore, offset: next, kind: 'short' } as const
      judge(disk, segments.slice(index - 1), fault, check)
      return
    }
    const result = scan(disk, segment)
    if (typeof result !== 'number') {
      judge(disk, segments.slice(index), result, check)
      return
    }
    next = result
  }
}

/** `segments`: from the one with the fault on. */
function judge(disk: Disk, segments: readonly SegmentFile[], fault: Fault, check: LogCheck): void {
  const [segment, ...later] = segments
  const { path } = segment!
  const bytes = readFrom(disk, path)
  const view = viewOf(bytes)
  const here = nextSound(bytes, view, fault.position, fault.offset)
  const follows = here !== null || later.some((one) => firstSound(disk, one, fault.offset) !== null)
  const wasCommitted =
    check.cleanShutdown || (follows && (fault.offset < check.committedOffset || hasLeaderChange(disk, segments, fault)))
  const isTorn =
    (fault.kind === 'short' && here === null && !isWholeButForSize(bytes, fault.position)) ||
    (fault.kind !== 'changed' && isLostWrite(bytes, fault.position, here ?? bytes.length, fault.offset))
  if (isTorn && !wasCommitted) return
  const where = follows ? 'before sound ones' : 'though it was written'
  const found = `${fault.reason}, at position ${fault.position}, ${where}`
  const cut = `truncate -s ${fault.position} ${path}${later.length > 0 ? ', and move the later .log files away' : ''}`
  const what = `give up what was decided from offset ${fault.offset} on (topics, settings) with: ${cut}`
  throw new StorageFault(path, `is damaged: it ${found}; restore the file from a copy, or ${what}`)
}

function segmentFiles(disk: Disk, directory: string, logStartOffset: number): SegmentFile[] {
  const all = disk
    .list(directory)
    .map(({ name }) => ({ path: `${directory}/${name}`, baseOffset: offsetOfFileName(name, LOG_SUFFIX) }))
    .filter(({ baseOffset }) => baseOffset >= 0)
    .sort((left, right) => left.baseOffset - right.baseOffset)
  const first = all.findLastIndex(({ baseOffset }) => baseOffset <= logStartOffset)
  return all.slice(Math.max(0, first))
}

/** The offset behind its last batch, or the first fault. */
function scan(disk: Disk, { path, baseOffset: start }: SegmentFile): number | Fault {
  const file = disk.open(path, 'read')
  const scanner = new SegmentScanner(file, 0, file.size(), true)
  try {
    let offset = start
    while (scanner.next()) {
      const { position, baseOffset } = scanner
      if (!scanner.verifyCrc()) {
        return { reason: 'has a batch whose checksum does not match', position, offset, kind: 'other' }
      }
      if (baseOffset !== offset) {
        // The checksum does not cover the offset. What was not written is zeros, so a smaller one may be a torn write.
        const reason = `has offset ${baseOffset} where ${offset} belongs`
        return { reason, position, offset, kind: baseOffset > offset ? 'changed' : 'other' }
      }
      offset = scanner.lastOffset + 1
    }
    const { fault, position } = scanner
    if (fault === null) return offset
    const kind = fault === 'truncated' ? 'short' : 'other'
    return { reason: `has no whole batch (${fault})`, position, offset, kind }
  } finally {
    scanner.close()
    file.close()
  }
}

function readFrom(disk: Disk, path: string): Uint8Array {
  const file = disk.open(path, 'read')
  try {
    const bytes = new Uint8Array(file.size())
    return bytes.subarray(0, file.readSync(bytes, 0))
  } finally {
    file.close()
  }
}

function fileSize(disk: Disk, { path }: SegmentFile): number {
  const file = disk.open(path, 'read')
  const size = file.size()
  file.close()
  return size
}

/** Where the next sound batch begins behind `position`, with records from `offset` on; its frame need not be known. */
function nextSound(bytes: Uint8Array, view: DataView, position: number, offset: number): number | null {
  for (let at = position; at + RECORDS <= bytes.length; at++) if (isSound(bytes, view, at, offset)) return at
  return null
}

function isSound(bytes: Uint8Array, view: DataView, at: number, offset: number): boolean {
  if (bytes[at + MAGIC] !== 2) return false
  const size = batchSize(view, at)
  if (size < RECORDS || at + size > bytes.length) return false
  return batchBaseOffset(view, at) > offset && verifyCrc(bytes, view, at)
}

/** A batch up to the end of the file, whose size says something else. */
function isWholeButForSize(bytes: Uint8Array, position: number): boolean {
  const batch = bytes.slice(position)
  if (batch.length < RECORDS) return false
  const view = viewOf(batch)
  view.setInt32(BATCH_LENGTH, batch.length - LOG_OVERHEAD)
  return verifyCrc(batch, view, 0)
}

function firstSound(disk: Disk, { path }: SegmentFile, offset: number): number | null {
  const bytes = readFrom(disk, path)
  return nextSound(bytes, viewOf(bytes), 0, offset)
}

/** Whether a leadership has begun behind the fault. */
function hasLeaderChange(disk: Disk, segments: readonly SegmentFile[], fault: Fault): boolean {
  return segments.some(({ path }, index) => {
    const bytes = readFrom(disk, path)
    const view = viewOf(bytes)
    let at = nextSound(bytes, view, index === 0 ? fault.position : 0, fault.offset)
    while (at !== null) {
      if (isControl(view, at)) return true
      at = nextSound(bytes, view, at + batchSize(view, at), fault.offset)
    }
    return false
  })
}

/**
 * Whether something between `from` and `to` never reached the disk: a whole sector of zeros, or zeros from where the
 * batch at `offset` was to begin up to the sector's end.
 */
function isLostWrite(bytes: Uint8Array, from: number, to: number, offset: number): boolean {
  let start = from
  while (start < to) {
    const end = Math.min(start - (start % SECTOR_SIZE) + SECTOR_SIZE, to)
    const size = end - start
    const isWhole = end % SECTOR_SIZE === 0 || end === bytes.length
    // The first bytes of a batch are zeros anyway: the high ones of its offset.
    const isTelling = start > from || size > OFFSET_SIZE || offset >= 2 ** (8 * (OFFSET_SIZE - size))
    if (isWhole && isTelling && bytes.subarray(start, end).every((byte) => byte === 0)) return true
    start = end
  }
  return false
}
