// The offset checkpoints of a log directory, each a map in memory and a file that follows it.
//
//   map     version 7 ──change──► 8 ──change──► 9
//   file    ……… version 7 ────────── being written: 8 ──► written: 8        9 is due
//
// `write` is durable at return, for what an answer or a deletion waits for. `writeLater` leaves the waiting to the
// pool: a crash that finds an older high watermark or recovery point costs a little more scanning, nothing else. One
// that is overtaken by a `write` gives up before its rename: it would bring older lines back.
//
// A line must not outlive its log: a topic that is deleted and created again would begin where the dead one's
// DeleteRecords ended, and recovery would trust its recovery point. So names whose lines may still be in the file are
// remembered, and `settle` rewrites it before a new log gets such a name.

import { DiskError, type DiskFile } from '../../host/disk.ts'
import type { Host } from '../../host/host.ts'
import { checkpointText, type OffsetCheckpoint, readOffsetCheckpoint, replaceFile } from '../checkpoint.ts'
import { join, partitionDirectoryName } from '../file-names.ts'
import type { Log } from '../log/log.ts'
import { StorageFault } from '../storage-fault.ts'

/** Not that of replaceFile: both may be under way. */
const NEXT_SUFFIX = '.next'
const METADATA_TOPIC = '__cluster_metadata'

const encoder = new TextEncoder()

interface LaterWrite {
  readonly version: number
  isOvertaken: boolean
  readonly ended: Promise<void>
}

export class DirectoryCheckpoint {
  readonly #host: Host
  readonly #directory: string
  readonly #name: string
  /** null: no line. */
  readonly #offsetOf: (log: Log) => number | null
  readonly #offsets: OffsetCheckpoint
  /** False: the file was damaged at the start. */
  isSound = true
  #version = 1
  #writtenVersion = 0
  /** Directories of logs that are gone, with the first version that has no line of them. */
  readonly #dead = new Map<string, number>()
  #later: LaterWrite | null = null

  constructor(host: Host, directory: string, name: string, offsetOf: (log: Log) => number | null) {
    this.#host = host
    this.#directory = directory
    this.#name = name
    this.#offsetOf = offsetOf
    this.#offsets = this.#read()
  }

  /** A damaged checkpoint means: nothing is known. Then logs are scanned, and begin with their first segment. */
  #read(): OffsetCheckpoint {
    const { disk, logger } = this.#host
    try {
      return readOffsetCheckpoint(disk, join(this.#directory, this.#name))
    } catch (error) {
      if (!(error instanceof StorageFault)) throw error
      logger.warn('a checkpoint is not used', { path: error.path, reason: error.reason })
      this.isSound = false
      return new Map()
    }
  }

  offset(topic: string, partition: number): number {
    return this.#offsets.get(topic)?.get(partition) ?? 0
  }

  has(topic: string, partition: number): boolean {
    return this.#offsets.get(topic)?.has(partition) === true
  }

  /** Lines of logs whose directory is not there (removed, or deleted just before a crash) are no lines. */
  retain(hasDirectory: (name: string) => boolean): void {
    for (const [topic, partitions] of [...this.#offsets]) {
      for (const partition of [...partitions.keys()]) {
        if (!hasDirectory(partitionDirectoryName(topic, partition))) this.forget(topic, partition)
      }
    }
  }

  /** The log is gone. */
  forget(topic: string, partition: number): void {
    const partitions = this.#offsets.get(topic)
    // Also without a line here, the file may have one until it says what the map does.
    if (partitions?.delete(partition) !== true && this.#version === this.#writtenVersion) return
    if (partitions?.size === 0) this.#offsets.delete(topic)
    this.#version++
    this.#dead.set(partitionDirectoryName(topic, partition), this.#version)
  }

  /** A new log is about to get this name. Throws DiskError. */
  settle(name: string, logs: Iterable<Log>): void {
    if (this.#dead.has(name)) this.write(logs)
  }

  /** Durable at return, if there is anything to write. Throws DiskError. */
  write(logs: Iterable<Log>): void {
    this.#collect(logs)
    if (this.#version === this.#writtenVersion) return
    if (this.#later !== null) this.#later.isOvertaken = true
    replaceFile(this.#host.disk, this.#directory, this.#name, this.#text())
    this.#written(this.#version)
  }

  /** Nothing while the one before is under way: the next interval comes. */
  writeLater(logs: Iterable<Log>, onFailed: (error: DiskError) => void): void {
    if (this.#later !== null) return
    this.#collect(logs)
    if (this.#version === this.#writtenVersion) return
    let end = (): void => {}
    const ended = new Promise<void>((resolve) => {
      end = resolve
    })
    const later: LaterWrite = { version: this.#version, isOvertaken: false, ended }
    this.#later = later
    this.#replaceLater(later, encoder.encode(this.#text()), (error) => {
      this.#later = null
      if (error !== null) onFailed(error)
      else if (!later.isOvertaken) this.#written(later.version)
      end()
    })
  }

  /** After this no write is under way, and none will replace the file. */
  async stop(): Promise<void> {
    if (this.#later === null) return
    this.#later.isOvertaken = true
    await this.#later.ended
  }

  #collect(logs: Iterable<Log>): void {
    for (const log of logs) {
      if (setOffset(this.#offsets, log.topic, log.partition, this.#offsetOf(log))) this.#version++
    }
  }

  #text(): string {
    const lines: string[] = []
    for (const [topic, partitions] of this.#offsets) {
      if (topic === METADATA_TOPIC) continue
      for (const [partition, offset] of partitions) lines.push(`${topic} ${partition} ${offset}`)
    }
    return checkpointText(lines)
  }

  #written(version: number): void {
    this.#writtenVersion = version
    for (const [name, without] of this.#dead) if (without <= version) this.#dead.delete(name)
  }

  #replaceLater(later: LaterWrite, bytes: Uint8Array, done: (error: DiskError | null) => void): void {
    const { disk } = this.#host
    const path = join(this.#directory, this.#name)
    let file: DiskFile
    try {
      file = disk.open(path + NEXT_SUFFIX, 'write')
      file.truncate(0)
    } catch (error) {
      done(diskErrorOf(error))
      return
    }
    const written = (error: DiskError | null): void => {
      file.close()
      if (error !== null || later.isOvertaken) {
        done(error)
        return
      }
      try {
        disk.rename(path + NEXT_SUFFIX, path)
        disk.syncDirectoryLater(this.#directory, done)
      } catch (failure) {
        done(diskErrorOf(failure))
      }
    }
    file.write([bytes], 0, (error) => {
      if (error === null && !later.isOvertaken) file.sync(written)
      else written(error)
    })
  }
}

function diskErrorOf(error: unknown): DiskError {
  if (error instanceof DiskError) return error
  throw error
}

/** True when that changes something. null: no line. */
function setOffset(offsets: OffsetCheckpoint, topic: string, partition: number, offset: number | null): boolean {
  let partitions = offsets.get(topic)
  if (partitions === undefined) {
    if (offset === null) return false
    partitions = new Map()
    offsets.set(topic, partitions)
  }
  if (offset === null) return partitions.delete(partition)
  if (partitions.get(partition) === offset) return false
  partitions.set(partition, offset)
  return true
}
