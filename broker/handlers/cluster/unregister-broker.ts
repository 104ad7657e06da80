// UnregisterBroker (64), v0. KIP-500. Decided by the controller (controller/brokers.ts).

import { forwarded, TIMED_OUT } from '../topics/controller-request.ts'

export const unregisterBroker = forwarded('UnregisterBroker', () => ({ throttleTimeMs: 0, ...TIMED_OUT }))
