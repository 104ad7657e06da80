// StreamsGroupDescribe (89), v0–1. KIP-1071; the assignor, and a description of the topology for people (KIP-1331),
// which no plug-in keeps here, since v1.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { describeStreamsGroupError } from '../../coordinator/group/streams/describe.ts'
import { describeStreamsGroups } from '../../coordinator/group/streams/requests.ts'
import { withGroupOperations } from '../authorized-operations.ts'
import { handler } from '../handler.ts'
import { isGroupProtocolEnabled } from './protocol-enabled.ts'

export const streamsGroupDescribe = handler('StreamsGroupDescribe', async (services, request) => {
  const { groupIds, includeAuthorizedOperations, includeTopologyDescription } = request
  if (!isGroupProtocolEnabled(services, 'streams', 'streams.version')) {
    return { groups: groupIds.map((groupId) => describeStreamsGroupError(groupId, ErrorCode.UNSUPPORTED_VERSION)) }
  }
  const groups = await describeStreamsGroups(services.groups, groupIds, includeTopologyDescription)
  return { groups: withGroupOperations(groups, includeAuthorizedOperations) }
})
