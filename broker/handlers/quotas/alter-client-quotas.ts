// AlterClientQuotas (49), v0–1. KIP-546, KIP-612 (addresses). Decided by the controller (controller/client-quotas.ts).

import { forwarded } from '../topics/controller-request.ts'

export const alterClientQuotas = forwarded('AlterClientQuotas', ({ entries }, fault) => ({
  throttleTimeMs: 0,
  entries: entries.map(({ entity }) => ({ ...fault, entity })),
}))
