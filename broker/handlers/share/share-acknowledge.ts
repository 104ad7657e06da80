// ShareAcknowledge (79), v1–2. KIP-932; KIP-1222 (renewal, v2). Acknowledgements without a fetch; with epoch -1 the
// session ends, and what the member still has is released. The answer waits until all of it is durable.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { FINAL_EPOCH, INITIAL_EPOCH } from '../../replication/session-epochs.ts'
import { deferredHandler, NOT_THROTTLED } from '../handler.ts'
import { acknowledgeAll, isMemberId, RENEWAL_SINCE } from './acknowledgements.ts'
import { byTopic, NO_LEADER, nameLeaders } from './answer.ts'
import { hasShareGroups } from './enabled.ts'

export const shareAcknowledge = deferredHandler('ShareAcknowledge', (services, request, call) => {
  const { shares } = services
  const { groupId, memberId, shareSessionEpoch: epoch } = request
  const refuse = (errorCode: number) => {
    call.answer({
      throttleTimeMs: NOT_THROTTLED,
      errorCode,
      errorMessage: null,
      acquisitionLockTimeoutMs: 0,
      responses: [],
      nodeEndpoints: [],
    })
  }
  if (!hasShareGroups(services)) return refuse(ErrorCode.UNSUPPORTED_VERSION)
  if (groupId === null || !isMemberId(memberId)) return refuse(ErrorCode.INVALID_REQUEST)
  if (epoch === INITIAL_EPOCH) return refuse(ErrorCode.INVALID_SHARE_SESSION_EPOCH)
  const session = shares.sessions.resolve(groupId, memberId, epoch)
  if (typeof session === 'number') return refuse(session)
  const options = { mayRenew: call.apiVersion >= RENEWAL_SINCE, isRenewal: request.isRenewAck }
  acknowledgeAll(services, shares, session, request.topics, options, (answers) => {
    if (epoch === FINAL_EPOCH) shares.sessions.close(session)
    const told = answers.map((one) => ({ ...one, currentLeader: NO_LEADER }))
    const nodeEndpoints = nameLeaders(services, call.listener, told)
    call.answer({
      throttleTimeMs: NOT_THROTTLED,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      acquisitionLockTimeoutMs: shares.settingsOf(groupId).lockDurationMs,
      responses: byTopic(told),
      nodeEndpoints,
    })
  })
})
