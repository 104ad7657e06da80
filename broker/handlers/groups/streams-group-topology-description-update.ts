// StreamsGroupTopologyDescriptionUpdate (93), v0. KIP-1331: a member hands in a description of its topology for a
// plug-in, a Java class, that keeps it. There is none, and no member is asked: the answer is that of Apache Kafka
// without one.

import { ErrorCode } from '../../../protocol/error-codes.ts'
import { handler } from '../handler.ts'
import { isGroupProtocolEnabled } from './protocol-enabled.ts'

const NO_PLUGIN = {
  errorCode: ErrorCode.UNSUPPORTED_VERSION,
  errorMessage: 'The broker has no streams group topology description plugin configured.',
}

export const streamsGroupTopologyDescriptionUpdate = handler('StreamsGroupTopologyDescriptionUpdate', (services) => {
  if (isGroupProtocolEnabled(services, 'streams', 'streams.version')) return NO_PLUGIN
  return { errorCode: ErrorCode.UNSUPPORTED_VERSION, errorMessage: null }
})
