// partition.metadata: the topic id of the partition whose directory it lies in. Source: PartitionMetadataFile
// (KIP-516).
//
//   version: 0
//   topic_id: ePSQjlhTTsyjmeh43SPfJg

import type { Disk } from '../host/disk.ts'
import { readTextFile, writeFile } from './checkpoint.ts'
import { join, PARTITION_METADATA } from './file-names.ts'

/**
 * null: none was written, or not wholly (a crash right after the creation: nothing in the log has been acknowledged).
 */
export function readTopicId(disk: Disk, directory: string): string | null {
  const path = join(directory, PARTITION_METADATA)
  const text = readTextFile(disk, path)
  if (text === null) return null
  const found = /^version: 0\r?\ntopic_id: ([\w-]{22})\s*$/.exec(text)
  return found?.[1] ?? null
}

/**
 * Not synced: the first sync of the log takes it along, so that creating thousands of partitions does not wait for the
 * disk.
 */
export function writeTopicId(disk: Disk, directory: string, topicId: string): string {
  const path = join(directory, PARTITION_METADATA)
  writeFile(disk, path, `version: 0\ntopic_id: ${topicId}`)
  return path
}
