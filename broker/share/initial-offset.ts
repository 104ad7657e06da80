// Where a share group begins with a partition that it has no offset of: share.auto.offset.reset. What it begins at is
// kept with its first acknowledgement; until then a restart decides anew.

import type { Clock } from '../../host/host.ts'
import type { Log } from '../../storage/log/log.ts'
import type { ShareGroupSettings } from './share-group-settings.ts'

const BY_DURATION = 'by_duration:'

export function initialOffset(log: Log, settings: ShareGroupSettings, clock: Clock): number {
  const { autoOffsetReset, readCommitted } = settings
  const end = readCommitted ? log.lastStableOffset : log.highWatermark
  if (autoOffsetReset === 'earliest') return log.logStartOffset
  if (!autoOffsetReset.toLowerCase().startsWith(BY_DURATION)) return end
  const since = clock.now() - durationMs(autoOffsetReset.slice(BY_DURATION.length))
  const found = log.offsetForTimestamp(since)
  return found === null ? end : Math.min(found.offset, end)
}

/** Of ISO 8601 as Java's Duration reads it, positive: PnDTnHnMn.nS. */
export function durationMs(text: string): number {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text)
  if (found === null) return 0
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map((part) => Number(part ?? 0))
  return Math.floor((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000)
}
