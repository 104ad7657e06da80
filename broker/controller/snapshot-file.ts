// Snapshots of the metadata log, as files beside it. Source: KIP-630, SnapshotPath, RecordsSnapshotWriter.
//
//   00000000000000001234-0000000005.checkpoint  the state of all records below offset 1234, the last of them of epoch 5
//
//   control batch  SnapshotHeader, KRaftVersion, KRaftVoters    offsets count from 0 and mean nothing
//   batches        the records of the image
//   control batch  SnapshotFooter                               a file without one was cut short
//
// Written aside under `.part` and renamed, so that a name without it stands for a whole snapshot.

import { type Disk, DiskError, type DiskFile } from '../../host/disk.ts'
import {
  KRaftVersionRecord,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
} from '../../protocol/messages/control-records.ts'
import { batchSize, isControl, viewOf } from '../../protocol/records/batch.ts'
import { buildBatch, type RecordInput } from '../../protocol/records/builder.ts'
import { controlRecord, controlTypeOf } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import { readFile } from '../../storage/checkpoint.ts'
import type { MetadataRecord } from '../metadata/records.ts'
import type { QuorumVoters, SnapshotId } from './quorum.ts'

const SUFFIX = '.checkpoint'
const PART_SUFFIX = '.part'
const NAME = /^(\d{20})-(\d{10})\.checkpoint$/
/** Records of one batch of a snapshot; a reader holds one batch at a time. */
const RECORDS_PER_BATCH = 1000
/** Larger is not a snapshot of metadata. */
const MAX_FILE_SIZE = 1024 * 1024 * 1024

export function snapshotFileName({ endOffset, epoch }: SnapshotId): string {
  return `${String(endOffset).padStart(20, '0')}-${String(epoch).padStart(10, '0')}${SUFFIX}`
}

/** By end offset. */
export function listSnapshots(disk: Disk, directory: string): SnapshotId[] {
  const found: SnapshotId[] = []
  for (const { name } of disk.list(directory)) {
    const match = NAME.exec(name)
    if (match !== null) found.push({ endOffset: Number(match[1]), epoch: Number(match[2]) })
  }
  return found.sort((left, right) => left.endOffset - right.endOffset || left.epoch - right.epoch)
}

export function voterRecords({ kraftVersion, voters }: QuorumVoters): RecordInput[] {
  return [
    controlRecord('kraftVersion', KRaftVersionRecord.encodeBytes({ version: 0, kraftVersion }, 0)),
    controlRecord('kraftVoters', VotersRecord.encodeBytes({ version: 0, voters }, 0)),
  ]
}

/** The whole snapshot as batches. `timestamp`: of the last record that is part of it. */
export function snapshotBatches(
  records: readonly MetadataRecord[],
  epoch: number,
  timestamp: number,
  now: number,
  voters: QuorumVoters | null,
): Uint8Array[] {
  const header = SnapshotHeaderRecord.encodeBytes({ version: 0, lastContainedLogTimestamp: BigInt(timestamp) }, 0)
  const options = { leaderEpoch: epoch, timestamp: now }
  const first = [controlRecord('snapshotHeader', header), ...(voters === null ? [] : voterRecords(voters))]
  const batches = [buildBatch({ ...options, baseOffset: 0, control: true, records: first })]
  let offset = first.length
  for (let index = 0; index < records.length; index += RECORDS_PER_BATCH) {
    const some = records.slice(index, index + RECORDS_PER_BATCH).map(({ bytes }) => ({ key: null, value: bytes }))
    batches.push(buildBatch({ ...options, baseOffset: offset, records: some }))
    offset += some.length
  }
  const footer = controlRecord('snapshotFooter', SnapshotFooterRecord.encodeBytes({ version: 0 }, 0))
  batches.push(buildBatch({ ...options, baseOffset: offset, control: true, records: [footer] }))
  return batches
}

/** Durable when `done` is called without an error; a part that failed is removed. */
export function writeSnapshotFile(
  disk: Disk,
  directory: string,
  id: SnapshotId,
  batches: readonly Uint8Array[],
  done: (error: DiskError | null) => void,
): void {
  const path = `${directory}/${snapshotFileName(id)}`
  const part = path + PART_SUFFIX
  const attempt = (step: () => void): DiskError | null => {
    try {
      step()
      return null
    } catch (error) {
      if (error instanceof DiskError) return error
      throw error
    }
  }
  let file: DiskFile | undefined
  const end = (error: DiskError | null) => {
    file?.close()
    const failed = error ?? attempt(() => disk.rename(part, path)) ?? attempt(() => disk.syncDirectory(directory))
    if (failed !== null) attempt(() => disk.remove(part))
    done(failed)
  }
  const failed = attempt(() => {
    file = disk.open(part, 'write')
    file.truncate(0)
  })
  const opened = file
  if (failed !== null || opened === undefined) end(failed)
  else {
    opened.write(batches, 0, (error) => {
      if (error !== null) end(error)
      else opened.sync(end)
    })
  }
}

/** null: there is none, or it is not whole. */
export function readSnapshotFile(disk: Disk, directory: string, id: SnapshotId): Uint8Array | null {
  const bytes = readFile(disk, `${directory}/${snapshotFileName(id)}`, MAX_FILE_SIZE)
  return bytes !== null && isWhole(bytes) ? bytes : null
}

function isWhole(bytes: Uint8Array): boolean {
  const view = viewOf(bytes)
  const cursor = new BatchCursor()
  cursor.reset(bytes, view, 0, bytes.length)
  let last = -1
  while (cursor.next()) {
    if (!cursor.verifyCrc()) return false
    last = cursor.position
  }
  if (cursor.fault !== null || last < 0 || !isControl(view, last)) return false
  return readBatch(bytes.subarray(last, last + batchSize(view, last)), viewOf(bytes.subarray(last)), 0).some(
    (record) => controlTypeOf(record.key) === 'snapshotFooter',
  )
}

export function removeSnapshotFile(disk: Disk, directory: string, id: SnapshotId): void {
  disk.remove(`${directory}/${snapshotFileName(id)}`)
}

/** What a crash left of a snapshot that was being written. */
export function removePartialSnapshots(disk: Disk, directory: string): void {
  for (const { name } of disk.list(directory)) {
    if (name.endsWith(SUFFIX + PART_SUFFIX)) disk.remove(`${directory}/${name}`)
  }
}
