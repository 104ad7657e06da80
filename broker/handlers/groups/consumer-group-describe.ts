// ConsumerGroupDescribe (69), v0–1. KIP-848; which protocol a member speaks since v1 (KIP-1099).

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { describeConsumerGroupError } from '../../coordinator/group/consumer/describe.ts'
import { describeConsumerGroups } from '../../coordinator/group/consumer/requests.ts'
import { withGroupOperations } from '../authorized-operations.ts'
import { handler } from '../handler.ts'
import { isGroupProtocolEnabled } from './protocol-enabled.ts'

export const consumerGroupDescribe = handler('ConsumerGroupDescribe', async (services, request) => {
  if (!isGroupProtocolEnabled(services, 'consumer', 'group.version')) {
    const refuse = (groupId: string) => describeConsumerGroupError(groupId, ErrorCode.UNSUPPORTED_VERSION)
    return { groups: request.groupIds.map(refuse) }
  }
  const groups = await describeConsumerGroups(services.groups, request.groupIds)
  return { groups: withGroupOperations(groups, request.includeAuthorizedOperations) }
})
