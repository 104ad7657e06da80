// Why an acknowledgement is not taken, in Kafka's words.

import { ErrorCode } from '../../protocol/error-codes.ts'

export interface AcknowledgeFault {
  readonly errorCode: number
  readonly errorMessage: string
}

const invalidState = (errorMessage: string): AcknowledgeFault => {
  return { errorCode: ErrorCode.INVALID_RECORD_STATE, errorMessage }
}
const invalidRequest = (errorMessage: string): AcknowledgeFault => {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
}

export const NOT_FOUND = invalidState('Batch record not found. The request batch offsets are not found in the cache.')
export const FIRST_PAST = invalidRequest(
  'Batch record not found. The first offset in request is past acquired records.',
)
export const LAST_PAST = invalidRequest('Batch record not found. The last offset in request is past acquired records.')
export const NOT_ACQUIRED = invalidState('The batch cannot be acknowledged. The batch is not in the acquired state.')
export const OFFSET_NOT_ACQUIRED = invalidState('The offset cannot be acknowledged. The offset is not acquired.')
export const NOT_OWNER = invalidState('Member is not the owner of batch record')
export const NOT_OWNER_OF_OFFSET = invalidState('Member is not the owner of offset')
export const IS_PENDING = invalidState(
  'The record state is invalid. The acknowledgement of delivery could not be completed.',
)
export const NO_RENEWAL = invalidState('Renewing acquisition locks is not enabled for the group.')
