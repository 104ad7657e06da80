// ConsumerGroupHeartbeat (68), v0–1. KIP-848: members of consumer groups join, learn their partitions, give up what they
// shall not have, and leave. v1: regular expressions, and member ids that clients make. Answered when the log has what it
// says.

import { consumerGroupHeartbeat as heartbeat } from '../../coordinator/group/consumer/requests.ts'
import { handler } from '../handler.ts'

export const consumerGroupHeartbeat = handler('ConsumerGroupHeartbeat', ({ groups }, request, context) =>
  heartbeat(groups, context, request),
)
