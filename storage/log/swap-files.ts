// Completes or forgets what a compaction or a deletion had under way when the broker stopped, before the segments are
// loaded. Source: LogLoader.removeTempFilesAndCollectSwapFiles.
//
//   ….deleted    removed
//   ….cleaned    the cleaner had not finished writing: removed, and with it .swap files from the lowest such offset on
//   ….swap       finished: replaces the segments whose offsets it covers, then loses its suffix. An index without its
//                log either comes after it (its name is free: the old one has gone), or is what is left of an attempt
//                that came to nothing, and then the index that is there is the log's
//
// What is replaced is gone for good before a name is given to what replaces it: a segment beside one that covers its
// offsets is what nobody could tell from damage.

import type { StorageEnvironment } from '../environment.ts'
import { CLEANED_SUFFIX, DELETED_SUFFIX, join, LOG_SUFFIX, leadingOffset, SWAP_SUFFIX } from '../file-names.ts'
import { SegmentScanner } from '../segment/segment-scanner.ts'

/** The names of the files that are left. */
export function completeSwaps(environment: StorageEnvironment, directory: string): string[] {
  const { disk, logger } = environment.host
  const names = disk.list(directory).flatMap((entry) => (entry.isDirectory ? [] : [entry.name]))
  // Snapshots of the metadata log have names of their own, and the quorum looks after them.
  const isOurs = (name: string): boolean => !name.includes('.checkpoint')
  const temporary = names.filter((name) => isOurs(name) && /\.(deleted|cleaned|swap)$/.test(name))
  if (temporary.length === 0) return names
  const cleaned = temporary.filter((name) => name.endsWith(CLEANED_SUFFIX)).map(leadingOffset)
  const lowestCleaned = Math.min(...cleaned, Number.POSITIVE_INFINITY)
  const swaps: string[] = []
  for (const name of temporary) {
    if (name.endsWith(SWAP_SUFFIX) && leadingOffset(name) < lowestCleaned) swaps.push(name)
    else disk.remove(join(directory, name))
  }
  const lasting = names.filter((name) => !temporary.includes(name))
  const logs = swaps.filter((swap) => swap.endsWith(LOG_SUFFIX + SWAP_SUFFIX))
  for (const name of logs) {
    const low = leadingOffset(name)
    // At least the one whose name it takes: of a segment that has become empty too.
    const high = Math.max(low + 1, nextOffset(environment, join(directory, name)))
    for (const other of lasting) {
      const offset = leadingOffset(other)
      if (offset >= low && offset < high) disk.remove(join(directory, other))
    }
  }
  if (logs.length > 0) disk.syncDirectory(directory)
  const hasLog = (swap: string): boolean => logs.some((name) => leadingOffset(name) === leadingOffset(swap))
  for (const swap of swaps) {
    const name = swap.slice(0, -SWAP_SUFFIX.length)
    if (hasLog(swap) || !lasting.includes(name)) disk.rename(join(directory, swap), join(directory, name))
    else disk.remove(join(directory, swap))
  }
  logger.info('unfinished work on segments completed', { log: directory, files: temporary.join(',') })
  disk.syncDirectory(directory)
  return disk
    .list(directory)
    .flatMap((entry) => (entry.isDirectory || entry.name.endsWith(DELETED_SUFFIX) ? [] : [entry.name]))
}

function nextOffset(environment: StorageEnvironment, path: string): number {
  const file = environment.host.disk.open(path, 'read')
  const scanner = new SegmentScanner(file, 0, file.size())
  let next = leadingOffset(path.slice(path.lastIndexOf('/') + 1))
  while (scanner.next()) next = scanner.lastOffset + 1
  scanner.close()
  file.close()
  return next
}
