// ProducerSnapshot: a `.snapshot` file, the state of idempotent and transactional producers at an offset.

import { array, type Infer, int16, int32, int64, record, uint32, versions } from '../../schema.ts'

export const ProducerEntry = {
  producerId: int64(),
  epoch: int16(),
  lastSequence: int32(),
  lastOffset: int64(),
  offsetDelta: int32(),
  timestamp: int64(),
  coordinatorEpoch: int32(),
  currentTxnFirstOffset: int64(),
}

export const ProducerSnapshot = record('ProducerSnapshot', -1, versions(1, 1), {
  crc: uint32(),
  producerEntries: array(ProducerEntry),
})
export type ProducerSnapshot = Infer<typeof ProducerSnapshot>
