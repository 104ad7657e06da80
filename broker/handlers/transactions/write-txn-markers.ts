// WriteTxnMarkers (27), v1–2. KIP-98, KIP-664 (tools that end hanging transactions); v2: by whose rules a marker is.
//
// What coordinators send to leaders. Answered when the markers are committed.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import type { WriteTxnMarkersRequest } from '../../../protocol/messages/transactions/write-txn-markers.ts'
import { NO_PRODUCER_EPOCH, NO_PRODUCER_ID } from '../../../protocol/records/layout.ts'
import type { Services } from '../../services.ts'
import { handler } from '../handler.ts'

export const writeTxnMarkers = handler('WriteTxnMarkers', async (services, { markers }) => ({
  markers: await Promise.all(markers.map((marker) => write(services, marker))),
}))

async function write({ markers }: Services, wanted: WriteTxnMarkersRequest['markers'][number]) {
  const { producerId, producerEpoch, coordinatorEpoch, transactionResult, transactionVersion } = wanted
  const marker = { producerId, producerEpoch, coordinatorEpoch, committed: transactionResult, transactionVersion }
  const isNobody = producerId === NO_PRODUCER_ID || producerEpoch === NO_PRODUCER_EPOCH
  const topics = await Promise.all(
    wanted.topics.map(async ({ name, partitionIndexes }) => ({
      name,
      partitions: await Promise.all(
        partitionIndexes.map(async (partitionIndex) => ({
          partitionIndex,
          errorCode: isNobody ? ErrorCode.UNKNOWN_SERVER_ERROR : await markers.write(marker, name, partitionIndex),
        })),
      ),
    })),
  )
  return { producerId, topics }
}
