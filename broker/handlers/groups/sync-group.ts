// SyncGroup (14), v0–5. KIP-345 (static members, v3), KIP-559 (protocol type and name, v5). Answered when the leader's
// assignment is in the log.

import { handler } from '../handler.ts'

export const syncGroup = handler('SyncGroup', ({ groups }, request) => groups.syncGroup(request))
