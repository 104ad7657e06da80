// ShareGroupDescribe (77), v1. KIP-932.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { describeShareGroupError } from '../../coordinator/group/share/describe.ts'
import { describeShareGroups } from '../../coordinator/group/share/requests.ts'
import { withGroupOperations } from '../authorized-operations.ts'
import { handler } from '../handler.ts'
import { hasShareGroups } from './enabled.ts'

export const shareGroupDescribe = handler('ShareGroupDescribe', async (services, request) => {
  if (!hasShareGroups(services)) {
    const refused = request.groupIds.map((id) => describeShareGroupError(id, ErrorCode.UNSUPPORTED_VERSION, null))
    return { groups: refused }
  }
  const groups = await describeShareGroups(services.groups, request.groupIds)
  return { groups: withGroupOperations(groups, request.includeAuthorizedOperations) }
})
