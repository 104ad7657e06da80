// ShareGroupHeartbeat (76), v1. KIP-932: members of share groups join, learn their partitions, and leave. Answered when
// the log has what it says; a member that is the first to name a topic learns its partitions at once, and not with its
// next heartbeat as in Apache Kafka.

import { shareGroupHeartbeat as heartbeat } from '../../coordinator/group/share/share-requests.ts'
import { handler } from '../handler.ts'

export const shareGroupHeartbeat = handler('ShareGroupHeartbeat', ({ groups, shareState }, request, context) =>
  heartbeat(groups, shareState, context, request),
)
