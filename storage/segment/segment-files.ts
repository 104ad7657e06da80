// Creating and removing the files of segments. An open file is never renamed or removed (Windows): a segment with a
// read or sync under way goes when that is over.

import { type Disk, DiskError } from '../../host/disk.ts'
import type { StorageEnvironment } from '../environment.ts'
import {
  DELETED_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  SEGMENT_SUFFIXES,
  SNAPSHOT_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from '../file-names.ts'
import { Segment } from './segment.ts'

export function newSegment(
  environment: StorageEnvironment,
  directory: string,
  baseOffset: number,
  nameSuffix = '',
): Segment {
  const segment = new Segment(environment, directory, baseOffset, nameSuffix)
  try {
    segment.create()
  } catch (error) {
    // Its file may be open, and nobody knows of it.
    segment.abandon()
    throw error
  }
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
    for (const suffix of SEGMENT_SUFFIXES) disk.remove(segment.path(suffix))
  }
  if (segments.length > 0) disk.syncDirectory(segments[0]!.directory)
}

/**
 * As Kafka: renamed now, so that a restart knows, and removed after file.delete.delay.ms; oldest first. `isStartKept`
 * false: no checkpoint says that the log begins after them. Then each is gone for good before the next one goes, and
 * where one cannot go the rest stays; none of them may have a read under way.
 */
export function deleteSegments(
  environment: StorageEnvironment,
  segments: readonly Segment[],
  delayMs: number,
  isStartKept: boolean,
): void {
  const { disk, logger } = environment.host
  let hasFailed = false
  for (const segment of segments) {
    segment.release(() => {
      const path = segment.path(LOG_SUFFIX)
      try {
        const renamed = hasFailed && !isStartKept ? [] : renameFiles(disk, segment)
        if (!isStartKept) disk.syncDirectory(segment.directory)
        removeLater(environment, renamed, delayMs)
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        // The next start sees it below the log start offset, or as the log's first, and retention meets it again.
        logger.warn('a segment that has expired stays on disk', { path, error: error.message })
        hasFailed = true
      }
    })
  }
}

/** A cleaned segment has taken its place. It has been released. Throws DiskError. */
export function setSegmentAside(environment: StorageEnvironment, segment: Segment, delayMs: number): void {
  removeLater(environment, renameFiles(environment.host.disk, segment), delayMs)
}

function renameFiles(disk: Disk, segment: Segment): string[] {
  const renamed: string[] = []
  for (const suffix of SEGMENT_SUFFIXES) {
    const path = segment.path(suffix)
    if (!disk.exists(path)) continue
    disk.rename(path, path + DELETED_SUFFIX)
    renamed.push(path + DELETED_SUFFIX)
  }
  return renamed
}

function removeLater({ host, removals }: StorageEnvironment, paths: readonly string[], delayMs: number): void {
  host.timers.after(delayMs, () => {
    // Should one stay, the next start removes what ends in .deleted.
    for (const path of paths) removals.add({ path, isDirectory: false, what: 'a deleted segment' })
  })
}
