// OffsetFetch (9), v1–10. KIP-88 (all topics, v2), KIP-447 (requireStable, v7), KIP-709 (several groups, v8), KIP-848
// (member epochs, v9, which classic groups do not have; topic ids, v10).

import { handler } from '../handler.ts'

export const offsetFetch = handler('OffsetFetch', ({ groups }, request, context) =>
  groups.fetchOffsets(context, request),
)
