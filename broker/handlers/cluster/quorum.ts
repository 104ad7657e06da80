// DescribeQuorum (55), v0–2; AddRaftVoter (80), v0–1; RemoveRaftVoter (81), v0; UnregisterController (94), v0. KIP-595,
// KIP-836 (timestamps), KIP-853 (voters), KIP-1312. Answered by the controller (controller/quorum-requests.ts): four
// ways to speak of the same quorum, and so one file.

import type { Fault } from '../../controller/decision.ts'
import { forwarded } from '../topics/controller-request.ts'

const unanswered = (_request: object, fault: Fault) => ({ throttleTimeMs: 0, ...fault })

export const describeQuorum = forwarded('DescribeQuorum', (_request, fault) => ({ ...fault, topics: [], nodes: [] }))
export const addRaftVoter = forwarded('AddRaftVoter', unanswered)
export const removeRaftVoter = forwarded('RemoveRaftVoter', unanswered)
export const unregisterController = forwarded('UnregisterController', unanswered)
