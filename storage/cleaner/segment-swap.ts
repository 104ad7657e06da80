// A cleaned segment takes the place of those that it was made from, so that a crash at any moment leaves the one or the
// others, never both and never a part. Kafka's names: either broker completes what the other has begun (swap-files.ts).
//
//   1  written and synced        00.log.cleaned                00.log          40.log          a crash: .cleaned goes
//   2  renamed, names synced     00.log.swap                   00.log          40.log          a crash: .swap replaces
//   3  readers see the new one, in memory
//   4  the old ones set aside    00.log.swap     00.log.deleted  40.log.deleted
//   5  renamed, names synced     00.log
//   6  after file.delete.delay.ms                (the old ones removed)
//
// Before 4 ends for all of them, 5 must not happen: a segment beside one that covers its offsets is what nobody could
// tell from damage. A read under way keeps an old segment's file until it ends. Source: LocalLog.replaceSegments.

import { type Disk, DiskError } from '../../host/disk.ts'
import type { StorageEnvironment } from '../environment.ts'
import { CLEANED_SUFFIX, LOG_SUFFIX, SEGMENT_SUFFIXES, SWAP_SUFFIX } from '../file-names.ts'
import type { Log } from '../log/log.ts'
import type { Segment } from '../segment/segment.ts'
import { setSegmentAside } from '../segment/segment-files.ts'
import { syncFiles } from '../sync-files.ts'
import { CleaningAborted } from './pace.ts'

/** A reader keeps the new segment's file open. */
const RENAME_AGAIN_MS = 5

/** Throws DiskError or CleaningAborted while all is as it was before. */
export async function swapIn(
  environment: StorageEnvironment,
  log: Log,
  cleaned: Segment,
  old: readonly Segment[],
): Promise<void> {
  const { disk } = environment.host
  const { directory } = cleaned
  await sync(disk, cleaned)
  await syncNames(disk, directory)
  if (!isCurrent(log, old)) throw new CleaningAborted()
  rename(disk, cleaned, CLEANED_SUFFIX, SWAP_SUFFIX)
  await syncNames(disk, directory)
  if (!log.replaceSegments(cleaned, old)) throw new CleaningAborted()
  await Promise.all(old.map((segment) => setAside(environment, segment, log.config.fileDeleteDelayMs)))
  await syncNames(disk, directory)
  await whenClosed(environment, cleaned)
  if (cleaned.isReleased) return
  rename(disk, cleaned, SWAP_SUFFIX, '')
  await syncNames(disk, directory)
}

/** What an attempt has left behind that came to nothing. */
export function removeCleaned({ host }: StorageEnvironment, cleaned: Segment): void {
  cleaned.release(() => {
    try {
      // The log last of .swap: while it is there, a start takes the swap for complete.
      for (const suffix of SEGMENT_SUFFIXES.toReversed()) host.disk.remove(cleaned.path(suffix))
    } catch (error) {
      if (!(error instanceof DiskError)) throw error
      host.logger.warn('a cleaned segment that is not used stays', {
        path: cleaned.path(LOG_SUFFIX),
        error: error.message,
      })
    }
  })
}

function isCurrent({ segments, isCleanable }: Log, old: readonly Segment[]): boolean {
  const first = segments.indexOf(old[0]!)
  return isCleanable && first >= 0 && old.every((segment, index) => segments[first + index] === segment)
}

async function sync(disk: Disk, cleaned: Segment): Promise<void> {
  cleaned.flushIndexes(false)
  const paths = SEGMENT_SUFFIXES.map((suffix) => cleaned.path(suffix)).filter((path) => disk.exists(path))
  let failure: DiskError | null = null
  await syncFiles(disk, paths, (_path, error) => {
    failure ??= error
  })
  if (failure !== null) throw failure
}

/** Nobody reads it yet, or nobody has it open. */
function rename(disk: Disk, segment: Segment, from: string, to: string): void {
  segment.closeFile()
  const paths = SEGMENT_SUFFIXES.map((suffix) => segment.path(suffix)).filter((path) => disk.exists(path))
  for (const path of paths) disk.rename(path, path.slice(0, path.length - from.length) + to)
  segment.renamed(to)
}

function syncNames(disk: Disk, directory: string): Promise<void> {
  return new Promise((resolve, reject) => {
    disk.syncDirectoryLater(directory, (error) => {
      if (error !== null) reject(error)
      else resolve()
    })
  })
}

function setAside(environment: StorageEnvironment, segment: Segment, delayMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    segment.release(() => {
      try {
        setSegmentAside(environment, segment, delayMs)
        resolve()
      } catch (error) {
        reject(error)
      }
    })
  })
}

async function whenClosed({ host }: StorageEnvironment, segment: Segment): Promise<void> {
  while (!segment.isReleased && !segment.closeFile()) {
    await new Promise<void>((resolve) => host.timers.after(RENAME_AGAIN_MS, resolve))
  }
}
