// A data directory of Apache Kafka 4.4.0 (test/oracle), for tests: its files, and what Kafka's own client reads from
// it.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import type { Disk } from '../../host/disk.ts'

export type ExpectedRecord = [offset: number, timestamp: number, key: string | null, value: string | null]

export interface ExpectedPartition {
  readonly partition: number
  readonly beginningOffset: number
  readonly endOffset: number
  readonly read_uncommitted: readonly ExpectedRecord[]
  readonly read_committed: readonly ExpectedRecord[]
}

export interface ExpectedTopic {
  readonly name: string
  readonly id: string
  readonly partitions: readonly ExpectedPartition[]
}

const oracle = (name: string): Buffer => readFileSync(new URL(`../oracle/${name}`, import.meta.url))

export function expectedTopics(): readonly ExpectedTopic[] {
  const parsed: { topics: readonly ExpectedTopic[] } = JSON.parse(
    gunzipSync(oracle('kafka-data-4.4.0.expected.json.gz')).toString('utf8'),
  )
  return parsed.topics
}

/** Every file of the directory by its path in it. The archive is of the ustar format: blocks of 512 bytes. */
export function kafkaFiles(archive = 'kafka-data-4.4.0.tar.gz'): Map<string, Uint8Array> {
  const tar = gunzipSync(oracle(archive))
  const files = new Map<string, Uint8Array>()
  const text = (start: number, length: number): string =>
    tar.toString('latin1', start, start + length).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    const name = [text(at + 345, 155), text(at, 100)].filter((part) => part !== '').join('/')
    const isFile = tar[at + 156] === 0x30 || tar[at + 156] === 0
    if (isFile) files.set(name.replace(/^\.\//, ''), tar.subarray(at + 512, at + 512 + size))
    at += 512 + Math.ceil(size / 512) * 512
  }
  return files
}

export function install(disk: Disk, root: string, files: ReadonlyMap<string, Uint8Array>): void {
  for (const [name, bytes] of files) {
    const path = `${root}/${name}`
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')))
    const file = disk.open(path, 'write')
    // Zeros need no writing: preallocated indexes of 10 MiB.
    if (bytes.some((byte) => byte !== 0)) file.writeSync([bytes], 0)
    else file.truncate(bytes.length)
    file.syncSync()
    file.close()
  }
}

/** As the expectation has them: long values by their hash. */
export function shownValue(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null
  const text = new TextDecoder().decode(bytes)
  if (text.length <= 64) return text
  return `sha256:${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`
}
