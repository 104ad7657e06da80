// DescribeGroups (15), v0–6. KIP-430 (authorized operations, v3), KIP-345 (static members, v4), KIP-1043
// (GROUP_ID_NOT_FOUND, v6).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'
import { ALL_GROUP_OPERATIONS } from './authorized-operations.ts'

export const describeGroups = handler('DescribeGroups', async (services, request, context) => {
  const groups = await services.groups.describeGroups(context, request.groups)
  if (!request.includeAuthorizedOperations) return { groups }
  const authorize = (group: (typeof groups)[number]): (typeof groups)[number] =>
    group.errorCode === ErrorCode.NONE ? { ...group, authorizedOperations: ALL_GROUP_OPERATIONS } : group
  return { groups: groups.map(authorize) }
})
