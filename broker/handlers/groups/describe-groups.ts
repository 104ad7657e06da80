// DescribeGroups (15), v0–6. KIP-430 (authorized operations, v3), KIP-345 (static members, v4), KIP-1043
// (GROUP_ID_NOT_FOUND, v6).

import { withGroupOperations } from '../authorized-operations.ts'
import { handler } from '../handler.ts'

export const describeGroups = handler('DescribeGroups', async (services, request, context) => {
  const groups = await services.groups.describeGroups(context, request.groups)
  return { groups: withGroupOperations(groups, request.includeAuthorizedOperations) }
})
