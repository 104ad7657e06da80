// DescribeQuorum (55), v0–2; AddRaftVoter (80), v0–1; RemoveRaftVoter (81), v0; UnregisterController (94), v0. KIP-595,
// KIP-836 (timestamps), KIP-853 (voters), KIP-1312. Answered by the controller (controller/quorum-requests.ts): four
// ways to speak of the same quorum, and so one file.

import { forwarded, TIMED_OUT } from '../topics/controller-request.ts'

const timedOut = () => ({ throttleTimeMs: 0, ...TIMED_OUT })

export const describeQuorum = forwarded('DescribeQuorum', () => ({ ...TIMED_OUT, topics: [], nodes: [] }))
export const addRaftVoter = forwarded('AddRaftVoter', timedOut)
export const removeRaftVoter = forwarded('RemoveRaftVoter', timedOut)
export const unregisterController = forwarded('UnregisterController', timedOut)
