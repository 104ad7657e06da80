// Kafka's text checkpoints: a version, the number of entries, one entry a line.
//
//   0
//   2
//   orders 0 1200          topic, partition, offset   (recovery point, log start offset, high watermark)
//   orders 1 900
//
// A reader finds either the old file or the new one: written aside, synced, renamed, the directory synced.
// Source: CheckpointFile, OffsetCheckpointFile, LeaderEpochCheckpointFile.

import type { Disk } from '../host/disk.ts'
import { StorageFault } from './storage-fault.ts'

const VERSION = 0
export const TMP_SUFFIX = '.tmp'
/** Larger is not a checkpoint: 200,000 partitions with names of 250 bytes. */
const MAX_FILE_SIZE = 64 * 1024 * 1024

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** null: there is no such file. */
export function readFile(disk: Disk, path: string, maxSize: number = MAX_FILE_SIZE): Uint8Array | null {
  if (!disk.exists(path)) return null
  const file = disk.open(path, 'read')
  try {
    const size = file.size()
    if (size > maxSize) throw new StorageFault(path, `has ${size} bytes, more than the ${maxSize} expected at most`)
    const bytes = new Uint8Array(size)
    const readSize = file.readSync(bytes, 0)
    return readSize === size ? bytes : bytes.subarray(0, readSize)
  } finally {
    file.close()
  }
}

export function readTextFile(disk: Disk, path: string): string | null {
  const bytes = readFile(disk, path)
  return bytes === null ? null : decoder.decode(bytes)
}

/** Not synced. */
export function writeFile(disk: Disk, path: string, content: Uint8Array | string, sync = false): void {
  const file = disk.open(path, 'write')
  try {
    const bytes = typeof content === 'string' ? encoder.encode(content) : content
    // ext4 starts to write a file to the device at its close once it has been cut to nothing, be it that it was empty:
    // 40 µs, for each of thousands of partitions.
    if (file.size() > 0) file.truncate(0)
    if (bytes.length > 0) file.writeSync([bytes], 0)
    if (sync) file.syncSync()
  } finally {
    file.close()
  }
}

/** Durable at return, and never half there. */
export function replaceFile(disk: Disk, directory: string, name: string, content: Uint8Array | string): void {
  const path = `${directory}/${name}`
  writeFile(disk, path + TMP_SUFFIX, content, true)
  disk.rename(path + TMP_SUFFIX, path)
  disk.syncDirectory(directory)
}

/** Lines of a checkpoint, null when there is no file. Throws StorageFault where the file is not one. */
export function readCheckpoint(disk: Disk, path: string): string[] | null {
  const text = readTextFile(disk, path)
  if (text === null) return null
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  const version = Number(lines[0])
  const count = Number(lines[1])
  if (lines.length < 2 || version !== VERSION) throw new StorageFault(path, `is not a checkpoint of version ${VERSION}`)
  if (count !== lines.length - 2) throw new StorageFault(path, `states ${lines[1]} entries and has ${lines.length - 2}`)
  return lines.slice(2)
}

export function checkpointText(lines: readonly string[]): string {
  return lines.length === 0 ? `${VERSION}\n0\n` : `${VERSION}\n${lines.length}\n${lines.join('\n')}\n`
}

/** Offsets by topic, then partition. */
export type OffsetCheckpoint = Map<string, Map<number, number>>

export function readOffsetCheckpoint(disk: Disk, path: string): OffsetCheckpoint {
  const offsets: OffsetCheckpoint = new Map()
  for (const line of readCheckpoint(disk, path) ?? []) {
    const fields = line.split(' ')
    const partition = Number(fields[1])
    const offset = Number(fields[2])
    if (fields.length !== 3 || !Number.isSafeInteger(partition) || !Number.isSafeInteger(offset)) {
      throw new StorageFault(path, `has the line '${line}'`)
    }
    const topic = fields[0]!
    let partitions = offsets.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      offsets.set(topic, partitions)
    }
    partitions.set(partition, offset)
  }
  return offsets
}
