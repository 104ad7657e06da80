// Creating and removing the files of segments. An open file is never renamed or removed (Windows): a segment with a
// read or sync under way goes when that is over.

import type { Disk } from '../host/disk.ts'
import type { StorageEnvironment } from './environment.ts'
import {
  DELETED_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  SNAPSHOT_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import { Segment } from './segment.ts'

const SUFFIXES = [LOG_SUFFIX, OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const

export function newSegment(environment: StorageEnvironment, directory: string, baseOffset: number): Segment {
  const segment = new Segment(environment, directory, baseOffset)
  segment.create()
  return segment
}

/** What must be synced with a segment that is not active any more. The snapshot at its end is the next one's. */
export function sideFiles(disk: Disk, segment: Segment, segments: readonly Segment[]): string[] {
  const paths = [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX].map((suffix) => segment.path(suffix))
  const next = segments[segments.indexOf(segment) + 1]
  if (next !== undefined) paths.push(next.path(SNAPSHOT_SUFFIX))
  return paths.filter((path) => disk.exists(path))
}

/**
 * At once and durably: truncation takes back what was appended, the names may be needed again, and must not come
 * back. A read or sync under way ends on a file without a name.
 */
export function removeSegments(environment: StorageEnvironment, segments: readonly Segment[]): void {
  const { disk } = environment.host
  for (const segment of segments) {
    segment.abandon()
    for (const suffix of SUFFIXES) disk.remove(segment.path(suffix))
  }
  if (segments.length > 0) disk.syncDirectory(segments[0]!.directory)
}

/** As Kafka: renamed now, so that a restart knows, and removed after file.delete.delay.ms. */
export function deleteSegments(environment: StorageEnvironment, segments: readonly Segment[], delayMs: number): void {
  const { disk, timers, logger } = environment.host
  for (const segment of segments) {
    segment.release(() => {
      const renamed: string[] = []
      for (const suffix of SUFFIXES) {
        const path = segment.path(suffix)
        if (!disk.exists(path)) continue
        disk.rename(path, path + DELETED_SUFFIX)
        renamed.push(path + DELETED_SUFFIX)
      }
      timers.after(delayMs, () => {
        try {
          for (const path of renamed) disk.remove(path)
        } catch (error) {
          // The next start removes what ends in .deleted.
          logger.warn('a deleted segment stays on disk', { path: segment.path(LOG_SUFFIX), error: String(error) })
        }
      })
    })
  }
}
