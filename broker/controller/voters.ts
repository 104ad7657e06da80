// The voters of the quorum as control records state them (KIP-853); kept so that snapshots state them again.

import { KRaftVersionRecord, VotersRecord } from '../../protocol/messages/control-records.ts'
import { isControl, viewOf } from '../../protocol/records/batch.ts'
import { controlTypeOf } from '../../protocol/records/control.ts'
import { BatchCursor } from '../../protocol/records/cursor.ts'
import { readBatch } from '../../protocol/records/record.ts'
import type { QuorumVoters } from './quorum.ts'

/** The last that the batches state; null when they state none. */
export function readVoters(parts: readonly Uint8Array[]): QuorumVoters | null {
  let kraftVersion = 0
  let voters: QuorumVoters['voters'] | null = null
  const cursor = new BatchCursor()
  for (const bytes of parts) {
    const view = viewOf(bytes)
    cursor.reset(bytes, view, 0, bytes.length)
    while (cursor.next()) {
      if (!isControl(view, cursor.position)) continue
      for (const { key, value } of readBatch(bytes, view, cursor.position)) {
        if (value === null) continue
        const type = controlTypeOf(key)
        if (type === 'kraftVersion') kraftVersion = KRaftVersionRecord.decode(value, 0).kraftVersion
        else if (type === 'kraftVoters') voters = VotersRecord.decode(value, 0).voters
      }
    }
  }
  return voters === null ? null : { kraftVersion, voters }
}
