// partition.metadata: the topic id of the partition whose directory it lies in. Source: PartitionMetadataFile (KIP-516).
//
//   version: 0
//   topic_id: ePSQjlhTTsyjmeh43SPfJg

import type { Disk } from '../host/disk.ts'
import { readTextFile, replaceFile } from './checkpoint.ts'
import { join, PARTITION_METADATA } from './file-names.ts'
import { StorageFault } from './storage-fault.ts'

/** null: none was written (a crash right after the creation). */
export function readTopicId(disk: Disk, directory: string): string | null {
  const path = join(directory, PARTITION_METADATA)
  const text = readTextFile(disk, path)
  if (text === null) return null
  const found = /^version: 0\r?\ntopic_id: ([\w-]{22})\s*$/.exec(text)
  if (found === null) throw new StorageFault(path, 'is not understood')
  return found[1]!
}

export function writeTopicId(disk: Disk, directory: string, topicId: string): void {
  replaceFile(disk, directory, PARTITION_METADATA, `version: 0\ntopic_id: ${topicId}`)
}
