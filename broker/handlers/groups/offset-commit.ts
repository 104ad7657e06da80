// OffsetCommit (8), v2–10. KIP-320 (leader epochs, v6), KIP-345 (static members, v7), KIP-848 (GROUP_ID_NOT_FOUND, v9;
// topic ids, v10). Answered when the offsets are durable.

import { handler } from '../handler.ts'

export const offsetCommit = handler('OffsetCommit', ({ groups }, request, context) =>
  groups.commitOffsets(context, request),
)
