// partition.metadata: the topic id of the partition whose directory it lies in. Source: PartitionMetadataFile
// (KIP-516).
//
//   version: 0
//   topic_id: ePSQjlhTTsyjmeh43SPfJg

import type { Disk } from '../../host/disk.ts'
import { readTextFile, writeFile } from '../checkpoint.ts'
import { join, LOG_SUFFIX, PARTITION_METADATA } from '../file-names.ts'

export function topicIdText(topicId: string): string {
  return `version: 0\ntopic_id: ${topicId}`
}

/**
 * null: none was written, or not wholly: a crash right after the creation. The journal has what is durable of the log.
 */
export function readTopicId(disk: Disk, directory: string): string | null {
  const path = join(directory, PARTITION_METADATA)
  const text = readTextFile(disk, path)
  if (text === null) return null
  const found = /^version: 0\r?\ntopic_id: ([\w-]{22})\s*$/.exec(text)
  return found?.[1] ?? null
}

/**
 * Whether the log in a directory is one of the topic. Without an id it is, if it was ever synced, since the id was with
 * it; before that its records are in the journal, and those here may be what a crash has left of another topic.
 */
export function isOfTopic(disk: Disk, directory: string, topicId: string, wasSynced: boolean): boolean {
  const found = readTopicId(disk, directory)
  if (found !== null || wasSynced) return found === null || found === topicId
  return disk.list(directory).every(({ name }) => !name.endsWith(LOG_SUFFIX) || isEmpty(disk, join(directory, name)))
}

function isEmpty(disk: Disk, path: string): boolean {
  const file = disk.open(path, 'read')
  try {
    return file.size() === 0
  } finally {
    file.close()
  }
}

/**
 * Not synced: the first sync of the log takes it along, so that creating thousands of partitions does not wait for the
 * disk.
 */
export function writeTopicId(disk: Disk, directory: string, topicId: string): void {
  const path = join(directory, PARTITION_METADATA)
  try {
    writeFile(disk, path, topicIdText(topicId))
  } catch (error) {
    // On a full disk: half of it, after a clean stop, would be taken for all, and never written anew.
    disk.remove(path)
    throw error
  }
}
