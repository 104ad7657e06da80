// SyncGroup (14), v0–5. KIP-345 (static members, v3), KIP-559 (protocol type and name, which v5 must bring). Answered
// when the leader's assignment is in the log.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'

const PROTOCOL_SINCE = 5
const NOTHING = new Uint8Array(0)

export const syncGroup = handler('SyncGroup', ({ groups }, request, { apiVersion }) => {
  if (apiVersion >= PROTOCOL_SINCE && (request.protocolType === null || request.protocolName === null)) {
    return { errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL, assignment: NOTHING }
  }
  return groups.syncGroup(request)
})
