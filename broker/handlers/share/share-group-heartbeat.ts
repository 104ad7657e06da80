// ShareGroupHeartbeat (76), v1. KIP-932: members of share groups join, learn their partitions, and leave. Answered when
// the log has what it says; a member that is the first to name a topic learns its partitions at once, and not with its
// next heartbeat as in Apache Kafka.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { shareHeartbeatError } from '../../coordinator/group/share/heartbeat-answer.ts'
import { shareGroupHeartbeat as heartbeat } from '../../coordinator/group/share/requests.ts'
import { handler } from '../handler.ts'
import { hasShareGroups } from './enabled.ts'

export const shareGroupHeartbeat = handler('ShareGroupHeartbeat', (services, request, context) => {
  if (!hasShareGroups(services)) return shareHeartbeatError(ErrorCode.UNSUPPORTED_VERSION).answer
  return heartbeat(services.groups, services.shareState, context, request)
})
