// UnregisterBroker (64), v0. KIP-500. Decided by the controller (controller/brokers.ts).

import { forwarded } from '../topics/controller-request.ts'

export const unregisterBroker = forwarded('UnregisterBroker', (_request, fault) => ({ throttleTimeMs: 0, ...fault }))
