// Segments that go into one cleaned segment together, so that what compaction makes small does not stay many: next to
// each other, and none of size, indexes and range of offsets beyond what a segment may have. Source:
// Cleaner.groupSegmentsBySize.

import type { LogConfig } from '../log/log-config.ts'
import { OFFSET_INDEX_ENTRY_SIZE } from '../segment/offset-index.ts'
import type { Segment } from '../segment/segment.ts'
import { TIME_INDEX_ENTRY_SIZE } from '../segment/time-index.ts'

const MAX_OFFSET_RANGE = 0x7fffffff

/** `endOffset`: where the last of the segments ends, at most. */
export function groupSegments(segments: readonly Segment[], config: LogConfig, endOffset: number): Segment[][] {
  const groups: Segment[][] = []
  let group: Segment[] = []
  let size = 0
  let indexSize = 0
  let timeIndexSize = 0
  for (const [index, segment] of segments.entries()) {
    const lastOffset = (segments[index + 1]?.baseOffset ?? endOffset) - 1
    size += segment.size
    indexSize += segment.indexes.offset.count * OFFSET_INDEX_ENTRY_SIZE
    timeIndexSize += segment.indexes.time.count * TIME_INDEX_ENTRY_SIZE
    const fits =
      size <= config.segmentBytes &&
      indexSize <= config.segmentIndexBytes &&
      timeIndexSize <= config.segmentIndexBytes &&
      (segment.size === 0 || lastOffset - (group[0] ?? segment).baseOffset <= MAX_OFFSET_RANGE)
    if (group.length > 0 && fits) {
      group.push(segment)
      continue
    }
    group = [segment]
    groups.push(group)
    size = segment.size
    indexSize = segment.indexes.offset.count * OFFSET_INDEX_ENTRY_SIZE
    timeIndexSize = segment.indexes.time.count * TIME_INDEX_ENTRY_SIZE
  }
  return groups
}
