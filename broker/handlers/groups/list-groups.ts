// ListGroups (16), v0–5. KIP-518 (states, v4), KIP-848 (types, v5). The groups of this broker's own partitions.

import { handler } from '../handler.ts'

export const listGroups = handler('ListGroups', ({ groups }, request) => groups.listGroups(request))
