// ConsumerGroupHeartbeat (68), v0–1. KIP-848: members of consumer groups join, learn their partitions, give up what
// they shall not have, and leave. v1: regular expressions, and member ids that clients make. Answered when the log
// has what it says.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { heartbeatError } from '../../coordinator/group/consumer/heartbeat-answer.ts'
import { consumerGroupHeartbeat as heartbeat } from '../../coordinator/group/consumer/requests.ts'
import { handler } from '../handler.ts'
import { isGroupProtocolEnabled } from './protocol-enabled.ts'

export const consumerGroupHeartbeat = handler('ConsumerGroupHeartbeat', (services, request, context) => {
  if (!isGroupProtocolEnabled(services, 'consumer', 'group.version')) {
    return heartbeatError(ErrorCode.UNSUPPORTED_VERSION)
  }
  return heartbeat(services.groups, context, request)
})
