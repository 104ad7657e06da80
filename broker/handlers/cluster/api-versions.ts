// ApiVersions (18), v0–5. KIP-35, KIP-511 (client software), KIP-584 (features), KIP-1242 (cluster id and node id).
//
// The list is the handler table: what has no handler is not advertised. Produce is listed from version 0, though
// versions 0–2 are not served, because librdkafka before 2.11 takes their absence for an old broker and stops
// compressing (KAFKA-18659). Versions below 4 leave out features whose lowest level is 0 (KAFKA-17011).

import { apis } from '../../../protocol/apis.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { FEATURES } from '../../metadata/features.ts'
import { handler } from '../handler.ts'

const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const ZERO_FEATURES_SINCE = 4

export const apiVersions = handler('ApiVersions', (services, request, context) => {
  const { apiVersion } = context
  if (apiVersion >= 3 && !(SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion))) {
    return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] }
  }
  const { clusterId, nodeId } = request
  if ((clusterId === null) !== (nodeId === -1)) return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] }
  const isOurs = clusterId === null || (clusterId === services.clusterId && nodeId === services.nodeId)
  // Kafka's controllers do not look at it.
  if (!isOurs && context.listener !== services.controllerListener?.name) {
    return { errorCode: ErrorCode.REBOOTSTRAP_REQUIRED, apiKeys: [] }
  }
  const apiKeys = services.servedApis.map(({ apiKey, minVersion, maxVersion }) => ({
    apiKey,
    minVersion: apiKey === apis.Produce.key ? 0 : minVersion,
    maxVersion,
  }))
  const { image } = services.metadata
  return {
    errorCode: ErrorCode.NONE,
    apiKeys,
    supportedFeatures: FEATURES.filter(({ min }) => min > 0 || apiVersion >= ZERO_FEATURES_SINCE).map(
      ({ name, min, max }) => ({ name, minVersion: min, maxVersion: max }),
    ),
    finalizedFeaturesEpoch: BigInt(image.offset),
    finalizedFeatures: Array.from(image.features, ([name, level]) => ({
      name,
      maxVersionLevel: level,
      minVersionLevel: level,
    })),
  }
})
