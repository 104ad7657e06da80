// FindCoordinator (10), v0–6. KIP-699 (several keys, v4), KIP-890 (v5), KIP-932 (share groups, v6).

import { handler } from '../handler.ts'

export const findCoordinator = handler('FindCoordinator', ({ coordinators }, request, { apiVersion, listener }) =>
  coordinators.find(request, apiVersion, listener),
)
