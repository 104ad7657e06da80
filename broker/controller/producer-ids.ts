// Blocks of producer ids, which brokers hand out one by one: no id is ever given twice. Source:
// ProducerIdControlManager.

import type { RequestOf, ResponseInputOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/error-codes.ts'
import { type ControllerState, type Decision, recordMaker } from './decision.ts'

const BLOCK_SIZE = 1000
const MAX_PRODUCER_ID = 0x7fff_ffff_ffff_ffffn

type Allocated = Decision<ResponseInputOf<'AllocateProducerIds'>>

export function allocateProducerIds(state: ControllerState, request: RequestOf<'AllocateProducerIds'>): Allocated {
  const { image } = state
  const { brokerId, brokerEpoch } = request
  const refuse = (errorCode: ErrorCode): Allocated => ({
    records: [],
    answer: { throttleTimeMs: 0, errorCode, producerIdStart: 0n, producerIdLen: 0 },
  })
  const broker = image.brokers.get(brokerId)
  if (broker === undefined) return refuse(ErrorCode.BROKER_ID_NOT_REGISTERED)
  if (broker.epoch !== brokerEpoch) return refuse(ErrorCode.STALE_BROKER_EPOCH)
  const start = image.nextProducerId
  if (start > MAX_PRODUCER_ID - BigInt(BLOCK_SIZE)) return refuse(ErrorCode.UNKNOWN_SERVER_ERROR)
  const record = recordMaker(image)('ProducerIdsRecord', {
    brokerId,
    brokerEpoch,
    nextProducerId: start + BigInt(BLOCK_SIZE),
  })
  const answer = { throttleTimeMs: 0, errorCode: ErrorCode.NONE, producerIdStart: start, producerIdLen: BLOCK_SIZE }
  return { records: [record], answer }
}
