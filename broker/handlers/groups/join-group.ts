// JoinGroup (11), v0–9. KIP-62 (rebalance timeout, v1), KIP-394 (member ids, v4), KIP-345 (static members, v5), KIP-559
// (protocol type and name, v7), KIP-800 (reasons, v8), KIP-814 (skipAssignment, v9). Answered when the generation
// begins.

import { handler } from '../handler.ts'

export const joinGroup = handler('JoinGroup', ({ groups }, request, context) => groups.joinGroup(context, request))
